// A menu at a place of the window.
import { h } from "./dom.js";

/**
 * Show a menu; it closes by Esc, by a click elsewhere, and gives the focus back.
 * @param {string} title
 * @param {({text: string, href: string} | {text: string, run: () => void})[]} items
 * @param {number} x @param {number} y where in the window
 * @param {HTMLElement} [back] what gets the focus back
 */
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
  const menu = h("div", { class: "i-menu", role: "menu", "aria-label": title, on: { keydown: keys } }, h("header", { "aria-hidden": "true" }, title), entries);
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
