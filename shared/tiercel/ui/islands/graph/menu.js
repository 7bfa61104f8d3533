// The menu of a node.
import { executionPage, flowPage, page } from "../lib/api.js";
import { lastPart } from "../lib/format.js";
import { isOver } from "../lib/states.js";
import { nameOf, subflowOf, typeOf } from "./model.js";

/** Return what a node's menu offers: `[{text, href} | {text, run}]`. */
export function choices(box, island) {
  const { options, run } = island;
  const [name, type, found] = [nameOf(box), typeOf(box), []];
  if (box.kind === "flow") return [{ text: "Open the flow", href: flowPage(box.node.namespace, box.node.id) }];
  const [state, inside] = [island.standing(name, box), subflowOf(box)];
  if (state && run) {
    const home = inside && state.run.executionId ? state.run : run; // what is inside a subflow ran in another execution
    found.push({ text: "Its log", href: `${executionPage(home, "logs")}?taskRunId=${encodeURIComponent(state.run.id)}` });
    found.push({ text: "Its outputs", href: `${executionPage(home, "outputs")}?task=${encodeURIComponent(name)}` });
    if (state.run.executionId === undefined || state.run.executionId === run.id) {
      const query = `taskRunId=${encodeURIComponent(state.run.id)}`;
      if (isOver(run.state.current)) found.push({ text: "Replay from here", href: `${executionPage(run, "replay")}?${query}` });
      found.push({ text: "Change its state", href: `${executionPage(run, "state")}?${query}` });
    }
    found.push({ text: "In the gantt", href: executionPage(home, "gantt") });
  }
  const [namespace, flow] = [inside?.namespace ?? options.namespace ?? run?.namespace, inside?.flowId ?? options.flow ?? run?.flowId];
  if (namespace && flow && box.kind !== "trigger") found.push({ text: "Edit the task", href: `${flowPage(namespace, flow, "edit")}?task=${encodeURIComponent(name)}` });
  if (namespace && flow && box.kind === "trigger") found.push({ text: "The triggers", href: flowPage(namespace, flow, "triggers") });
  if (type) found.push({ text: `Documentation of ${lastPart(type)}`, href: page(["plugins", type]) });
  if (box.kind === "subflow" || box.node?.task?.flowId) {
    found.push({ text: island.expanded.has(box.id) ? "Fold the subflow" : "Show the subflow here", run: () => island.expand(box.id) });
    const { namespace: space = namespace, flowId } = box.node?.task ?? {};
    if (flowId && !String(flowId).includes("{{")) found.push({ text: "Open the subflow", href: flowPage(space, flowId) });
  }
  if (inside) found.push({ text: "Fold the subflow", run: () => island.expand(inside.uid) });
  if (options.onTask && !inside) found.unshift({ text: "Go to its lines", run: () => options.onTask(name) });
  return found;
}
