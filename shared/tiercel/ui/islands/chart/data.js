// What charts share: colours as the page has them, the list behind a bar.
import { ORDER } from "../lib/states.js";

const TONES = {
  SUCCESS: "success", FAILED: "failed", WARNING: "warning", RETRYING: "warning", RETRIED: "warning", RUNNING: "running", RESTARTED: "running",
  SUBMITTED: "running", RESUBMITTED: "running", KILLED: "killed", KILLING: "killed", CANCELLED: "killed", PAUSED: "paused", BREAKPOINT: "paused",
  ERROR: "failed", WARN: "warning", INFO: "running",
};

/** Return a property of the page as a colour that a canvas takes. */
export function color(element, name) {
  const probe = document.createElement("span");
  probe.style.color = `var(--i-${name})`;
  element.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

export const stateColor = (element, state) => color(element, TONES[state] ?? "waiting");

/** Return the states that occur in rows or counts, from the bottom of a stack to its top. */
export function statesOf(maps) {
  const found = new Set(maps.flatMap((each) => Object.keys(each).filter((state) => each[state] > 0)));
  return [...found].sort((one, other) => ORDER.indexOf(other) - ORDER.indexOf(one)).sort((one, other) => (one === "SUCCESS" ? -1 : other === "SUCCESS" ? 1 : 0));
}

/** Return the address of a list with filters added; empty for none. */
export function filtered(link, filters) {
  if (!link) return "";
  const [path, query = ""] = link.split("?");
  const found = new URLSearchParams(query);
  if (filters.startDate) for (const name of ["timeRange", "filters[timeRange][EQUALS]", "page"]) found.delete(name); // the server refuses both
  for (const [name, value] of Object.entries(filters)) if (value) found.set(name, value);
  return `${path}?${found}`;
}

const STEPS = { minute: 60e3, hour: 3600e3, day: 86400e3, week: 7 * 86400e3, month: 30 * 86400e3 };

/** Return the filters of one row: from its beginning to that of the next. */
export function spanOf(rows, place) {
  const from = new Date(rows[place].startDate);
  const to = rows[place + 1] ? new Date(rows[place + 1].startDate) : new Date(from.getTime() + (rows[place].step ?? STEPS[rows[place].groupBy] ?? STEPS.day));
  return { startDate: from.toISOString(), endDate: to.toISOString() };
}

/** Open an address as links do: with Ctrl in another tab. */
export function open(href, event) {
  if (!href) return;
  if (event?.ctrlKey || event?.metaKey) window.open(href, "_blank", "noopener");
  else location.assign(href);
}
