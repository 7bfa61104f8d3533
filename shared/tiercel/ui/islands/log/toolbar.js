// What stands above the lines of a log.
import { button, debounced, h } from "../lib/dom.js";
import { setting } from "../lib/settings.js";
import { LEVELS } from "../lib/states.js";

/** Return the toolbar of a log island. */
export function toolbar(log) {
  const search = debounced((text) => log.setQuery(text), 350);
  const level = h("select", { class: "i-select", "aria-label": "Lowest level", on: { change: (event) => log.setLevel(event.target.value) } },
    LEVELS.map((each) => h("option", { value: each, selected: each === log.level }, each)));
  const field = h("input", {
    type: "search", class: "i-input", placeholder: "Search the log", "aria-label": "Search the log", value: log.q,
    on: { input: (event) => search(event.target.value) },
  });
  const timely = { data: { timely: "" } }; // means lines in the order of their times
  const followed = pressed("Follow", true, (on) => log.setFollowing(on), timely);
  const wrapped = pressed("Wrap", log.wrap, (on) => log.setWrap(on));
  const divided = log.divides && pressed("By task", setting("logDisplay") === "taskruns", (on) => log.setByTask(on));
  const file = h("a", { class: "i-button", href: log.file || null, download: true, hidden: !log.file }, "Download");
  file.addEventListener("click", () => file.setAttribute("href", log.file)); // as the level stands now
  const element = h("div", { class: "i-toolbar", role: "toolbar", "aria-label": "Log" },
    level, field,
    button("First", () => log.reload("beginning"), { title: "The first lines", ...timely }),
    button("↑ Error", () => log.jump(-1), { title: "Previous error", "aria-label": "Previous error", ...timely }),
    button("↓ Error", () => log.jump(1), { title: "Next error", "aria-label": "Next error", ...timely }),
    followed, wrapped, divided || null,
    button("Copy", () => log.copy(), { title: "Copy the lines that are loaded", ...timely }), file,
    log.options.execution ? button("Delete", () => log.remove(), { title: "Delete lines, of an execution that has ended" }) : null);
  const keys = (event) => {
    if ((event.key === "f" && (event.ctrlKey || event.metaKey)) || event.key === "F3") {
      if (event.target.closest?.(".cm-editor, dialog")) return;
      event.preventDefault();
      field.focus();
      field.select();
    }
  };
  document.addEventListener("keydown", keys);
  return {
    element,
    following: (on) => followed.setAttribute("aria-pressed", on),
    destroy() {
      search.cancel();
      document.removeEventListener("keydown", keys);
    },
  };
}

function pressed(text, on, changed, given = {}) {
  const made = button(text, () => {
    const now = made.getAttribute("aria-pressed") !== "true";
    made.setAttribute("aria-pressed", now);
    changed(now);
  }, { "aria-pressed": String(on), ...given });
  return made;
}
