// Executions of subflows that are shown inside the gantt of the execution that has called them.
import { ask } from "../lib/api.js";
import { isOver } from "../lib/states.js";

const AGAIN = 3_000; // milliseconds between two looks at one that runs

/** Return the execution that a task run has called: `{namespace, flowId, id}`; null for none. */
export function childOf(run) {
  const { executionId: id, namespace = run.namespace, flowId = "-" } = run.outputs ?? {};
  return typeof id === "string" && id !== run.executionId ? { namespace, flowId, id } : null;
}

export class Children {
  /** @param {() => void} changed called when there is something else to show */
  constructor(changed) {
    this.changed = changed;
    this.shown = new Map(); // by id: `{run, at}`, the run is null until it has come
  }

  has(id) {
    return this.shown.has(id);
  }

  /** The task runs of a child that is shown, none before they have come. */
  of(id) {
    return this.shown.get(id)?.run?.taskRunList ?? [];
  }

  runs() {
    return [...this.shown.keys()].flatMap((id) => this.of(id));
  }

  /** Show one, or no more. */
  toggle(id) {
    if (!this.shown.delete(id)) {
      this.shown.set(id, { run: null, at: 0 });
      this.#look(id);
    }
    this.changed();
  }

  /** Look again at those that run. */
  refresh() {
    for (const [id, { run, at }] of this.shown) {
      if (Date.now() - at > AGAIN && !(run && isOver(run.state.current))) this.#look(id);
    }
  }

  async #look(id) {
    this.shown.get(id).at = Date.now();
    try {
      const run = await ask(["executions", id]);
      if (!this.shown.has(id)) return;
      this.shown.set(id, { run, at: Date.now() });
    } catch {
      this.shown.delete(id); // it is gone
    }
    this.changed();
  }

  leave() {
    this.shown.clear();
    this.changed = () => {};
  }
}
