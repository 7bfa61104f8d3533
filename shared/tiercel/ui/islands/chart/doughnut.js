// A doughnut of counts by state, as SVG.
import { h, svg } from "../lib/dom.js";
import { filtered, open, statesOf } from "./data.js";

const [SIZE, RADIUS, WIDTH] = [160, 62, 22];

export function doughnut(root, { counts = {}, link }) {
  const states = statesOf([counts]);
  const total = states.reduce((sum, state) => sum + counts[state], 0);
  const label = states.map((state) => `${counts[state]} ${state}`).join(", ") || "none";
  const circle = 2 * Math.PI * RADIUS;
  let begun = 0;
  const parts = states.map((state) => {
    const share = counts[state] / total;
    const part = svg("circle", {
      class: "i-slice", cx: SIZE / 2, cy: SIZE / 2, r: RADIUS, fill: "none", "stroke-width": WIDTH, data: { state },
      "stroke-dasharray": `${share === 1 ? circle : Math.max(0.5, share * circle - 1)} ${circle}`, "stroke-dashoffset": -begun * circle,
      on: { click: (event) => open(filtered(link, { state }), event) },
    }, svg("title", {}, `${state}: ${counts[state]} (${Math.round(share * 100)} %)`));
    begun += share;
    return part;
  });
  const empty = svg("circle", { class: "i-slice-none", cx: SIZE / 2, cy: SIZE / 2, r: RADIUS, fill: "none", "stroke-width": WIDTH });
  root.append(
    svg("svg", { class: "i-doughnut", viewBox: `0 0 ${SIZE} ${SIZE}`, role: "img", "aria-label": `Executions by state: ${label}` },
      svg("g", { transform: `rotate(-90 ${SIZE / 2} ${SIZE / 2})` }, total ? parts : empty),
      svg("text", { x: SIZE / 2, y: SIZE / 2 + 8, "text-anchor": "middle" }, total.toLocaleString())),
    h("ul", { class: "i-chart-legend i-column" }, states.map((state) => {
      const text = `${state} ${counts[state].toLocaleString()}`;
      return h("li", { data: { state } }, link ? h("a", { href: filtered(link, { state }) }, text) : text);
    })));
  root.dataset.drawn = states.length;
}
