// Controls that show and keep a setting of this browser: `[data-setting="name"]`.
import { announce, h } from "../lib/dom.js";
import { isZone } from "../lib/format.js";
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

/** Return why a value is none for a setting; empty where it is one. */
function wrong(name, value) {
  if (name === "timezone" && value && !isZone(value)) return `"${value}" is no time zone; wanted one such as Europe/Berlin`;
  if (name === "envColor" && value && !CSS.supports("color", value)) return `"${value}" is no colour; wanted #c0322b or a name such as tomato`;
  return "";
}

/** Offer the time zones that this browser knows. */
function zones(document) {
  const field = document.querySelector('[data-setting="timezone"]');
  if (!field || !Intl.supportedValuesOf) return;
  field.after(h("datalist", { id: "zones" }, Intl.supportedValuesOf("timeZone").map((name) => h("option", { value: name }))));
  field.setAttribute("list", "zones");
}

export function settings(document) {
  fill(document);
  zones(document);
  document.addEventListener("htmx:afterSettle", ({ target }) => fill(target));
  document.addEventListener("change", ({ target }) => {
    if (!target.dataset?.setting) return;
    const trouble = wrong(target.dataset.setting, target.value);
    target.setCustomValidity?.(trouble);
    if (trouble) return void target.reportValidity();
    keep(target.dataset.setting, target.type === "checkbox" ? target.checked : target.value);
    announce("Kept in this browser");
  });
}
