// An expression, evaluated by the server as it would be in an execution of this flow.
import { ask, executionPage } from "../lib/api.js";
import { button, debounced, h, problem } from "../lib/dom.js";
import { moment } from "../lib/format.js";
import { icon } from "../lib/states.js";
import { expressionAt, pluginAt } from "./places.js";

const MOST = 25; // executions to choose from, the newest
const MOST_RUNS = 500;

/** @param {{view: object, options: object}} editor @param {HTMLElement} body @param {object} kept */
export function trial({ view, options }, body, kept) {
  if (!options.flow) return void body.append(h("p", { class: "i-muted i-side-text" }, "Save and execute the flow first: an expression is tried in one of its executions."));
  const state = { options, kept };
  const text = (state.text = h("textarea", { class: "i-input i-area", rows: "4", spellcheck: "false", "aria-label": "Expression", on: { input: () => Object.assign(kept, { text: text.value, own: true }) } }));
  state.runs = h("select", { class: "i-select", on: { change: () => chosen(state) } });
  state.tasks = h("select", { class: "i-select", on: { change: () => Object.assign(kept, { run: state.tasks.value, picked: true }) } });
  state.list = [];
  state.link = h("a", { target: "_blank", rel: "noopener" }, "Open it");
  state.result = h("div", { role: "status" });
  const take = () => {
    const { head, anchor } = view.state.selection.main;
    const found = expressionAt(view.state, Math.min(head, anchor), Math.max(head, anchor));
    if (!found) return false;
    text.value = kept.text = found;
    kept.task = pluginAt(view.state, head)?.id;
    place(state);
    return true;
  };
  const follow = debounced(() => kept.own || take(), 200);
  const from = button("From the text", () => (take() ? (kept.own = false) : state.result.replaceChildren(h("p", { class: "i-muted" }, "Put the cursor into an expression, or select a text."))), { title: "The selection, or the expression in which the cursor stands" });
  const go = button("Evaluate", () => evaluate(state), { class: "i-button i-primary", data: { action: "confirm" } });
  text.value = kept.text ?? "";
  if (!kept.own) take();
  body.append(h("div", { class: "i-side-text i-trial" },
    h("label", {}, h("span", {}, "In the execution"), h("span", { class: "i-toolbar" }, state.runs, button("Refresh", () => list(state)), state.link)),
    h("label", {}, h("span", {}, "In the place of"), state.tasks), h("label", {}, h("span", {}, "Expression"), text),
    h("div", { class: "i-toolbar" }, go, from, h("kbd", { class: "i-muted" }, "Ctrl Enter")), state.result,
    h("p", { class: "i-muted" }, "What the flow says is read as the execution ran it: a text that is not saved yet changes nothing here.")));
  list(state);
  return {
    changed: (source) => source === null && follow(),
    close() {
      state.gone = true;
      follow.cancel();
    },
  };
}

/** Offer the flow's newest executions. */
async function list(state) {
  const { options, kept, runs, result } = state;
  const query = { "filters[namespace][EQUALS]": options.namespace, "filters[flowId][EQUALS]": options.flow, sort: "state.startDate:desc", size: MOST };
  try {
    const { results } = await ask(["executions", "search"], { query });
    if (state.gone) return;
    runs.disabled = !results.length;
    const option = (run) => h("option", { value: run.id, selected: run.id === kept.execution }, `${icon(run.state.current)} ${run.state.current}, ${moment(run.state.startDate)}, ${run.id}`);
    runs.replaceChildren(...(results.length ? results.map(option) : [h("option", { value: "" }, "The flow was never executed.")]));
    state.link.hidden = !results.length;
    await chosen(state);
  } catch (error) {
    if (!state.gone) result.replaceChildren(problem(error, () => list(state)));
  }
}

/** Offer the task runs of the execution that is chosen: what `outputs`, `taskrun` and `parents` say goes by them. */
async function chosen(state) {
  const { options, kept, runs, tasks } = state;
  kept.execution = runs.value;
  if (!runs.value) return;
  state.link.href = executionPage({ namespace: options.namespace, flowId: options.flow, id: runs.value });
  const { taskRunList = [] } = await ask(["executions", runs.value]);
  if (state.gone || kept.execution !== runs.value) return;
  state.list = taskRunList.slice(0, MOST_RUNS);
  const name = ({ taskId, value }) => `${taskId}${value === undefined || value === null ? "" : ` [${String(value).slice(0, 40)}]`}`;
  tasks.replaceChildren(h("option", { value: "" }, "the execution"), ...state.list.map((run) => h("option", { value: run.id }, name(run))));
  if (state.list.some((run) => run.id === kept.run)) tasks.value = kept.run;
  else kept.picked = false;
  place(state);
}

/** Unless somebody has picked one, an expression is tried in the place of the task in which it stands. */
function place({ kept, tasks, list }) {
  if (!kept.picked) tasks.value = list.find((run) => run.taskId === kept.task)?.id ?? "";
  kept.run = tasks.value;
}

async function evaluate(state) {
  const { kept, text, result } = state;
  const asked = (state.asked = {});
  if (!kept.execution || !text.value.trim()) return void result.replaceChildren(h("p", { class: "i-muted" }, kept.execution ? "There is no expression." : "Execute the flow first."));
  try {
    const parts = kept.run ? ["executions", kept.execution, "eval", kept.run] : ["executions", kept.execution, "actions", "eval"];
    const said = await ask(parts, { text: text.value });
    if (state.gone || state.asked !== asked) return;
    result.replaceChildren(said.error ? problem(new Error(said.error)) : h("pre", { class: "i-pre", tabindex: "0", "aria-label": "Result" }, typeof said.result === "string" ? said.result : JSON.stringify(said.result, null, 2)));
  } catch (error) {
    if (!state.gone && state.asked === asked) result.replaceChildren(problem(error));
  }
}
