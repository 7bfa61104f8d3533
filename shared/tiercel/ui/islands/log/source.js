// Log lines from the server, page by page: from the end backwards, or from the beginning onwards.
//
// Promise: lines stand in the order of their times and none twice, although pages shift while lines come.
import { ask } from "../lib/api.js";

export const PAGE = 1000;
const MOST_PAGES = 5; // asked for at once when much has come; more than that begins anew at the end

/** Return a line as a row: with what makes it this line and no other. Its names are kept once for all lines. */
function row(entry, seen, names) {
  const same = `${entry.timestamp}|${entry.executionId}|${entry.taskRunId ?? ""}|${entry.attemptNumber ?? ""}|${entry.level}|${entry.message}`;
  const number = seen.get(same) ?? 0;
  seen.set(same, number + 1);
  for (const name of NAMES) {
    const value = entry[name];
    if (!names.has(value)) names.set(value, value);
    entry[name] = names.get(value);
  }
  return { key: hash(same) + number, at: entry.timestamp.replace(/Z$/, ""), entry }; // as text, fractions of any length compare rightly
}

const NAMES = ["namespace", "flowId", "executionId", "taskId", "taskRunId", "level"];

/** Return a number of 53 bits for a text: of a hundred thousand different ones, two are the same once in a million times. */
function hash(text) {
  let [one, other] = [0xdeadbeef, 0x41c6ce57];
  for (let place = 0; place < text.length; place += 1) {
    const code = text.charCodeAt(place);
    one = Math.imul(one ^ code, 2654435761);
    other = Math.imul(other ^ code, 1597334677);
  }
  one = Math.imul(one ^ (one >>> 16), 2246822507) ^ Math.imul(other ^ (other >>> 13), 3266489909);
  other = Math.imul(other ^ (other >>> 16), 2246822507) ^ Math.imul(one ^ (one >>> 13), 3266489909);
  return 4294967296 * (2097151 & other) + (one >>> 0);
}

export class LogSource {
  /** @param {object} filters fields of `GET /logs/search`, by name @param {number} [size] lines of a page */
  constructor(filters, size = PAGE) {
    this.size = size;
    this.filters = filters;
    this.reset("end");
  }

  /** Begin anew, at the `end` or at the `beginning`. */
  reset(from) {
    this.from = from;
    this.rows = [];
    this.keys = new Set();
    this.names = new Map();
    this.pages = 0; // how many were read, counted from where it began
    this.complete = false;
    this.running?.abort();
    this.running = new AbortController();
  }

  /** Begin with lines that are known, from the end; `complete` when there are no others. */
  begin(entries, complete) {
    this.#add(entries);
    this.complete = complete;
  }

  /** Read the next page away from where it began; returns how many rows are new. */
  async more() {
    if (this.complete) return 0;
    const signal = this.running.signal;
    // While lines came at the end, the pages have moved: one that gives nothing new is passed over.
    for (let turn = 0; turn < MOST_PAGES; turn += 1) {
      const found = await this.#page(this.pages + 1, this.from === "end", signal);
      this.pages += 1;
      if (found.length < this.size) this.complete = this.from === "end" || this.complete;
      const added = this.#add(found);
      if (found.length < this.size && this.from === "beginning") this.pages -= 1; // it may still grow
      if (added || found.length < this.size) return added;
    }
    return 0;
  }

  /** Read what came at the end since; returns how many rows are new, -1 when it was so much that all began anew. */
  async newer() {
    if (this.from === "beginning") return this.more();
    const signal = this.running.signal;
    let added = 0;
    for (let page = 1; page <= MOST_PAGES; page += 1) {
      const found = await this.#page(page, true, signal);
      const now = this.#add(found);
      added += now;
      if (now < found.length || found.length < this.size) return added;
    }
    this.reset("end");
    await this.more();
    return -1;
  }

  /** Return whether there is an error before (`step` -1) or after (1) a time. */
  async hasError(step, timestamp) {
    const [field, operation] = step < 0 ? ["endDate", "LESS_THAN"] : ["startDate", "GREATER_THAN"];
    const query = { ...this.filters, "filters[level][EQUALS]": "ERROR", [`filters[${field}][${operation}]`]: timestamp, page: 1, size: 1, sort: "timestamp:desc" };
    const { total } = await ask(["logs", "search"], { query });
    return total > 0;
  }

  async #page(page, descending, signal) {
    const query = { page, size: this.size, sort: `timestamp:${descending ? "desc" : "asc"}`, ...this.filters };
    const { results } = await ask(["logs", "search"], { query, signal });
    return results;
  }

  #add(entries) {
    const seen = new Map();
    const fresh = entries.map((entry) => row(entry, seen, this.names)).filter(({ key }) => !this.keys.has(key));
    if (!fresh.length) return 0;
    for (const { key } of fresh) this.keys.add(key);
    fresh.sort((one, other) => (one.at < other.at ? -1 : one.at > other.at ? 1 : 0));
    const [first, last] = [fresh[0].at, fresh.at(-1).at];
    if (!this.rows.length || first >= this.rows.at(-1).at) this.rows = this.rows.concat(fresh);
    else if (last <= this.rows[0].at) this.rows = fresh.concat(this.rows);
    else this.rows = merged(this.rows, fresh);
    return fresh.length;
  }
}

function merged(rows, fresh) {
  const found = [];
  let place = 0;
  for (const each of fresh) {
    while (place < rows.length && rows[place].at <= each.at) found.push(rows[place++]);
    found.push(each);
  }
  return found.concat(rows.slice(place));
}
