// The topology of a flow, of an execution, of flows that depend on each other; or of a text that is not saved.
import { ask } from "../lib/api.js";
import { button, download, h, problem, svg, undoing } from "../lib/dom.js";
import { follow } from "../lib/live.js";
import { showMenu } from "../lib/menu.js";
import { keep, onSetting, setting } from "../lib/settings.js";
import { isOver } from "../lib/states.js";
import { drawAll, redraw } from "./draw.js";
import { layout } from "./layout.js";
import { choices } from "./menu.js";
import { Panel } from "./panel.js";
import { byParent, byTask, leaves, nameOf, standing, treeOf } from "./model.js";
import { Viewport } from "./viewport.js";

/**
 * @param {HTMLElement} element
 * @param {{namespace?: string, flow?: string, revision?: number, execution?: string, dependencies?: boolean, source?: string,
 *   onTask?: (id: string) => void}} options
 * @returns {{unmount: () => void, update: (source: string) => Promise<void>}} `update` shows another text
 */
export function mount(element, options) {
  const island = new Graph(element, options);
  island.begin();
  return { unmount: () => island.unmount(), update: (source) => island.update(source) };
}

class Graph {
  constructor(element, options) {
    this.options = options;
    this.folded = new Set();
    this.expanded = new Set();
    this.undo = undoing();
    this.sheet = svg("g");
    this.frame = svg("svg", { class: "i-graph-frame", role: "group", "aria-label": "Graph" }, markers(), this.sheet);
    this.note = h("div", { class: "i-graph-note" }, h("span", { class: "i-muted" }, "Loading …"));
    this.root = h("div", { class: "i-graph" }, this.#tools(), this.frame, this.note);
    element.append(this.root);
    this.view = new Viewport(this.frame, this.sheet);
    this.undo.listen(this.frame, "click", (event) => this.#clicked(event));
    this.undo.listen(this.frame, "keydown", (event) => this.#key(event));
    this.undo.add(onSetting((name) => name === "topologyOrientation" && this.#lay()));
    const sizes = new ResizeObserver(() => !this.touched && this.#fit());
    sizes.observe(this.frame);
    this.undo.add(() => sizes.disconnect());
  }

  #tools() {
    const turn = () => keep("topologyOrientation", this.horizontal ? "vertical" : "horizontal");
    return h("div", { class: "i-toolbar i-graph-tools", role: "toolbar", "aria-label": "Graph" },
      button("+", () => this.#zoom(1.25), { "aria-label": "Larger", title: "Larger (Ctrl and wheel, or +)" }),
      button("−", () => this.#zoom(0.8), { "aria-label": "Smaller", title: "Smaller (-)" }),
      button("Fit", () => this.#fit(true), { title: "Show all (0)" }),
      button("Turn", turn, { title: "Vertical or horizontal" }),
      button("Fold all", () => this.#foldAll(), { title: "Fold or open all groups" }),
      button("SVG", () => this.#export(), { title: "Save as SVG" }));
  }

  get horizontal() {
    return setting("topologyOrientation") === "horizontal";
  }

  async begin() {
    const { execution, source } = this.options;
    await (source === undefined ? this.load() : this.update(source));
    if (!execution || this.gone) return;
    this.live = follow(execution, { whole: true, onRun: (run) => this.#ran(run) });
    this.clock = setInterval(() => this.run && !isOver(this.run.state.current) && document.visibilityState === "visible" && this.#draw(), 1000);
  }

  /** Ask for the graph and show it. */
  async load() {
    const { namespace, flow, revision, execution, dependencies } = this.options;
    const query = { subflows: [...this.expanded], revision };
    const parts = execution ? ["executions", execution, "graph"] : ["flows", namespace, flow, "graph"];
    try {
      if (dependencies) this.show(await ask(flow ? ["flows", namespace, flow, "dependencies"] : ["namespaces", namespace, "dependencies"], { query: flow ? { expandAll: true } : {} }));
      else this.show(await ask(parts, { query: execution ? { subflows: query.subflows } : query }));
    } catch (error) {
      this.note.replaceChildren(problem(error, () => this.load()));
    }
  }

  /** Show a text's graph; one that cannot be read leaves the last one standing. */
  async update(source) {
    this.source = source;
    try {
      const graph = await ask(["flows", "graph"], { yaml: source, query: { subflows: [...this.expanded] } });
      if (this.source === source && !this.gone) this.show(graph);
    } catch (error) {
      if (this.source === source) this.note.replaceChildren(h("span", { class: "i-muted" }, this.graph ? "As it was when the text could be read." : error.message));
    }
  }

  show(graph) {
    const before = this.graph;
    this.graph = graph;
    this.top = treeOf(graph);
    this.boxes = leaves(this.top);
    this.note.replaceChildren(graph.nodes?.length ? "" : "Nothing depends on it, and it depends on nothing.");
    this.#lay(Boolean(before));
  }

  #lay(stay = false) {
    if (!this.top) return;
    const began = performance.now();
    this.laid = layout(this.top, this.graph.edges ?? [], this.boxes, { folded: this.folded, horizontal: this.horizontal });
    this.root.dataset.layout = Math.round(performance.now() - began);
    this.#draw(true);
    if (!stay || !this.touched) this.#fit();
  }

  /** Draw what has changed, or all `anew`: boxes have moved. */
  #draw(anew = false) {
    const focused = document.activeElement?.closest?.(".i-node");
    const how = { folded: this.folded, standing: (name, box) => this.standing(name, box) };
    if (anew) this.drawn = drawAll(this.sheet, this.top, this.laid, how);
    else redraw(this.drawn, how);
    this.root.dataset.drawn = this.sheet.querySelectorAll(".i-node").length;
    if (focused && !focused.isConnected) this.#focus(focused.dataset.id ?? focused.dataset.fold);
  }

  #ran(run) {
    this.run = run;
    [this.tasks, this.rounds] = [byTask(run.taskRunList ?? []), byParent(run.taskRunList ?? [])];
    if (this.laid) this.#draw();
    const runs = this.panel && this.tasks.get(this.panel.task);
    if (runs) this.panel.update(runs);
  }

  /** Return how a task stands; what is inside a subflow shown in place belongs to another execution. */
  standing(name, box) {
    if (!this.run || box?.node?.uid?.includes(".")) return box?.node?.taskRun ? standing(name, byTask([box.node.taskRun]), new Map()) : null;
    return standing(name, this.tasks, this.rounds);
  }

  /** Show a subflow in place, or no more. */
  expand(uid) {
    if (!this.expanded.delete(uid)) this.expanded.add(uid);
    return this.source === undefined ? this.load() : this.update(this.source);
  }

  #clicked(event) {
    if (this.view.moved) return;
    const node = event.target.closest(".i-node");
    if (node) this.#open(node, event.clientX, event.clientY);
  }

  #open(node, x, y) {
    const { fold, id } = node.dataset;
    if (fold) return void this.#fold(fold);
    const box = this.boxes.get(id);
    const items = choices(box, this);
    const state = this.options.execution && this.run && box.kind !== "trigger" ? this.standing(nameOf(box), box) : null;
    if (state) this.#panel(box, state, items);
    else if (items.length) showMenu(nameOf(box), items, x, y, node);
  }

  #panel(box, { run }, items) {
    this.panel?.close();
    const runs = this.tasks.get(run.taskId)?.some(({ id }) => id === run.id) ? this.tasks.get(run.taskId) : [run];
    const back = () => {
      this.panel = null;
      this.#focus(box.id);
    };
    this.panel = new Panel(this.root, { task: nameOf(box), runs, run, execution: this.run, items, back });
  }

  #fold(id) {
    if (!this.folded.delete(id)) this.folded.add(id);
    this.touched = true;
    this.#lay(true);
    this.#focus(id);
  }

  #foldAll() {
    const all = [...this.boxes.values()].filter((box) => box.kind === "cluster" && box.parent?.id === "");
    const open = all.some((box) => !this.folded.has(box.id));
    this.folded = new Set(open ? all.map((box) => box.id) : []);
    this.#lay();
  }

  #key(event) {
    const node = event.target.closest?.(".i-node");
    const steps = { "+": () => this.#zoom(1.25), "-": () => this.#zoom(0.8), 0: () => this.#fit(true) };
    if (node && (event.key === "Enter" || event.key === " ")) {
      const { left, bottom } = node.getBoundingClientRect();
      this.#open(node, left, bottom);
    } else if (node && event.key.startsWith("Arrow")) this.#next(node, ["ArrowDown", "ArrowRight"].includes(event.key) ? 1 : -1);
    else if (steps[event.key] && !event.ctrlKey && !event.metaKey) steps[event.key]();
    else return;
    event.preventDefault();
  }

  #next(node, step) {
    const all = [...this.sheet.querySelectorAll(".i-node")].sort((one, other) => order(one) - order(other));
    const next = all[(all.indexOf(node) + step + all.length) % all.length];
    this.#focus(next.dataset.id ?? next.dataset.fold);
    function order(each) {
      const { top, left } = each.getBoundingClientRect();
      return Math.round(top) * 10_000 + left;
    }
  }

  #focus(id) {
    const node = this.sheet.querySelector(`.i-node[data-id="${CSS.escape(id)}"], .i-node[data-fold="${CSS.escape(id)}"]`);
    node?.focus({ preventScroll: true });
    const box = this.boxes.get(id);
    if (node && box && this.touched) this.view.reveal(box);
  }

  #zoom(factor) {
    this.touched = true;
    this.view.zoom(factor);
  }

  #fit(asked) {
    if (asked) this.touched = false;
    if (this.laid && this.frame.clientWidth) this.view.fit(this.laid.width, this.laid.height);
  }

  /** Save the sheet with its styles in it: elsewhere there is no stylesheet. */
  #export() {
    const { width, height } = this.laid;
    const sheet = this.sheet.cloneNode(true);
    sheet.removeAttribute("transform");
    const shown = [...this.sheet.querySelectorAll("*")];
    sheet.querySelectorAll("*").forEach((each, place) => {
      const style = getComputedStyle(shown[place]);
      for (const name of ["fill", "stroke", "stroke-width", "stroke-dasharray", "font-size", "font-weight", "font-family", "opacity"]) {
        if (style[name]) each.setAttribute(name, style[name]);
      }
    });
    const whole = svg("svg", { xmlns: "http://www.w3.org/2000/svg", width, height, viewBox: `0 0 ${width} ${height}` }, markers(getComputedStyle(this.frame).color), sheet);
    download(`${this.options.flow ?? this.options.execution ?? "graph"}.svg`, new XMLSerializer().serializeToString(whole), "image/svg+xml");
  }

  unmount() {
    this.gone = true;
    clearInterval(this.clock);
    document.querySelector(".i-menu")?.close?.();
    this.live?.leave();
    this.panel?.close();
    this.view.destroy();
    this.undo.run();
    this.root.remove();
  }
}

function markers(color) {
  const arrow = svg("path", { d: "M0,0 L6,3 L0,6 Z", class: "i-arrow", fill: color ?? null });
  return svg("defs", {}, svg("marker", { id: "i-arrow", viewBox: "0 0 6 6", refX: 6, refY: 3, markerWidth: 6, markerHeight: 6, orient: "auto-start-reverse" }, arrow));
}
