// One row for each task run, iterations in groups, with a bar that shows when it waited and when it worked.
import { executionPage } from "../lib/api.js";
import { badge, counted } from "../lib/badge.js";
import { h, problem } from "../lib/dom.js";
import { duration, moment } from "../lib/format.js";
import { follow } from "../lib/live.js";
import { showMenu } from "../lib/menu.js";
import { isOver, ordered } from "../lib/states.js";
import { Windowed } from "../lib/windowed.js";
import { mount as mountLog } from "../log/index.js";
import { Children, childOf } from "./children.js";
import { choices } from "./menu.js";
import { bars, extent, longest, rows, ticks } from "./model.js";

const ROW = 32; // pixels, as in gantt.css

/**
 * @param {HTMLElement} element
 * @param {{execution: string, level?: string, bare?: boolean}} options `bare` has no bars: a list of runs to read the logs of
 */
export function mount(element, options) {
  const island = new Gantt(element, options);
  return { unmount: () => island.unmount() };
}

class Gantt {
  constructor(element, { execution, level, bare = false }) {
    this.level = level;
    this.opened = new Set();
    this.children = new Children(() => this.run && this.show(this.run));
    this.logs = new Map(); // islands of opened rows, by key
    this.axis = h("div", { class: "i-gantt-axis", "aria-hidden": "true" });
    this.scroller = h("div", { class: "i-gantt-rows", role: "tree", "aria-label": "Task runs" });
    this.note = h("div", { class: "i-gantt-note i-muted" }, "Loading …");
    this.root = h("div", { class: `i-gantt${bare ? " i-bare" : ""}` }, this.axis, this.scroller, this.note);
    element.append(this.root);
    this.list = new Windowed(this.scroller, {
      key: (row) => row.key,
      height: (row) => (row.kind === "log" ? 120 : ROW),
      draw: (row, old) => this.#draw(row, old),
      onScroll: () => this.#forgetLogs(),
      onWidth: (width) => {
        this.width = width;
      },
    });
    this.scroller.addEventListener("click", (event) => this.#clicked(event));
    this.scroller.addEventListener("keydown", (event) => this.#key(event));
    this.live = follow(execution, {
      whole: true,
      onRun: (run) => this.show(run),
      onMark: (mark) => mark === "gone" && this.note.replaceChildren(problem(new Error(`There is no execution ${execution}.`))),
    });
    this.clock = setInterval(() => this.run && !isOver(this.run.state.current) && document.visibilityState === "visible" && this.#second(), 1000);
  }

  /** While it runs, bars grow. */
  #second() {
    this.show(this.run);
    this.children.refresh();
  }

  /** Show the execution as it stands. */
  show(run) {
    this.run = run;
    const now = Date.now();
    const runs = [...(run.taskRunList ?? []), ...this.children.runs()];
    const begins = Date.parse(run.state.startDate ?? run.state.histories?.[0]?.date);
    let [from, to] = [begins, isOver(run.state.current) ? begins : now];
    for (const each of runs) {
      const [first, last] = extent(each, now);
      from = Math.min(from, first);
      to = Math.max(to, last);
    }
    [this.from, this.to, this.now] = [from, Math.max(to, from + 1), now];
    this.#axis();
    this.list.set(rows(run, this.opened, this.children), { anchor: true });
    this.root.style.setProperty("--name", `clamp(9rem, ${longest(this.list.rows)}ch + 1.6rem, 35%)`);
    this.root.dataset.rows = this.list.rows.length;
    this.scroller.style.height = `min(${this.list.tops[this.list.rows.length] + 4}px, max(20rem, calc(100vh - 17rem)))`;
    this.note.replaceChildren(runs.length ? "" : "No task has run yet.");
  }

  #axis() {
    const marks = ticks(this.from, this.to, this.width < 1000 ? 3 : 6).map((at) =>
      h("span", { style: { left: `${(at / (this.to - this.from)) * 100}%` } }, at ? duration(at).replace(".0 s", " s") : "0"));
    this.axis.replaceChildren(h("div", { class: "i-gantt-scale" }, marks));
  }

  #draw(row, old) {
    if (row.kind === "log") return old ?? this.#log(row);
    const element = old ?? h("div", { class: "i-gantt-row", role: "treeitem", tabindex: "0" });
    const shown = row.kind === "group" ? this.#group(row) : this.#one(row);
    element.dataset.key = row.key;
    element.setAttribute("aria-level", row.depth + 1);
    element.setAttribute("aria-expanded", row.open);
    element.style.setProperty("--depth", row.depth);
    element.replaceChildren(...shown);
    return element;
  }

  #one({ run, parts, folded }) {
    const [from, to] = extent(run, this.now);
    const child = childOf(run);
    const value = run.value ?? (run.iteration === undefined || run.iteration === null ? "" : `#${run.iteration}`);
    const subflow = child && h("a", { class: "i-link", title: "The subflow's execution", href: executionPage(child) }, "subflow ↗");
    const fold = parts > 0 && h("button", { type: "button", class: "i-fold", "aria-label": folded ? "Show what is inside" : "Hide what is inside", data: { fold: run.id } }, folded ? "▸" : "▾");
    return [
      h("span", { class: "i-gantt-name", title: `${run.taskId} ${value}` }, fold || null, h("b", {}, run.taskId), value !== "" && h("span", { class: "i-gantt-value" }, String(value)), subflow || null),
      h("span", { class: "i-gantt-state" }, badge(run.state.current, run.attempts?.length > 1 ? `(${run.attempts.length} attempts)` : "")),
      h("span", { class: "i-gantt-bar", title: `${moment(new Date(from).toISOString())}, ${duration(to - from)}` }, this.#bars(run)),
      h("span", { class: "i-gantt-time" }, duration(to - from)),
      h("button", { type: "button", class: "i-more", "aria-haspopup": "menu", "aria-label": `What can be done with ${run.taskId}`, data: { menu: run.id } }, "⋮"),
    ];
  }

  #bars(run) {
    const state = run.state.current;
    const parts = bars(run.state, this.now).map((each) => this.#bar(each, `i-${each.kind}`, each.kind === "waiting" ? "QUEUED" : state));
    if (!(run.attempts?.length > 1)) return parts;
    const each = run.attempts.map((attempt) => {
      const [from, to] = extent(attempt, this.now);
      return this.#bar({ from, to }, "i-attempt", attempt.state.current);
    });
    return [...parts.filter((part) => part.classList.contains("i-waiting")), ...each];
  }

  #bar({ from, to }, kind, state) {
    const whole = this.to - this.from;
    const [left, width] = [((from - this.from) / whole) * 100, ((to - from) / whole) * 100];
    return h("i", { class: kind, data: { state }, style: { left: `${left}%`, width: `max(2px, ${width}%)` } });
  }

  #group({ task, runs, counts, open }) {
    const all = runs.map((run) => extent(run, this.now));
    const [from, to] = [Math.min(...all.map(([each]) => each)), Math.max(...all.map(([, each]) => each))];
    const states = ordered(counts);
    return [
      h("span", { class: "i-gantt-name" }, h("span", { class: "i-fold", "aria-hidden": "true" }, open ? "▾" : "▸"), h("b", {}, task), h("span", { class: "i-gantt-value" }, `× ${runs.length}`)),
      h("span", { class: "i-gantt-state" }, counted(states)),
      h("span", { class: "i-gantt-bar" }, this.#bar({ from, to }, "i-working", states[0]?.[0])),
      h("span", { class: "i-gantt-time" }, duration(to - from)),
      h("span"),
    ];
  }

  #log({ key, run, depth }) {
    const element = h("div", { class: "i-gantt-log" });
    const outer = h("div", { class: "i-gantt-inner", role: "treeitem", "aria-level": depth + 2 }, element);
    this.logs.get(key)?.unmount();
    this.logs.set(key, mountLog(element, { execution: run.executionId ?? this.run.id, taskRun: run.id, level: this.level, compact: true }));
    return outer;
  }

  /** Logs that scrolled out of sight stop asking. */
  #forgetLogs() {
    for (const [key, island] of this.logs) {
      if (this.list.element(key)) continue;
      island.unmount();
      this.logs.delete(key);
    }
  }

  #clicked(event) {
    const fold = event.target.closest("[data-fold]");
    const row = event.target.closest(".i-gantt-row");
    const more = event.target.closest("[data-menu]");
    if (!row || event.target.closest("a")) return;
    if (more) return void this.#menu(more);
    this.#toggle(fold ? `fold:${fold.dataset.fold}` : row.dataset.key);
  }

  #menu(button) {
    const { run } = this.list.rows.find((row) => row.run?.id === button.dataset.menu) ?? {};
    if (!run) return;
    const { left, bottom } = button.getBoundingClientRect();
    const child = childOf(run);
    const items = choices(run, this.run);
    if (child) items.push({ text: this.children.has(child.id) ? "Fold the subflow" : "Show the subflow here", run: () => this.children.toggle(child.id) });
    showMenu(run.taskId, items, left, bottom, button);
  }

  #toggle(key) {
    if (!this.opened.delete(key)) this.opened.add(key);
    this.show(this.run);
  }

  #key(event) {
    const row = event.target.closest(".i-gantt-row");
    if (!row || event.target !== row) return;
    const { key } = row.dataset;
    const open = this.opened.has(key);
    if (event.key === "Enter" || event.key === " " || (event.key === "ArrowRight" && !open) || (event.key === "ArrowLeft" && open)) this.#toggle(key);
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") this.#move(row, event.key === "ArrowDown");
    else return;
    event.preventDefault();
  }

  #move(row, down) {
    let next = row;
    do next = down ? next.nextElementSibling : next.previousElementSibling;
    while (next && !next.classList.contains("i-gantt-row"));
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
  }

  unmount() {
    clearInterval(this.clock);
    this.children.leave();
    for (const island of this.logs.values()) island.unmount();
    this.live.leave();
    this.list.destroy();
    this.root.remove();
  }
}
