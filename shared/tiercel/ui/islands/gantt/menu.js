// The menu of a task run: what is known of it, and what can be done with it.
import { executionPage, flowPage } from "../lib/api.js";
import { isOver } from "../lib/states.js";

/** Return what a task run's menu offers: `[{text, href}]`. */
export function choices(run, execution) {
  const query = `taskRunId=${encodeURIComponent(run.id)}`;
  const page = (tab) => `${executionPage(run, tab)}?${query}`;
  const own = run.executionId === undefined || run.executionId === execution.id;
  const found = [
    { text: "Its log", href: page("logs") },
    { text: "Its outputs", href: `${executionPage(run, "outputs")}?task=${encodeURIComponent(run.taskId)}` },
    { text: "Change its state", href: page("state") },
    { text: "Edit the task", href: `${flowPage(run.namespace, run.flowId, "edit")}?task=${encodeURIComponent(run.taskId)}` },
  ];
  if (own && isOver(execution.state.current)) found.splice(2, 0, { text: "Replay from here", href: page("replay") });
  return found;
}
