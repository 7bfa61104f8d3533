// Logs of an execution, or of many: the last page first, more as one scrolls, searched and filtered by the server.
import { address, ask, executionPage } from "../lib/api.js";
import { announce, button, copy, debounced, h, problem, sure, undoing } from "../lib/dom.js";
import { clock, moment } from "../lib/format.js";
import { follow } from "../lib/live.js";
import { keep, setting } from "../lib/settings.js";
import { isOver, isWaiting, LEVELS } from "../lib/states.js";
import { Windowed } from "../lib/windowed.js";
import { plain, rendered } from "./ansi.js";
import { LogSource } from "./source.js";
import { toolbar } from "./toolbar.js";

const LINE = 20; // pixels of a line, as in log.css
const ENOUGH = 60; // lines that fill what is in sight
const QUIET = 1_500; // milliseconds between two looks at a running execution

/**
 * @param {HTMLElement} element
 * @param {{execution?: string, task?: string, taskRun?: string, attempt?: number, level?: string, q?: string,
 *   filters?: object, compact?: boolean, first?: {results: object[], total: number, level: string}, settled?: object}} options
 *   `compact` is without a toolbar, as high as its lines up to some 20; `first` are the last lines, the newest first, as they
 *   came with the page; `settled` as in `follow`
 */
export function mount(element, options) {
  const island = new LogIsland(element, options);
  island.begin();
  return { unmount: () => island.unmount() };
}

class LogIsland {
  constructor(element, options) {
    this.options = options;
    this.undo = undoing();
    this.level = options.level ?? (options.compact ? "TRACE" : setting("defaultLogLevel"));
    this.q = options.q ?? "";
    this.wrap = setting("logWrap") !== "false";
    this.following = true;
    this.columns = 100;
    this.scroller = h("div", { class: "i-log-lines", role: "log", tabindex: "0", "aria-label": "Log lines", "aria-live": "off" });
    this.note = h("div", { class: "i-log-note i-muted" });
    this.runs = h("div", { class: "i-log-runs" });
    this.root = h("div", { class: `i-log${options.compact ? " i-compact" : ""}` });
    this.tools = options.compact ? null : toolbar(this);
    this.root.append(...[this.tools?.element, this.scroller, this.runs, this.note].filter(Boolean));
    element.append(this.root);
    this.list = new Windowed(this.scroller, {
      key: (row) => row.key,
      height: (row) => this.#height(row),
      draw: (row) => this.#draw(row),
      onScroll: (seen) => this.#scrolled(seen),
      onWidth: (width) => this.#width(width),
    });
    this.list.body.setAttribute("role", "list");
    this.undo.listen(this.scroller, "wheel", (event) => event.deltaY < 0 && this.setFollowing(false), { passive: true });
    this.undo.listen(this.scroller, "keydown", (event) => this.#key(event));
    this.source = new LogSource(this.filters());
  }

  /** Whether the lines are those of many task runs of one execution. */
  get divides() {
    const { execution, task, taskRun } = this.options;
    return Boolean(execution && !task && !taskRun);
  }

  /** Return the fields of the search. */
  filters() {
    const { execution, task, taskRun, attempt, filters } = this.options;
    const found = { ...filters, executionId: execution, taskId: task, taskRunId: taskRun, attemptNumber: attempt, q: this.q };
    const query = Object.entries(found)
      .filter(([, value]) => value !== undefined && value !== null && value !== "")
      .map(([name, value]) => (name.startsWith("filters[") ? [name, value] : [`filters[${name}][EQUALS]`, value]));
    if (this.level && this.level !== "TRACE") query.push(["filters[level][EQUALS]", this.level]);
    return Object.fromEntries(query);
  }

  async begin() {
    this.#classes();
    if (this.tools && this.divides && setting("logDisplay") === "taskruns") this.setByTask(true);
    if (!this.#given()) await this.reload();
    if (!this.options.execution || this.gone) return;
    const looking = debounced(() => this.look(), 200);
    this.live = follow(this.options.execution, {
      onRun: (run) => {
        [this.over, this.waits] = [isOver(run.state.current), isWaiting(run.state.current)];
        if (!this.over || !this.options.settled) looking();
        this.#tick();
      },
      onLate: () => this.look(),
      onMark: (mark) => {
        this.mark = mark;
        this.#tick();
      },
    }, this.options.settled ?? undefined);
  }

  /** Show the last lines that came with the page, if they fill what is in sight or are all; returns whether they did. */
  #given() {
    const { results, total, level } = this.options.first ?? {};
    const lowest = LEVELS.indexOf(this.level);
    if (!results || LEVELS.indexOf(level || "TRACE") > lowest) return false;
    const lines = results.filter((each) => LEVELS.indexOf(each.level) >= lowest);
    if (lines.length < ENOUGH && total > results.length) return false;
    this.source.begin(lines.map((each) => ({ executionId: this.options.execution, ...each })), total <= results.length);
    this.list.set(this.source.rows);
    this.#tell();
    this.list.toEnd();
    return true;
  }

  /** While it runs, a task may log without any state changing. */
  #tick() {
    clearTimeout(this.ticking);
    if (this.gone || this.over || this.waits || ["paused", "gone", "ended"].includes(this.mark) || document.visibilityState === "hidden") return;
    this.ticking = setTimeout(async () => {
      await this.look();
      this.#tick();
    }, QUIET);
  }

  /** Begin anew: another filter, or the other end. */
  async reload(from = "end") {
    this.source.filters = this.filters();
    this.source.reset(from);
    this.list.forget();
    this.busy = false;
    this.following = from === "end";
    await this.#read(() => this.source.more());
    if (this.gone) return;
    if (from === "end") this.list.toEnd();
    else this.scroller.scrollTop = 0;
  }

  /** Show what has come since. */
  async look() {
    await this.#read(() => this.source.newer());
    if (this.following && this.source.from === "end") this.list.toEnd();
  }

  async #read(step) {
    if (this.busy || this.gone) return;
    this.busy = true;
    const signal = this.source.running.signal;
    try {
      const added = await step();
      if (this.gone || signal.aborted) return;
      if (added || !this.source.rows.length || this.failed) this.list.set(this.source.rows, { anchor: !this.following });
      this.failed = false;
      this.#tell();
    } catch (error) {
      if (error.name === "AbortError" || this.gone) return;
      this.failed = true;
      this.note.replaceChildren(problem(error, () => this.reload()));
    } finally {
      if (!signal.aborted) this.busy = false;
      if (this.missed && !this.gone) this.list.paint();
    }
  }

  #tell() {
    const { rows, complete, from } = this.source;
    const more = from === "end" && !complete ? "; scroll up for older ones" : "";
    const none = this.q || this.level !== "TRACE" ? "No line matches the level and the search." : "Nothing was logged yet.";
    this.note.replaceChildren(rows.length ? `${rows.length.toLocaleString()} lines${more}` : none);
    this.root.dataset.lines = rows.length;
    if (this.options.compact) this.scroller.style.height = `${Math.min(400, Math.max(1, rows.length) * LINE + 12)}px`;
  }

  #scrolled({ atTop, atEnd }) {
    if (!this.source.rows.length) return;
    this.missed = this.busy; // looked at again once what is being read is there
    if (this.busy) return;
    if (atTop && this.source.from === "end" && !this.source.complete) this.#read(() => this.source.more());
    if (atEnd && this.source.from === "beginning") this.#read(() => this.source.more());
    if (atEnd && this.source.from === "end" && !this.following) this.setFollowing(true);
  }

  #key(event) {
    if (["ArrowUp", "PageUp", "Home"].includes(event.key)) this.setFollowing(false);
  }

  setFollowing(following) {
    if (following === this.following) return;
    this.following = following;
    this.tools?.following(following);
    if (following && this.source.from === "beginning") this.reload("end");
    else if (following) this.list.toEnd();
  }

  setLevel(level) {
    this.level = level;
    keep("defaultLogLevel", level);
    this.reload();
    if (this.byTask) this.setByTask(true);
  }

  setQuery(q) {
    this.q = q.trim();
    this.marked = this.q ? new RegExp(this.q.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "gi") : null;
    this.reload();
  }

  /** Show the lines in the order of their times, or below the task runs that have written them. */
  async setByTask(byTask) {
    keep("logDisplay", byTask ? "taskruns" : "all");
    this.byTask?.unmount();
    this.byTask = null;
    this.root.classList.toggle("i-by-task", byTask);
    if (!byTask) return;
    const { mount: mountRuns } = await import("../gantt/index.js");
    if (this.gone || !this.root.classList.contains("i-by-task")) return;
    this.byTask = mountRuns(this.runs, { execution: this.options.execution, level: this.level, bare: true });
  }

  /** Delete the lines that the level and the task mean, once somebody is sure. */
  async remove() {
    const { execution, task, taskRun } = this.options;
    const query = Object.fromEntries(Object.entries(this.filters()).filter(([name]) => !/\[(q|executionId)\]/.test(name)));
    const which = [task && `of task ${task}`, taskRun && "of this task run", this.level !== "TRACE" && `of level ${this.level} and above`].filter(Boolean);
    if (!(await sure(`Delete the log lines of this execution${which.length ? `: those ${which.join(", ")}` : ", all of them"}?`, "Delete"))) return;
    try {
      await ask(["logs", execution], { method: "DELETE", query });
      await this.reload();
    } catch (error) {
      this.note.replaceChildren(problem(error));
    }
  }

  setWrap(wrap) {
    this.wrap = wrap;
    keep("logWrap", wrap);
    this.#classes();
    this.list.forget();
  }

  #classes() {
    this.root.classList.toggle("i-wrap", this.wrap);
  }

  /** Go to the next error (`step` 1) or the one before (-1), from what is in sight. */
  async jump(step) {
    this.setFollowing(false);
    const { rows } = this.source;
    const from = rows.findIndex(({ key }) => key === this.jumped);
    let place = (from >= 0 ? from : step > 0 ? this.list.first - 1 : rows.length) + step;
    while (place >= 0 && place < rows.length && rows[place].entry.level !== "ERROR") place += step;
    if (rows[place]) return this.#show(place);
    if (await this.#further(step)) return this.jump(step);
    announce("There is no other error");
    this.note.replaceChildren(`There is no ${step < 0 ? "earlier" : "later"} error.`);
  }

  #show(place) {
    const { key } = this.source.rows[place];
    this.jumped = key;
    this.list.to(place);
    const shown = this.list.element(key);
    shown?.classList.add("i-found");
    setTimeout(() => shown?.classList.remove("i-found"), 2_000);
  }

  /** Load lines in a direction until there is an error among them; returns whether there is one. */
  async #further(step) {
    const { source } = this;
    if (source.complete || (step < 0) !== (source.from === "end")) return false;
    const edge = source.rows.at(step < 0 ? 0 : -1)?.entry.timestamp;
    if (!edge || !(await source.hasError(step, edge))) return false;
    const errors = () => source.rows.filter(({ entry }) => entry.level === "ERROR").length;
    const before = errors();
    while (errors() === before && !source.complete && !this.gone) {
      await this.#quiet();
      const lines = source.rows.length;
      await this.#read(() => source.more());
      if (source.rows.length === lines) break;
    }
    return errors() > before;
  }

  /** Wait until nothing is being read. */
  async #quiet() {
    while (this.busy && !this.gone) await new Promise((done) => setTimeout(done, 20));
  }

  copy() {
    return copy(this.source.rows.map(({ entry }) => `${entry.timestamp} ${entry.level} ${plain(entry.message)}`).join("\n"));
  }

  /** The address of the whole log as a file; empty for a search over many executions. */
  get file() {
    const { execution, task, taskRun, attempt } = this.options;
    if (!execution) return "";
    const query = { minLevel: this.level === "TRACE" ? "" : this.level, taskId: task, taskRunId: taskRun, attempt };
    return address(["logs", execution, "download"], query);
  }

  #width(width) {
    const columns = Math.max(20, Math.floor((width - (this.options.execution ? 250 : 420)) / 7.3));
    if (columns === this.columns) return;
    this.columns = columns;
    if (this.wrap) this.list.forget();
  }

  /** Guess the height of a line: the font is of one width. What is seen corrects it. */
  #height({ entry }) {
    const { message } = entry;
    if (message.length < this.columns && !message.includes("\n")) return LINE;
    const parts = message.split("\n");
    if (!this.wrap) return parts.length * LINE;
    return parts.reduce((sum, part) => sum + Math.max(1, Math.ceil(part.length / this.columns)), 0) * LINE;
  }

  #draw({ entry }) {
    const where = this.options.execution ? null : this.#where(entry);
    const task = entry.taskId && !this.options.task && !this.options.taskRun && h("span", { class: "i-log-task", title: entry.taskId }, entry.taskId);
    const attempt = entry.attemptNumber > 0 && h("span", { class: "i-log-attempt", title: `Attempt ${entry.attemptNumber + 1}` }, `#${entry.attemptNumber + 1}`);
    return h("div", { class: "i-log-line", role: "listitem", data: { level: entry.level } },
      h("time", { datetime: entry.timestamp, title: moment(entry.timestamp) }, where ? moment(entry.timestamp) : clock(entry.timestamp)),
      h("span", { class: "i-log-level" }, entry.level), where, task || null, attempt || null,
      h("span", { class: "i-log-text" }, rendered(entry.message, this.marked ?? null)));
  }

  #where(entry) {
    return h("a", { class: "i-log-where", href: executionPage(entry, "logs") }, `${entry.namespace}.${entry.flowId}`);
  }

  unmount() {
    this.gone = true;
    clearTimeout(this.ticking);
    this.source.running.abort();
    this.live?.leave();
    this.list.destroy();
    this.byTask?.unmount();
    this.tools?.destroy();
    this.undo.run();
    this.root.remove();
  }
}
