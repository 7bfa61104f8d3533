// The menu of a node.
import { executionPage, flowPage, page } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { lastPart } from "../lib/format.js";
import { nameOf, typeOf } from "./model.js";

/** Return what a node's menu offers: `[{text, href} | {text, run}]`. */
export function choices(box, island) {
  const { options, run } = island;
  const [name, type, found] = [nameOf(box), typeOf(box), []];
  if (box.kind === "flow") return [{ text: "Open the flow", href: flowPage(box.node.namespace, box.node.id) }];
  const state = island.standing(name, box);
  if (state && run) {
    found.push({ text: "Its log", href: `${executionPage(run, "logs")}?taskRunId=${encodeURIComponent(state.run.id)}` });
    found.push({ text: "Its outputs", href: `${executionPage(run, "outputs")}?task=${encodeURIComponent(name)}` });
    found.push({ text: "In the gantt", href: executionPage(run, "gantt") });
  }
  const [namespace, flow] = [options.namespace ?? run?.namespace, options.flow ?? run?.flowId];
  if (namespace && flow && box.kind !== "trigger") found.push({ text: "Edit the task", href: `${flowPage(namespace, flow, "edit")}?task=${encodeURIComponent(name)}` });
  if (namespace && flow && box.kind === "trigger") found.push({ text: "The triggers", href: flowPage(namespace, flow, "triggers") });
  if (type) found.push({ text: `Documentation of ${lastPart(type)}`, href: page(["plugins", type]) });
  if (box.kind === "subflow" || box.node?.task?.flowId) {
    found.push({ text: island.expanded.has(box.id) ? "Fold the subflow" : "Show the subflow here", run: () => island.expand(box.id) });
    const { namespace: space = namespace, flowId } = box.node?.task ?? {};
    if (flowId && !String(flowId).includes("{{")) found.push({ text: "Open the subflow", href: flowPage(space, flowId) });
  }
  if (options.onTask) found.unshift({ text: "Go to its lines", run: () => options.onTask(name) });
  return found;
}

/** Show a menu at a place of the window; it closes by Esc, by a click elsewhere, and gives the focus back. */
export function showMenu(title, items, x, y, back) {
  document.querySelector(".i-menu")?.close?.();
  const close = () => {
    removeEventListener("pointerdown", away, true);
    menu.remove();
    back?.focus?.();
  };
  const away = (event) => !menu.contains(event.target) && close();
  const entries = items.map(({ text, href, run }) =>
    href ? h("a", { role: "menuitem", href }, text) : h("button", { role: "menuitem", type: "button", on: { click: () => (close(), run()) } }, text));
  const menu = h("div", { class: "i-menu", role: "menu", "aria-label": title, on: { keydown: keys } }, h("header", {}, title), entries);
  function keys(event) {
    const place = entries.indexOf(document.activeElement);
    if (event.key === "Escape") close();
    else if (event.key === "ArrowDown") entries[(place + 1) % entries.length]?.focus();
    else if (event.key === "ArrowUp") entries[(place - 1 + entries.length) % entries.length]?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
  document.body.append(menu);
  menu.close = close;
  const { offsetWidth, offsetHeight } = menu;
  menu.style.left = `${Math.max(4, Math.min(x, innerWidth - offsetWidth - 4))}px`;
  menu.style.top = `${Math.max(4, Math.min(y, innerHeight - offsetHeight - 4))}px`;
  addEventListener("pointerdown", away, true);
  entries[0]?.focus();
  return close;
}
