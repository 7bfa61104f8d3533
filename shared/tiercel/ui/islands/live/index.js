// The mark that says whether the page shows what is: live, reconnecting, ended.
import { button, h } from "../lib/dom.js";
import { follow } from "../lib/live.js";

const TEXTS = {
  live: ["Live", ""],
  connecting: ["Connecting", ""],
  reconnecting: ["Reconnecting", "The connection was lost; what is shown may be old."],
  polling: ["Live, every 3 s", "Streams do not come through here; the page asks every three seconds."],
  waiting: ["Live, every 3 s", "The execution waits; the page asks every three seconds."],
  ended: ["Ended", "The execution has ended."],
  paused: ["Paused", "The page was out of sight."],
  gone: ["Gone", "There is no such execution any more."],
};

/** @param {HTMLElement} element @param {{execution: string, settled?: object}} options `settled` as in `follow` */
export function mount(element, { execution, settled }) {
  const mark = h("span", { class: "i-live", role: "status" });
  const again = button("Refresh", () => live.refresh(), { class: "i-link" });
  element.append(mark, again);
  const live = follow(execution, {
    onMark(name) {
      const [text, title] = TEXTS[name];
      mark.textContent = text;
      mark.title = title;
      mark.dataset.mark = name;
      again.hidden = !["ended", "reconnecting"].includes(name);
    },
    onRun() {},
  }, settled);
  return { unmount: () => live.leave() };
}
