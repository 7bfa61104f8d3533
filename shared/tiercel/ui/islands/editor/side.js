// What stands beside the text: the topology, or the documentation of the task under the cursor.
import { ask, page } from "../lib/api.js";
import { debounced, h } from "../lib/dom.js";
import { keep, setting } from "../lib/settings.js";
import { pluginAt, taskPlace } from "./places.js";

const PANELS = [["topology", "Topology"], ["documentation", "Documentation"], ["none", "Only text"]];

export class Side {
  /** @param {object} editor the island @param {string} [shown] which panel is open at first */
  constructor(editor, shown) {
    this.editor = editor;
    this.body = h("div", { class: "i-side-body" });
    this.tabs = h("div", { class: "i-side-tabs", role: "tablist", "aria-label": "Beside the text" },
      PANELS.map(([name, text]) => h("button", { type: "button", class: "i-button", role: "tab", data: { panel: name }, on: { click: () => this.show(name) } }, text)));
    this.redraw = debounced((source) => this.graph?.update(source), 500);
    this.look = debounced(() => this.#documentation(), 250);
    this.show(PANELS.some(([name]) => name === shown) ? shown : setting("view-type"), true);
  }

  async show(name, quietly) {
    const known = PANELS.some(([each]) => each === name) ? name : "topology";
    if (!quietly) keep("view-type", known);
    this.panel = known;
    for (const tab of this.tabs.children) tab.setAttribute("aria-selected", tab.dataset.panel === known);
    this.#close();
    this.editor.root?.classList.toggle("i-alone", known === "none");
    if (known === "topology") await this.#topology();
    if (known === "documentation") this.look();
  }

  async #topology() {
    const { mount } = await import("../graph/index.js");
    if (this.gone || this.panel !== "topology" || this.graph) return;
    const { view, options } = this.editor;
    this.graph = mount(this.body, { source: view.state.doc.toString(), namespace: options.namespace, flow: options.flow, onTask: (id) => this.editor.goTo(taskPlace(view.state, id)) });
  }

  /** The text, or the place of the cursor, has changed. */
  changed(source) {
    if (source !== null && this.panel === "topology") this.redraw(source);
    if (this.panel === "documentation") this.look();
  }

  async #documentation() {
    const { state } = this.editor.view;
    const found = pluginAt(state, state.selection.main.head);
    if (this.type === found?.type && this.body.firstChild) return;
    this.type = found?.type;
    if (!found) return void this.body.replaceChildren(h("p", { class: "i-muted" }, "The documentation of the task in which the cursor stands is shown here."));
    try {
      const { schema } = await ask(["plugins", found.type]);
      if (this.type === found.type) this.body.replaceChildren(documentation(found.type, schema.properties));
    } catch (error) {
      if (this.type === found.type) this.body.replaceChildren(h("p", { class: "i-muted" }, error.message));
    }
  }

  #close() {
    this.graph?.unmount();
    this.graph = null;
    this.type = undefined;
    this.body.replaceChildren();
  }

  destroy() {
    this.gone = true;
    this.redraw.cancel();
    this.look.cancel();
    this.#close();
  }
}

/** Return a type's documentation: required properties first. */
function documentation(type, { title, properties = {}, required = [] }) {
  const names = Object.keys(properties).filter((name) => name !== "type").sort((one, other) => required.includes(other) - required.includes(one));
  const rows = names.map((name) => {
    const about = properties[name];
    return [
      h("dt", {}, h("code", {}, name), h("span", { class: "i-muted" }, ` ${kind(about)}${about.$dynamic ? ", may be an expression" : ""}`), required.includes(name) ? h("strong", {}, " required") : null),
      h("dd", {}, about.description ?? "", about.default !== undefined && about.default !== null ? h("span", { class: "i-muted" }, ` Default: ${JSON.stringify(about.default)}`) : null),
    ];
  });
  return h("article", { class: "i-documentation" }, h("h3", {}, type), h("p", {}, title ?? ""), h("p", {}, h("a", { href: page(["plugins", type]) }, "Its page, with an example")), h("dl", {}, rows));
}

function kind(schema) {
  if (schema.enum) return schema.enum.join(" | ");
  if (schema.anyOf) return [...new Set(schema.anyOf.map(kind).filter((each) => each !== "null"))].join(" or ");
  if (schema.$ref) return schema.$ref.split("/").at(-1).split(/[.-]/).at(-1);
  return schema.type === "array" ? `list of ${kind(schema.items ?? {})}` : schema.type ?? "anything";
}
