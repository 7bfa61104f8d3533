// What stands beside the text: one panel at a time, each a function that fills an element and says what it listens to.
import { debounced, h } from "../lib/dom.js";
import { keep, setting } from "../lib/settings.js";
import { blueprints } from "./blueprints.js";
import { documentation } from "./documentation.js";
import { files } from "./files.js";
import { taskPlace } from "./places.js";
import { trial } from "./trial.js";

const PANELS = [
  ["topology", "Topology", topology], ["documentation", "Documentation", documentation], ["files", "Files", files],
  ["expression", "Expression", trial], ["blueprints", "Blueprints", blueprints], ["none", "Only text", null],
];

/** The text as a graph, also while it is not saved. */
function topology({ view, options, goTo }, body) {
  let [graph, gone] = [null, false];
  const redraw = debounced((source) => graph?.update(source), 500);
  import("../graph/index.js").then(({ mount }) => {
    if (gone) return;
    graph = mount(body, { source: view.state.doc.toString(), namespace: options.namespace, flow: options.flow, onTask: (id) => goTo(taskPlace(view.state, id)) });
  });
  return {
    changed: (source) => source !== null && redraw(source),
    close() {
      gone = true;
      redraw.cancel();
      graph?.unmount();
    },
  };
}

export class Side {
  /**
   * @param {{view: object, options: object, text: () => string, goTo: (place: number) => void, insert: (text: string) => void,
   *   replace: (text: string) => void}} editor what panels may see of the editor and do in it
   * @param {string} [shown] which panel is open at first
   */
  constructor(editor, shown) {
    this.editor = editor;
    this.kept = new Map(); // what a panel wants to find again when it is next shown, by its name
    this.body = h("div", { class: "i-side-body", id: "i-side-body", role: "tabpanel" });
    this.tabs = h("div", { class: "i-side-tabs", role: "tablist", "aria-label": "Beside the text", on: { keydown: (event) => this.#keys(event) } },
      PANELS.map(([name, text]) => h("button", { type: "button", class: "i-button", role: "tab", data: { panel: name }, "aria-controls": "i-side-body", on: { click: () => this.show(name) } }, text)));
    this.#open(PANELS.some(([name]) => name === shown) ? shown : setting("view-type"));
  }

  show(name) {
    keep("view-type", name);
    this.#open(name);
  }

  #open(name) {
    const [known, text, make] = PANELS.find(([each]) => each === name) ?? PANELS[0];
    this.panel?.close?.();
    this.name = known;
    for (const tab of this.tabs.children) {
      tab.setAttribute("aria-selected", tab.dataset.panel === known);
      tab.tabIndex = tab.dataset.panel === known ? 0 : -1;
    }
    this.body.replaceChildren();
    this.body.setAttribute("aria-label", text);
    this.editor.root?.classList.toggle("i-alone", !make);
    if (!this.kept.has(known)) this.kept.set(known, {});
    this.panel = make?.(this.editor, this.body, this.kept.get(known));
  }

  /** Arrows go from tab to tab, as in every row of tabs. */
  #keys(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    const place = PANELS.findIndex(([name]) => name === this.name);
    const next = this.tabs.children[(place + step + PANELS.length) % PANELS.length];
    next.focus();
    next.click();
    event.preventDefault();
  }

  /** @param {string | null} source the text where it has changed; null where only the place of the cursor has */
  changed(source) {
    this.panel?.changed?.(source);
  }

  destroy() {
    this.panel?.close?.();
  }
}
