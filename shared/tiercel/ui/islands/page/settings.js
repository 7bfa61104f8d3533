// Controls that show and keep a setting of this browser: `[data-setting="name"]`.
import { announce } from "../lib/dom.js";
import { keep, setting } from "../lib/settings.js";

const controls = (inside) => inside.querySelectorAll("[data-setting]");

function fill(inside) {
  for (const control of controls(inside)) {
    const value = setting(control.dataset.setting);
    if (control.type === "checkbox") control.checked = value === "true";
    else if (control.type === "radio") control.checked = value === control.value;
    else control.value = value;
  }
}

export function settings(document) {
  fill(document);
  document.addEventListener("htmx:afterSettle", ({ target }) => fill(target));
  document.addEventListener("change", ({ target }) => {
    if (!target.dataset?.setting) return;
    keep(target.dataset.setting, target.type === "checkbox" ? target.checked : target.value);
    announce("Kept in this browser");
  });
}
