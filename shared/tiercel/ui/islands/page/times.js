// Times of a page in the reader's zone and form, durations that count up.
import { duration, moment, relative } from "../lib/format.js";
import { onSetting } from "../lib/settings.js";

function show(inside) {
  for (const element of inside.querySelectorAll("[data-time]")) {
    const iso = element.dataset.time;
    const exact = moment(iso);
    element.title = `${exact} (${relative(iso)}, ${iso})`;
    element.textContent = element.hasAttribute("data-relative") ? relative(iso) : exact;
  }
}

function count() {
  if (document.visibilityState === "hidden") return;
  for (const element of document.querySelectorAll("[data-since]")) element.textContent = duration(Date.now() - Date.parse(element.dataset.since));
}

export function times(document) {
  show(document);
  count();
  setInterval(count, 1000);
  setInterval(() => document.visibilityState !== "hidden" && document.querySelector("[data-relative]") && show(document), 30_000);
  document.addEventListener("htmx:afterSettle", ({ target }) => (show(target), count()));
  onSetting((name) => ["timezone", "dateFormat", "lang"].includes(name) && show(document));
}
