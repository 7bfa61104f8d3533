// Small bars of recent runs, for a row of a list.
import { svg } from "../lib/dom.js";
import { moment } from "../lib/format.js";
import { filtered, open, spanOf, statesOf } from "./data.js";

const [BAR, GAP, HEIGHT] = [7, 2, 26];

export function spark(root, { rows, link }) {
  const states = statesOf(rows.map((row) => row.executionCounts));
  const most = Math.max(1, ...rows.map((row) => Object.values(row.executionCounts).reduce((sum, each) => sum + each, 0)));
  const stacks = rows.map((row, place) => {
    let top = HEIGHT;
    const parts = states.filter((state) => row.executionCounts[state]).map((state) => {
      const height = Math.max(1.5, (row.executionCounts[state] / most) * HEIGHT);
      top -= height;
      return svg("rect", { x: place * (BAR + GAP), y: Math.max(0, top), width: BAR, height, data: { state } });
    });
    const text = states.filter((state) => row.executionCounts[state]).map((state) => `${row.executionCounts[state]} ${state}`).join(", ") || "none";
    const floor = svg("rect", { class: "i-floor", x: place * (BAR + GAP), y: HEIGHT - 1, width: BAR, height: 1 });
    const hit = svg("rect", { class: "i-hit", x: place * (BAR + GAP), y: 0, width: BAR, height: HEIGHT });
    return svg("g", { on: { click: (event) => open(filtered(link, spanOf(rows, place)), event) } }, hit, floor, parts, svg("title", {}, `${moment(row.startDate)}: ${text}`));
  });
  const width = Math.max(1, rows.length * (BAR + GAP) - GAP);
  root.append(svg("svg", { class: `i-spark${link ? " i-linked" : ""}`, width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": "Recent executions" }, stacks));
  root.dataset.drawn = rows.length;
}
