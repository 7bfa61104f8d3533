// A value over time: metrics.
import uPlot from "uplot";
import { h } from "../lib/dom.js";
import { moment, short } from "../lib/format.js";
import { color } from "./data.js";

const HEIGHT = 220;

/** Points are `{date, value}`; those without a value are gaps. */
export function line(root, { points = [], unit = "" }, undo) {
  if (!points.length) return void root.append(h("p", { class: "i-muted" }, "No values in this time."));
  const place = h("div", { class: "i-chart-canvas", role: "img", "aria-label": `${points.length} values over time` });
  const tip = h("div", { class: "i-muted i-chart-said", "aria-live": "polite" });
  root.append(place, tip);
  const axis = { stroke: color(root, "muted"), grid: { stroke: color(root, "line"), width: 1 }, ticks: { show: false }, font: "11px system-ui" };
  const plot = new uPlot({
    width: root.clientWidth || 300,
    height: HEIGHT,
    legend: { show: false },
    cursor: { drag: { x: false, y: false } },
    axes: [axis, { ...axis, size: 56, values: (_, found) => found.map((each) => `${short(each)}${unit && ` ${unit}`}`) }],
    series: [{}, { stroke: color(root, "accent"), width: 2, points: { size: 5 } }],
    hooks: { setCursor: [({ cursor: { idx } }) => {
      const point = idx === null || idx === undefined ? null : points[idx];
      tip.textContent = point ? `${moment(point.date)}: ${point.value ?? "no value"} ${unit}` : "";
    }] },
  }, [points.map(({ date }) => Date.parse(date) / 1000), points.map(({ value }) => value ?? null)], place);
  const sizes = new ResizeObserver(() => plot.setSize({ width: place.clientWidth || 300, height: HEIGHT }));
  sizes.observe(place);
  undo.add(() => (sizes.disconnect(), plot.destroy()));
  root.dataset.drawn = points.length;
}
