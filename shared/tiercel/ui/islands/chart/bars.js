// Stacked bars by state over time, and the mean duration as a line: uPlot on a canvas, with a table for who cannot see it.
import uPlot from "uplot";
import { h } from "../lib/dom.js";
import { duration, milliseconds, moment, short } from "../lib/format.js";
import { setting } from "../lib/settings.js";
import { color, filtered, open, spanOf, statesOf, stateColor } from "./data.js";

const HEIGHT = 220;
const ASKED = { state: "state", level: "minLevel" }; // how a list is asked for what the bars are stacked by

/** Return a row's mean duration in seconds, null for none: the API writes it as a number of seconds or as ISO text. */
function mean(row) {
  const avg = row.duration?.avg;
  const found = typeof avg === "number" ? avg : milliseconds(avg) / 1000;
  return Number.isFinite(found) && row.duration?.count !== 0 ? found : null;
}

export function bars(root, options, undo) {
  const { rows, link, height = HEIGHT, field = "state" } = options;
  if (!rows.length) return void root.append(h("p", { class: "i-muted" }, "Nothing in this time."));
  const states = statesOf(rows.map((row) => row.executionCounts));
  const place = h("div", { class: "i-chart-canvas", style: { "min-height": `${height}px` }, role: "img", "aria-label": summary(rows, states, field) });
  const tip = h("div", { class: "i-chart-tip", hidden: true });
  const legend = h("ul", { class: "i-chart-legend" }, states.map((state) => h("li", { data: { [field]: state } }, link ? h("a", { href: filtered(link, { [ASKED[field]]: state }) }, state) : state)), field === "state" && h("li", { class: "i-mean" }, "mean duration"));
  root.append(place, legend, tip);
  let plot = null;
  const make = () => {
    plot?.destroy();
    plot = new uPlot(plan(root, options, states, tip), columns(rows, states), place);
    root.dataset.drawn = rows.length;
  };
  make();
  const sizes = new ResizeObserver(() => plot.setSize({ width: place.clientWidth || 300, height }));
  sizes.observe(place);
  const themes = new MutationObserver(make);
  themes.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  undo.listen(matchMedia("(prefers-color-scheme: dark)"), "change", make);
  undo.add(() => (sizes.disconnect(), themes.disconnect(), plot.destroy()));
  undo.listen(place, "click", (event) => {
    const index = plot.cursor.idx;
    if (index === null || index === undefined || !link) return;
    open(filtered(link, { ...spanOf(rows, index), [ASKED[field]]: under(plot, states, index) }), event);
  });
}

/** Return uPlot's columns: times, then each state's count added to those below it, then the mean duration. */
function columns(rows, states) {
  const sums = rows.map(() => 0);
  const stacked = states.map((state) => rows.map((row, place) => (sums[place] += row.executionCounts[state] ?? 0)));
  // The highest comes first: what is lower is drawn over it.
  return [rows.map((row) => Date.parse(row.startDate) / 1000), ...stacked.reverse(), rows.map(mean)];
}

/** Return the state whose part of the bar is under the pointer; empty above the bar. */
function under(plot, states, index) {
  const value = plot.posToVal(plot.cursor.top, "y");
  const found = states.findIndex((_, each) => value <= plot.data[states.length - each][index]);
  return found < 0 ? "" : states[found];
}

function plan(root, { rows, link, height = HEIGHT, field = "state" }, states, tip) {
  const [muted, grid] = [color(root, "muted"), color(root, "line")];
  const axis = { stroke: muted, grid: { stroke: grid, width: 1 }, ticks: { show: false }, font: "11px system-ui" };
  const stacks = states.toReversed().map((state) => ({ label: state, fill: stateColor(root, state), width: 0, paths: uPlot.paths.bars({ size: [0.7, 48] }), points: { show: false } }));
  const zone = setting("timezone");
  return {
    width: root.clientWidth || 300,
    height,
    drawOrder: ["axes", "series"],
    tzDate: zone ? (at) => uPlot.tzDate(new Date(at * 1000), zone) : undefined,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    scales: { x: { time: true, range: (_, from, to) => pad(rows, from, to) }, y: { range: (_, __, most) => [0, Math.max(1, most * 1.05)] }, s: { range: (_, __, most) => [0, (most || 1) * 1.1] } },
    axes: [axis, { ...axis, size: 44, values: (_, found) => found.map((each) => (Number.isInteger(each) ? short(each) : "")) }, { ...axis, show: field === "state", scale: "s", side: 1, size: 56, grid: { show: false }, values: (_, found) => found.map((each) => duration(each * 1000)) }],
    series: [{}, ...stacks, { label: "mean", scale: "s", stroke: muted, width: 1.5, dash: [4, 3], points: { size: 4 }, spanGaps: true }],
    hooks: { setCursor: [(plot) => tell(plot, rows, states, tip)], init: [(plot) => (plot.over.style.cursor = link ? "pointer" : "default")] },
  };
}

function pad(rows, from, to) {
  const step = rows.length > 1 ? (to - from) / (rows.length - 1) : 3600;
  return [from - step / 2, to + step / 2];
}

function tell(plot, rows, states, tip) {
  const { idx, left, top } = plot.cursor;
  tip.hidden = idx === null || idx === undefined || left < 0;
  if (tip.hidden) return;
  const row = rows[idx];
  const lines = states.filter((state) => row.executionCounts[state]).map((state) => h("div", { class: "i-state", data: { state, level: state } }, `${state} ${row.executionCounts[state]}`));
  const average = mean(row);
  tip.replaceChildren(h("b", {}, moment(row.startDate)), ...lines, average === null ? "" : h("div", { class: "i-muted" }, `mean ${duration(average * 1000)}`));
  const side = left > plot.over.clientWidth / 2 ? left - tip.offsetWidth - 12 : left + 12;
  tip.style.transform = `translate(${side + plot.over.offsetLeft}px, ${Math.max(0, top - 20)}px)`;
}

function summary(rows, states, field) {
  const total = (state) => rows.reduce((sum, row) => sum + (row.executionCounts[state] ?? 0), 0);
  return `${field === "level" ? "Log lines" : "Executions"} over time: ${states.map((state) => `${total(state)} ${state}`).join(", ") || "none"}`;
}
