// Parts of a page that are asked for again: `[data-refresh]` elements get the event `tiercel:refresh`, which htmx hears.
//
// Promise: nothing is asked for while the page is out of sight or somebody works in the part; less often while nothing changes.
import { setting } from "../lib/settings.js";

const [SLOWEST, TURN] = [6, 500]; // times the interval; milliseconds between two changes of one execution

export function refreshing(document) {
  let [slower, last] = [1, ""];
  const writes = (part) => part.contains(document.activeElement) && document.activeElement.matches("input:not([type=checkbox]), textarea, select, [contenteditable]");
  const busy = (part) => writes(part) || part.querySelector("input[name=id]:checked, details.drop[open], :popover-open");
  /** Ask for the parts of a kind: "" for all that are asked for by the clock, "execution" or "state" for what has changed. */
  const ask = (kind) => {
    const live = document.querySelector(".i-live");
    for (const part of document.querySelectorAll("[data-refresh]")) {
      const own = part.dataset.refresh;
      const meant = kind ? own === kind : own === "" || (own === "execution" && !live);
      if (meant && !busy(part)) part.dispatchEvent(new CustomEvent("tiercel:refresh"));
    }
  };
  const turn = () => {
    const seconds = Math.max(3, Number(setting("autoRefreshInterval")) || 10);
    setTimeout(() => {
      if (document.visibilityState === "visible" && setting("autoRefresh") === "true") ask("");
      turn();
    }, seconds * 1000 * slower);
  };
  turn();
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    const part = detail.elt?.closest?.("[data-refresh]");
    if (!part) return;
    const same = detail.xhr.status === 304 || detail.xhr.responseText === last;
    last = detail.xhr.responseText;
    slower = same ? Math.min(SLOWEST, slower + 1) : 1;
  });
  document.addEventListener("click", ({ target }) => {
    if (!target.closest?.("[data-ask-again]")) return;
    slower = 1;
    for (const part of document.querySelectorAll("[data-refresh]")) part.dispatchEvent(new CustomEvent("tiercel:refresh"));
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible") return;
    slower = 1;
    if (setting("autoRefresh") === "true") ask("");
  });
  let waiting = 0;
  const changed = () => {
    waiting ||= setTimeout(() => {
      waiting = 0;
      ask("execution");
    }, TURN);
  };
  let [version, state] = ["", document.querySelector("[data-live-state]")?.dataset.liveState ?? ""]; // as the server has drawn it
  document.addEventListener("tiercel:execution", ({ detail }) => {
    const now = `${detail.id} ${detail.state.histories.length} ${detail.taskRunList?.length} ${detail.taskRunList?.at(-1)?.state.current}`;
    if (version && version !== now) changed();
    version = now;
    if (state && state !== detail.state.current) ask("state");
    state = detail.state.current;
  });
  document.addEventListener("tiercel:ended", changed);
}
