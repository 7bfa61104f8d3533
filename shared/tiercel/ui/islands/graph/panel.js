// What is known of a task in an execution, beside the graph: its log, what it gave, what it was given.
import { badge } from "../lib/badge.js";
import { button, h } from "../lib/dom.js";
import { mount as mountLog } from "../log/index.js";

const MOST = 20_000; // characters of outputs that are shown
const MOST_RUNS = 500; // iterations to choose from

export class Panel {
  /**
   * @param {HTMLElement} root where it stands
   * @param {{task: string, runs: object[], run: object, execution: object, items: object[], back?: () => void}} given
   */
  constructor(root, { task, runs, run, execution, items, back }) {
    Object.assign(this, { task, execution, back });
    this.head = h("h2", {}, task);
    this.body = h("div");
    const rounds = runs.length > 1 && h("select", { class: "i-select", "aria-label": "Iteration", on: { change: (event) => this.#show(this.runs.get(event.target.value)) } },
      runs.slice(0, MOST_RUNS).map((each) => h("option", { value: each.id, selected: each.id === run.id }, `${each.value ?? `#${each.iteration ?? 0}`}`.slice(0, 60))));
    const links = items.map(({ text, href, run: act }) => (href ? h("a", { class: "i-link", href }, text) : button(text, () => (this.close(), act()), { class: "i-link" })));
    this.element = h("section", { class: "i-panel", role: "dialog", "aria-label": task },
      h("header", {}, this.head, rounds || null, button("×", () => this.close(), { "aria-label": "Close", title: "Close (Esc)" })),
      h("nav", { class: "i-panel-links" }, links), this.body);
    this.element.addEventListener("keydown", (event) => event.key === "Escape" && (this.close(), event.stopPropagation()));
    root.append(this.element);
    this.update(runs);
    this.#show(run);
    this.element.querySelector("header button").focus();
  }

  /** Show how the runs stand now. */
  update(runs) {
    this.runs = new Map(runs.map((each) => [each.id, each]));
    const now = this.run && this.runs.get(this.run.id);
    if (now && JSON.stringify(now) !== this.said) this.#tell(now);
  }

  #show(run) {
    this.log?.unmount();
    const log = h("div");
    this.values = h("div");
    this.body.replaceChildren(h("h3", {}, "Log"), log, this.values);
    this.#tell(run);
    this.log = mountLog(log, { execution: run.executionId ?? this.execution.id, taskRun: run.id, compact: true });
  }

  #tell(run) {
    [this.run, this.said] = [run, JSON.stringify(run)];
    const tries = run.attempts?.length > 1 ? `(${run.attempts.length} attempts)` : "";
    this.head.replaceChildren(this.task, " ", badge(run.state.current, tries));
    const value = run.value === null || run.value === undefined ? {} : { "taskrun.value": run.value };
    this.values.replaceChildren(...section("Outputs", run.outputs), ...section("Inputs", { ...value, ...this.execution.inputs }));
  }

  close() {
    this.log?.unmount();
    this.element.remove();
    this.back?.();
  }
}

function section(title, values) {
  const none = !Object.keys(values ?? {}).length;
  return [h("h3", {}, title), none ? h("p", { class: "i-muted" }, "none") : h("pre", { tabindex: "0" }, JSON.stringify(values, null, 2).slice(0, MOST))];
}
