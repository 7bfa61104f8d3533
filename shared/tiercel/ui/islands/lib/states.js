// The states of executions and task runs.
export const TERMINAL = new Set(["SUCCESS", "WARNING", "FAILED", "KILLED", "CANCELLED", "RETRIED", "SKIPPED"]);
export const ORDER = [
  "FAILED", "KILLED", "CANCELLED", "WARNING", "SUCCESS", "SKIPPED", "RUNNING", "KILLING", "RETRYING", "RETRIED", "PAUSED",
  "BREAKPOINT", "QUEUED", "RESTARTED", "RESUBMITTED", "SUBMITTED", "CREATED",
];
const ICONS = {
  SUCCESS: "✓", FAILED: "✕", WARNING: "!", KILLED: "⊘", KILLING: "⊘", CANCELLED: "⊘", SKIPPED: "»", RUNNING: "▸",
  PAUSED: "‖", BREAKPOINT: "‖", QUEUED: "…", CREATED: "○", SUBMITTED: "○", RESTARTED: "↻", RESUBMITTED: "↻", RETRYING: "↻", RETRIED: "↻",
};
export const LEVELS = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR"];

export const isOver = (state) => TERMINAL.has(state);
/** Whether an execution waits for somebody, or for others: perhaps for days. */
export const isWaiting = (state) => ["PAUSED", "BREAKPOINT", "QUEUED"].includes(state);
export const icon = (state) => ICONS[state] ?? "·";

/** Return the states of a map from state to count, those that matter most first. */
export function ordered(counts) {
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .sort(([one], [other]) => rank(one) - rank(other));
}

const rank = (state) => (ORDER.includes(state) ? ORDER.indexOf(state) : ORDER.length);

/** Return when a run or execution stood in which state: `[{state, from, to}]` in milliseconds; `to` of the last is `now` unless it is over. */
export function spans(state, now = Date.now()) {
  const histories = (state?.histories ?? []).map((each) => ({ state: each.state, at: Date.parse(each.date) }));
  return histories.map((each, place) => ({
    state: each.state,
    from: each.at,
    to: histories[place + 1]?.at ?? (isOver(each.state) ? each.at : Math.max(now, each.at)),
  }));
}
