// One stream for each execution that a page shows, shared by everything on the page that wants it.
//
// Promises: what listeners get never goes back; the mark says whether what is shown is live; after the end things are
// fetched again after 0, 2 and 10 seconds, for logs come late; a page that is hidden for 30 seconds asks for nothing; without
// streams it polls. An execution that had ended long before the page was made is fetched only for who shows its task runs.
import { address, ask } from "./api.js";
import { isOver, isWaiting } from "./states.js";

const TIMES = { hidden: 30_000, poll: 3_000, soonest: 500, latest: 15_000, lived: 2_000, silent: 45_000, late: [0, 2_000, 10_000] };
const MARKS = { live: "live", connecting: "connecting", reconnecting: "reconnecting", polling: "polling", waiting: "waiting", ended: "ended", hidden: "paused", gone: "gone" };
const open = new Map();

/** Whether a page is that of an execution: only that one is said to the page, and only that one has a stream. */
function isOfPage(id) {
  const own = document.querySelector("[data-live-execution]")?.dataset.liveExecution;
  return own === undefined || own === id;
}

/** Return how far an execution is: later never compares as less. */
function progress(run) {
  const histories = run.state?.histories ?? [];
  let steps = 0;
  for (const each of run.taskRunList ?? []) steps += (each.state?.histories?.length ?? 0) + (each.attempts?.length ?? 0);
  return [histories.length, Date.parse(histories.at(-1)?.date ?? 0), steps];
}

/** Return whether `one` is older than `other`. */
export function isOlder(one, other) {
  const [a, b] = [progress(one), progress(other)];
  const place = a.findIndex((each, index) => each !== b[index]);
  return place >= 0 && a[place] < b[place];
}

/** Return an execution whose changed task runs have come: the others stand as they stood; none goes back. */
function completed(run, { partial: _, ...changed }) {
  const before = run?.taskRunList ?? [];
  const known = new Map(before.map((each) => [each.id, each]));
  for (const each of changed.taskRunList) {
    const one = { state: each.state, taskRunList: [each] };
    const other = known.get(each.id);
    if (!other || !isOlder(one, { state: other.state, taskRunList: [other] })) known.set(each.id, each);
  }
  return { ...changed, taskRunList: [...known.values()] };
}

/** An execution as a page follows it. */
class Live {
  constructor(id, times) {
    this.id = id;
    this.times = times;
    this.run = null;
    this.settled = null; // how it stands, without its task runs, where that does not change any more
    this.mark = MARKS.connecting;
    this.listeners = new Set();
    this.failures = 0;
    this.timers = new Set();
    this.visibility = () => this.#visibility();
    document.addEventListener("visibilitychange", this.visibility);
  }

  /** Add who wants to hear of it. */
  add(listener, settled) {
    const first = !this.listeners.size;
    this.listeners.add(listener);
    this.settled = settled ?? this.settled;
    listener.onMark?.(this.mark);
    if (this.run?.taskRunList || (this.run && !listener.whole)) listener.onRun?.(this.run);
    if (first || (listener.whole && this.settled && !this.asked)) this.#begin();
  }

  /** Fetch it now. */
  async refresh() {
    this.asked = true;
    try {
      this.#take(await ask(["executions", this.id]));
      return true;
    } catch (error) {
      if (error.status === 404) this.#say(MARKS.gone);
      return false;
    }
  }

  close() {
    document.removeEventListener("visibilitychange", this.visibility);
    this.#stop();
    open.delete(this.id);
  }

  async #begin() {
    this.closed = false;
    if (this.settled && ![...this.listeners].some(({ whole }) => whole)) {
      this.#say(MARKS.ended);
      return void this.#take(this.settled);
    }
    await this.refresh();
    if (this.closed || this.mark === MARKS.gone) return;
    if (!this.run || !isOver(this.run.state.current)) this.#connect();
    else if (this.settled) this.#say(MARKS.ended);
    else this.#ended();
  }

  #connect() {
    if (this.closed || this.source) return;
    if (isWaiting(this.run?.state.current)) return this.#wait();
    if (!this.#mayStream()) return void this.#poll();
    const began = Date.now();
    const source = new EventSource(address(["executions", this.id, "follow"], { changedOnly: true }));
    this.source = source;
    let heard = false;
    source.onmessage = (event) => {
      heard = true;
      this.failures = 0;
      this.#quiet();
      this.#say(MARKS.live);
      const found = JSON.parse(event.data);
      if (found.state) this.#take(found.partial ? completed(this.run, found) : found);
      if (event.lastEventId === "end") this.#ended();
    };
    source.onerror = () => {
      // The server ends streams after some minutes: that is none of our failures, it is opened again at once.
      this.#disconnect();
      if (this.closed || this.mark === MARKS.ended) return;
      if (!heard || Date.now() - began < this.times.lived) this.failures += 1;
      this.#say(MARKS.reconnecting);
      this.#later(() => this.#begin(), Math.min(this.times.soonest * 2 ** this.failures, this.times.latest));
    };
  }

  /** A stream is paid for as long as it is open: where an execution waits for somebody, the page asks now and then. */
  #mayStream() {
    return this.failures < 2 && isOfPage(this.id) && !isWaiting(this.run?.state.current) && typeof EventSource !== "undefined";
  }

  /** A stream that says nothing for long, not even that it lives, is dead without anybody having been told. */
  #quiet() {
    clearTimeout(this.watchdog);
    this.watchdog = setTimeout(() => this.source?.onerror(), this.times.silent);
  }

  #wait() {
    this.#say(MARKS.waiting);
    this.#later(() => this.#poll(), this.times.poll);
  }

  async #poll() {
    if (this.closed) return;
    const fine = await this.refresh();
    if (this.closed || this.mark === MARKS.gone) return;
    if (this.run && isOver(this.run.state.current)) return void this.#ended();
    if (fine && this.#mayStream()) return void this.#connect();
    if (fine && isWaiting(this.run?.state.current)) return this.#wait();
    this.#say(fine ? MARKS.polling : MARKS.reconnecting);
    this.#later(() => this.#poll(), this.times.poll);
  }

  #ended() {
    this.#stop();
    this.#say(MARKS.ended);
    for (const delay of this.times.late) {
      this.#later(async () => {
        if (!(await this.refresh())) return;
        for (const { onLate } of this.listeners) onLate?.(this.run);
        this.#tell("ended", this.run);
      }, delay);
    }
  }

  #take(run) {
    if (this.run && isOlder(run, this.run)) return;
    if (this.run?.taskRunList && isWaiting(run.state.current) && !isOlder(this.run, run)) return; // it still waits
    const woken = this.mark === MARKS.ended && !isOver(run.state.current);
    this.run = run;
    for (const { onRun, whole } of this.listeners) if (run.taskRunList || !whole) onRun?.(run);
    this.#tell("execution", run);
    if (woken) this.again(); // restarted
    if (this.source && isWaiting(run.state.current)) {
      this.#disconnect();
      this.#wait();
    }
  }

  /** Begin anew, as after a restart. */
  again() {
    this.#stop();
    this.failures = 0;
    this.settled = null;
    this.#say(MARKS.connecting);
    this.#begin();
  }

  #visibility() {
    if (this.mark === MARKS.ended || this.mark === MARKS.gone) return;
    clearTimeout(this.hiding);
    if (document.visibilityState === "hidden") {
      this.hiding = setTimeout(() => {
        this.#stop();
        this.#say(MARKS.hidden);
      }, this.times.hidden);
    } else if (this.closed) {
      this.#say(MARKS.connecting);
      this.#begin();
    }
  }

  #say(mark) {
    if (mark === this.mark) return;
    this.mark = mark;
    for (const { onMark } of this.listeners) onMark?.(mark);
    this.#tell("live", { execution: this.id, mark });
  }

  #tell(what, detail) {
    if (isOfPage(this.id)) document.dispatchEvent(new CustomEvent(`tiercel:${what}`, { detail }));
  }

  #later(step, delay) {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      step();
    }, delay);
    this.timers.add(timer);
  }

  #disconnect() {
    clearTimeout(this.watchdog);
    this.source?.close();
    this.source = null;
  }

  #stop() {
    this.closed = true;
    this.#disconnect();
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
  }
}

/**
 * Follow an execution.
 * @param {string} id
 * @param {{onRun?: (run: object) => void, onMark?: (mark: string) => void, onLate?: (run: object) => void, whole?: boolean}} listener
 *   told at once of what is known already; `whole` when it needs the task runs, too
 * @param {object} [settled] the execution without its task runs, where the page knows that it has ended long ago
 * @returns {{refresh: () => Promise<boolean>, again: () => void, leave: () => void}}
 */
export function follow(id, listener, settled) {
  if (!open.has(id)) open.set(id, new Live(id, { ...TIMES, ...globalThis.tiercelTimes }));
  const live = open.get(id);
  live.add(listener, settled);
  return {
    refresh: () => live.refresh(),
    again: () => live.again(),
    leave() {
      live.listeners.delete(listener);
      if (!live.listeners.size) live.close();
    },
  };
}
