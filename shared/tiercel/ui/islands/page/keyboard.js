// Keys (section 4 of the specification of the pages). Letters alone are only keys while nobody writes.
import { pages } from "../lib/api.js";
import { h } from "../lib/dom.js";

const PLACES = { f: "flows", e: "executions", l: "logs", d: "dashboards", n: "namespaces", t: "admin/triggers", p: "plugins", s: "settings" };
const HELP = [
  ["Ctrl K", "search everything"], ["Ctrl S", "save"], ["Ctrl E", "execute"], ["Ctrl Enter", "confirm"], ["Ctrl Space", "completion in the editor"],
  ["Ctrl F, F3", "search in the editor or the log"], ["F1", "commands of the editor"], ["F10", "fold long texts in the editor"], ["Esc", "close"],
  ["g f, g e, g l, g d", "go to flows, executions, logs, dashboard"], ["j, k, Enter", "next row, previous row, open it"], ["?", "this list"],
];

const READ = [["Plugins", "/ui/plugins"], ["Example flows", "/ui/blueprints"], ["REST API", "/api"], ["First steps", "/ui/welcome"]];

const writes = (element) => element?.closest?.("input, textarea, select, [contenteditable], .cm-editor");
const press = (action) => {
  const open = document.querySelector("dialog[open]") ?? document;
  const found = [...open.querySelectorAll(`[data-action="${action}"]`)].find((each) => !each.disabled && each.checkVisibility());
  found?.click();
  return Boolean(found);
};

export function keyboard(document) {
  document.addEventListener("click", ({ target }) => target.closest("[data-open-help]") && help());
  let went = 0;
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented) return;
    const control = event.ctrlKey || event.metaKey;
    if (control && !event.altKey && !event.shiftKey) {
      const action = { s: "save", e: "execute", Enter: "confirm" }[event.key];
      if (action && (press(action) || action === "save")) event.preventDefault();
      return;
    }
    if (control || event.altKey || writes(event.target) || document.querySelector("dialog[open]")) return;
    if (Date.now() - went < 1200 && PLACES[event.key]) location.assign(`${pages()}/${PLACES[event.key]}`);
    else if (event.key === "g") return void (went = Date.now());
    else if (event.key === "?") help();
    else if (event.key === "j" || event.key === "k") move(event.key === "j" ? 1 : -1);
    else return;
    went = 0;
    event.preventDefault();
  });
}

function move(step) {
  const rows = [...document.querySelectorAll("[data-list] [data-row]")].filter((row) => row.offsetParent);
  const now = rows.findIndex((row) => row.contains(document.activeElement));
  const next = rows[Math.min(rows.length - 1, Math.max(0, now + step))];
  (next?.querySelector("a[href]") ?? next)?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

function help() {
  const rows = HELP.map(([keys, what]) => h("tr", {}, h("th", { scope: "row" }, h("kbd", {}, keys)), h("td", {}, what)));
  const dialog = h("dialog", { class: "i-dialog", "aria-label": "Keys", on: { close: () => dialog.remove() } }, h("h2", {}, "Keys"), h("table", {}, rows),
    h("p", { class: "row" }, READ.map(([text, place]) => h("a", { href: place }, text))),
    h("form", { method: "dialog" }, h("button", { class: "i-button" }, "Close")));
  document.body.append(dialog);
  dialog.showModal();
}
