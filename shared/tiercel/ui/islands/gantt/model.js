// Rows of the gantt from an execution: pure, so that live updates only change what has changed.
import { isOver, spans } from "../lib/states.js";
import { childOf } from "./children.js";

const WAITING = new Set(["CREATED", "QUEUED", "SUBMITTED", "RESTARTED", "RESUBMITTED", "RETRYING", "PAUSED", "BREAKPOINT"]);
const GROUPED = 2; // runs of one task below one parent that stand in a group

/** Return when a task run began and ended, in milliseconds. */
export function extent(run, now) {
  const all = spans(run.state, now);
  return [all[0]?.from ?? now, all.at(-1)?.to ?? now];
}

/** Return the parts of a bar: `[{kind: "waiting" | "working", state, from, to}]`. */
export function bars(state, now) {
  const merged = [];
  for (const { state: name, from, to } of spans(state, now)) {
    if (isOver(name)) continue;
    const kind = WAITING.has(name) ? "waiting" : "working";
    const last = merged.at(-1);
    if (last && last.kind === kind && last.to === from) last.to = to;
    else merged.push({ kind, state: name, from, to });
  }
  return merged;
}

/**
 * Return the task runs as a tree: `{run, label, depth, children}` and groups `{group, task, runs, counts}`.
 * Runs of one task below one parent, which are the iterations of a loop, stand in a group.
 */
export function tree(runs) {
  const below = new Map();
  const known = new Set(runs.map((run) => run.id));
  for (const run of runs) {
    const parent = known.has(run.parentTaskRunId) ? run.parentTaskRunId : "";
    if (!below.has(parent)) below.set(parent, []);
    below.get(parent).push(run);
  }
  return below;
}

/**
 * Return the rows to show.
 * @param {object} execution
 * @param {Set<string>} opened keys of rows that are open
 * @param {import("./children.js").Children} children executions of subflows that are shown
 */
export function rows(execution, opened, children) {
  const found = [];
  const whole = (runs, depth) => walk(tree(runs), "", depth);
  const walk = (below, parent, depth) => {
    for (const [task, runs] of byTask(below.get(parent) ?? [])) {
      if (runs.length >= GROUPED) group(below, task, parent || runs[0].executionId, runs, depth);
      else one(below, runs[0], depth);
    }
  };
  const one = (below, run, depth) => {
    const key = `run:${run.id}`;
    const parts = below.get(run.id) ?? [];
    const folded = opened.has(`fold:${run.id}`);
    found.push({ key, kind: "run", run, depth, parts: parts.length, folded, open: opened.has(key) });
    if (opened.has(key)) found.push({ key: `log:${run.id}`, kind: "log", run, depth });
    if (!folded) walk(below, run.id, depth + 1);
    const child = childOf(run);
    if (child && children.has(child.id)) whole(children.of(child.id), depth + 1);
  };
  const group = (below, task, parent, runs, depth) => {
    const key = `group:${parent}:${task}`;
    const counts = {};
    for (const run of runs) counts[run.state.current] = (counts[run.state.current] ?? 0) + 1;
    found.push({ key, kind: "group", task, runs, counts, depth, open: opened.has(key) });
    if (opened.has(key)) for (const run of runs) one(below, run, depth + 1);
  };
  whole(execution.taskRunList ?? [], 0);
  return found;
}

/** Return how many characters the longest name of some rows takes, with what stands before and behind it. */
export function longest(found) {
  let most = 0;
  for (const { run, task, runs, depth } of found) {
    const behind = runs ? ` × ${runs.length}` : childOf(run) ? " subflow ↗" : String(run.value ?? "").slice(0, 12);
    most = Math.max(most, (run?.taskId ?? task).length + 2 * depth + behind.length + 3);
  }
  return most;
}

function byTask(runs) {
  const found = new Map();
  for (const run of runs) {
    if (!found.has(run.taskId)) found.set(run.taskId, []);
    found.get(run.taskId).push(run);
  }
  return found;
}

/** Return where the marks of the time axis stand: `[{at, text}]`. */
export function ticks(from, to, most) {
  const span = Math.max(1, to - from);
  const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 3e4, 6e4, 12e4, 3e5, 6e5, 18e5, 36e5, 72e5, 216e5, 432e5, 864e5];
  const step = steps.find((each) => span / each <= most) ?? Math.ceil(span / most / 864e5) * 864e5;
  const found = [];
  for (let at = 0; at <= span; at += step) found.push(at);
  return found;
}
