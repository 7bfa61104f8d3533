// A FlowGraph (API specification, 2.2) or a FlowTopologyGraph (2.3) as a tree of boxes: clusters hold nodes and clusters. Pure.
import { isOver } from "../lib/states.js";

const kind = (type) => String(type ?? "").split(".").at(-1);

/**
 * Return the tree: `{id, kind: "cluster", children: [...], start, end, task, relation}`; leaves are
 * `{id, kind: "root" | "end" | "task" | "trigger" | "subflow" | "flow", node}`. Children are in the order of the flow.
 */
export function treeOf(graph) {
  const clusters = new Map();
  const top = { id: "", kind: "cluster", children: [], parent: null, depth: 0 };
  const ranked = [...(graph.clusters ?? [])].sort((one, other) => (one.parents?.length ?? 0) - (other.parents?.length ?? 0));
  for (const { cluster, parents = [], start, end, nodes } of ranked) {
    const parent = clusters.get(parents.findLast((each) => clusters.has(each))) ?? top;
    const made = {
      id: cluster.uid, kind: "cluster", children: [], parent, start, end, task: cluster.taskNode ?? null, relation: cluster.relationType,
      depth: parent.depth + 1, members: new Set(nodes), type: kind(cluster.type),
    };
    clusters.set(cluster.uid, made);
    parent.children.push(made);
  }
  const homes = new Map();
  for (const cluster of [...clusters.values()].sort((one, other) => one.depth - other.depth)) {
    for (const uid of cluster.members) homes.set(uid, cluster); // the deepest one wins
  }
  for (const node of graph.nodes ?? []) {
    const home = homes.get(node.uid) ?? top;
    home.children.push({ id: node.uid, kind: leafKind(node), node, parent: home });
  }
  return top;
}

function leafKind(node) {
  const name = kind(node.type);
  if (name === "GraphClusterRoot") return "root";
  if (name === "GraphClusterEnd" || name === "GraphClusterFinally" || name === "GraphClusterAfterExecution") return "end";
  if (name === "GraphTrigger") return "trigger";
  if (name === "SubflowGraphTask") return "subflow";
  return node.namespace !== undefined && !node.type ? "flow" : "task";
}

/** Return each leaf by its id. */
export function leaves(top) {
  const found = new Map();
  const walk = (box) => {
    found.set(box.id, box);
    box.children?.forEach(walk);
  };
  walk(top);
  return found;
}

/** Return a cluster's name: that of the flowable it stands for. */
export function nameOf(box) {
  if (box.kind === "cluster") return box.task?.id ?? box.task?.task?.id ?? box.id.replace(/^cluster_/, "");
  const { node } = box;
  return node.task?.id ?? node.triggerDeclaration?.id ?? node.id ?? node.uid.split(".").at(-1);
}

/** Return the subflow in which a node is shown in place: `{uid, namespace, flowId}`; null where it is the flow's own. */
export function subflowOf(box) {
  let above = box.parent;
  while (above && above.type !== "SubflowGraphCluster") above = above.parent;
  const task = above?.task?.task;
  return task ? { uid: above.task.uid, namespace: task.namespace, flowId: task.flowId } : null;
}

/** Return a node's type, as its author wrote it. */
export function typeOf(box) {
  const { node, task } = box;
  return node?.task?.type ?? node?.triggerDeclaration?.type ?? task?.type ?? task?.task?.type ?? "";
}

/**
 * Return how a task stands in an execution: `{state, from, to, over, attempts, done, all, counts}`, or null.
 * `done` and `all` are those of a loop's iterations.
 * @param {string} taskId
 * @param {Map<string, object[]>} byTask as `byTask` gives it
 * @param {Map<string, object[]>} below as `byParent` gives it
 */
export function standing(taskId, byTask, below) {
  const found = byTask.get(taskId);
  if (!found?.length) return null;
  const shown = found.find((run) => !isOver(run.state.current)) ?? found.find((run) => ["FAILED", "KILLED"].includes(run.state.current)) ?? found.at(-1);
  const counts = {};
  for (const run of found) counts[run.state.current] = (counts[run.state.current] ?? 0) + 1;
  return { state: shown.state.current, run: shown, count: found.length, counts, progress: progressOf(shown, below.get(shown.id) ?? []) };
}

/** Return how many iterations of a loop are done: what it says itself, else its children's. */
function progressOf(run, inside) {
  const said = run.outputs?.iterations ?? run.iterations;
  if (said && typeof said === "object") {
    const all = Object.values(said).reduce((sum, each) => sum + Number(each || 0), 0);
    const done = Object.entries(said).reduce((sum, [state, each]) => sum + (isOver(state.toUpperCase()) ? Number(each || 0) : 0), 0);
    if (all) return { done, all };
  }
  const below = inside.filter(({ iteration }) => iteration !== null && iteration !== undefined);
  if (!below.length) return null;
  const rounds = new Map();
  for (const each of below) rounds.set(each.iteration, (rounds.get(each.iteration) ?? true) && isOver(each.state.current));
  const values = [...rounds.values()];
  return { done: values.filter(Boolean).length, all: values.length };
}

/** Return the task runs by their task. */
export const byTask = (runs) => by("taskId", runs);

/** Return the task runs by the id of the run around them. */
export const byParent = (runs) => by("parentTaskRunId", runs);

function by(name, runs) {
  const found = new Map();
  for (const run of runs) {
    if (!found.has(run[name])) found.set(run[name], []);
    found.get(run[name]).push(run);
  }
  return found;
}
