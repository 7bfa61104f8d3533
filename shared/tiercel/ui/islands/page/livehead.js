// The head of an execution's page: its state and duration as they are now.
import { badge } from "../lib/badge.js";
import { announce } from "../lib/dom.js";
import { duration } from "../lib/format.js";
import { isOver } from "../lib/states.js";

export function liveHead(document) {
  let last = "";
  document.addEventListener("tiercel:execution", ({ detail: { state } }) => {
    for (const element of document.querySelectorAll("[data-live-state]")) {
      if (element.dataset.liveState === state.current) continue;
      element.dataset.liveState = state.current;
      element.replaceChildren(badge(state.current));
    }
    for (const element of document.querySelectorAll("[data-live-duration]")) {
      const began = Date.parse(state.startDate);
      delete element.dataset.since;
      if (isOver(state.current)) element.textContent = duration(Date.parse(state.endDate ?? state.histories.at(-1).date) - began);
      else element.dataset.since = state.startDate;
    }
    if (last && last !== state.current) announce(`The execution is now ${state.current}`);
    last = state.current;
  });
}
