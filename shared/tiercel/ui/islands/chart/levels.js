// Log lines over time, by level: of the newest lines that are found, asked for once somebody can see the chart.
import { ask } from "../lib/api.js";
import { h, problem } from "../lib/dom.js";
import { LEVELS } from "../lib/states.js";
import { bars } from "./bars.js";

const [LINES, MOST] = [1000, 48]; // lines that are asked for, bars that are drawn
const STEPS = [1, 5, 15, 60, 300, 900, 3600, 6 * 3600, 86400, 7 * 86400, 30 * 86400].map((seconds) => seconds * 1000);

/** Return lines as rows of a chart, the narrowest ones of which there are not too many: `{startDate, executionCounts, ...}`. */
export function counted(lines) {
  const times = lines.map(({ timestamp }) => Date.parse(timestamp));
  if (!times.length) return [];
  const [first, last] = [times.reduce((one, other) => Math.min(one, other)), times.reduce((one, other) => Math.max(one, other))];
  const step = STEPS.find((each) => (last - first) / each < MOST) ?? STEPS.at(-1);
  const begin = Math.floor(first / step) * step;
  const rows = Array.from({ length: Math.floor((last - begin) / step) + 1 }, (_, place) => ({
    startDate: new Date(begin + place * step).toISOString(), step, executionCounts: Object.fromEntries(LEVELS.map((level) => [level, 0])),
  }));
  lines.forEach(({ level }, place) => (rows[Math.floor((times[place] - begin) / step)].executionCounts[level] += 1));
  return rows;
}

/** `query` holds the filters of `GET /logs/search`, as pairs. */
export function levels(root, { query = [], link, height }, undo) {
  const seen = new IntersectionObserver(async ([{ isIntersecting }]) => {
    if (!isIntersecting) return;
    seen.disconnect();
    try {
      const found = await ask(["logs", "search"], { query: { ...Object.fromEntries(query), size: LINES, sort: "timestamp:desc" } });
      if (!root.isConnected) return;
      bars(root, { rows: counted(found.results), link, height, field: "level" }, undo);
      if (found.total > found.results.length) root.append(h("p", { class: "i-muted" }, `The newest ${LINES.toLocaleString()} lines.`));
    } catch (error) {
      root.append(problem(error));
    }
  });
  seen.observe(root);
  undo.add(() => seen.disconnect());
}
