// The badge of a state: icon and word, never colour alone.
import { h } from "./dom.js";
import { icon } from "./states.js";

export function badge(state, more = "") {
  const sign = h("span", { "aria-hidden": "true" }, icon(state));
  return h("span", { class: "i-state", data: { state } }, sign, ` ${state}${more ? ` ${more}` : ""}`);
}

/** Return small counts per state: `✓ 12  ✕ 1`. */
export function counted(counts) {
  return h("span", { class: "i-counts" }, counts.map(([state, count]) =>
    h("span", { class: "i-state", data: { state }, title: `${count} ${state}` }, `${icon(state)} ${count}`)));
}
