// Charts: bars by state over time, a doughnut, small bars, a line. A click opens the list that is meant.
import { ask } from "../lib/api.js";
import { h, problem, undoing } from "../lib/dom.js";
import { bars } from "./bars.js";
import { doughnut } from "./doughnut.js";
import { levels } from "./levels.js";
import { line } from "./line.js";
import { spark } from "./spark.js";

const KINDS = { bars, doughnut, levels, spark, line };

/**
 * @param {HTMLElement} element
 * @param {{kind: "bars" | "doughnut" | "levels" | "spark" | "line", rows?: object[], counts?: object, points?: object[], link?: string,
 *   query?: object, unit?: string}} options rows are those of `POST /stats/executions/daily`; `query` asks for them
 */
export function mount(element, options) {
  const undo = undoing();
  const root = h("div", { class: `i-chart i-chart-${options.kind}` });
  element.append(root);
  const draw = KINDS[options.kind];
  let gone = false;
  const begin = async () => {
    try {
      const rows = options.query && options.kind !== "levels" ? await ask(["stats", "executions", "daily"], { json: options.query }) : options.rows;
      if (gone) return;
      root.replaceChildren();
      draw(root, { ...options, rows: rows ?? [] }, undo);
    } catch (error) {
      root.replaceChildren(problem(error, begin));
    }
  };
  if (draw) begin();
  else root.append(problem(new Error(`A chart of kind '${options.kind}' is unknown; there are ${Object.keys(KINDS).join(", ")}.`)));
  return {
    unmount() {
      gone = true;
      undo.run();
      root.remove();
    },
  };
}
