// The menu of a node.
import { executionPage, flowPage, page } from "../lib/api.js";
import { lastPart } from "../lib/format.js";
import { isOver } from "../lib/states.js";
import { nameOf, typeOf } from "./model.js";

/** Return what a node's menu offers: `[{text, href} | {text, run}]`. */
export function choices(box, island) {
  const { options, run } = island;
  const [name, type, found] = [nameOf(box), typeOf(box), []];
  if (box.kind === "flow") return [{ text: "Open the flow", href: flowPage(box.node.namespace, box.node.id) }];
  const state = island.standing(name, box);
  if (state && run) {
    found.push({ text: "Its log", href: `${executionPage(run, "logs")}?taskRunId=${encodeURIComponent(state.run.id)}` });
    found.push({ text: "Its outputs", href: `${executionPage(run, "outputs")}?task=${encodeURIComponent(name)}` });
    if (state.run.executionId === undefined || state.run.executionId === run.id) {
      const query = `taskRunId=${encodeURIComponent(state.run.id)}`;
      if (isOver(run.state.current)) found.push({ text: "Replay from here", href: `${executionPage(run, "replay")}?${query}` });
      found.push({ text: "Change its state", href: `${executionPage(run, "state")}?${query}` });
    }
    found.push({ text: "In the gantt", href: executionPage(run, "gantt") });
  }
  const [namespace, flow] = [options.namespace ?? run?.namespace, options.flow ?? run?.flowId];
  if (namespace && flow && box.kind !== "trigger") found.push({ text: "Edit the task", href: `${flowPage(namespace, flow, "edit")}?task=${encodeURIComponent(name)}` });
  if (namespace && flow && box.kind === "trigger") found.push({ text: "The triggers", href: flowPage(namespace, flow, "triggers") });
  if (type) found.push({ text: `Documentation of ${lastPart(type)}`, href: page(["plugins", type]) });
  if (box.kind === "subflow" || box.node?.task?.flowId) {
    found.push({ text: island.expanded.has(box.id) ? "Fold the subflow" : "Show the subflow here", run: () => island.expand(box.id) });
    const { namespace: space = namespace, flowId } = box.node?.task ?? {};
    if (flowId && !String(flowId).includes("{{")) found.push({ text: "Open the subflow", href: flowPage(space, flowId) });
  }
  if (options.onTask) found.unshift({ text: "Go to its lines", run: () => options.onTask(name) });
  return found;
}
