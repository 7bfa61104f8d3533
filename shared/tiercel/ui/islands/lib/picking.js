// A dialogue with a field and what it finds: one of them is chosen by the arrows and Enter, or by the mouse.
import { h } from "./dom.js";

/**
 * Open one, unless one is open.
 * @param {{name: string, hint: string, typed: (text: string, show: (items: object[]) => void) => void, closed?: () => void}} how
 *   `typed` is called at once and on each change, and shows `{kind, text, more?, href?, run?}`: `run` is called, else the page is left
 */
export function pick({ name, hint, typed, closed }) {
  if (document.querySelector("dialog.i-palette")) return;
  let [items, chosen] = [[], 0];
  const list = h("ul", { role: "listbox", id: "i-palette-list", "aria-label": "Found" });
  const field = h("input", { type: "search", class: "i-input", placeholder: hint, "aria-label": name, role: "combobox", "aria-expanded": "true", "aria-controls": "i-palette-list", autocomplete: "off" });
  const dialog = h("dialog", { class: "i-dialog i-palette", "aria-label": name }, field, list);
  const show = (found) => {
    items = found;
    list.replaceChildren(...items.map((each, place) => h("li", { role: "option", id: `i-palette-${place}`, on: { click: (event) => go(place, event), pointermove: () => choose(place) } },
      h("span", { class: "i-palette-kind" }, each.kind), h("span", {}, each.text), each.more ? h("span", { class: "i-muted" }, each.more) : null)));
    choose(0);
  };
  const choose = (place) => {
    chosen = Math.max(0, Math.min(items.length - 1, place));
    [...list.children].forEach((each, number) => each.setAttribute("aria-selected", number === chosen));
    field.setAttribute("aria-activedescendant", `i-palette-${chosen}`);
    list.children[chosen]?.scrollIntoView({ block: "nearest" });
  };
  const go = (place, event) => {
    const item = items[place];
    if (!item) return;
    dialog.close();
    if (item.run) item.run();
    else if (event.ctrlKey || event.metaKey) window.open(item.href, "_blank", "noopener");
    else location.assign(item.href);
  };
  field.addEventListener("input", () => typed(field.value.trim(), show));
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") choose(chosen + 1);
    else if (event.key === "ArrowUp") choose(chosen - 1);
    else if (event.key === "Enter") go(chosen, event);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => {
    closed?.();
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();
  typed("", show);
}
