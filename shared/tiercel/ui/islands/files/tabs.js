// The files that are open, each in a tab; a file that is renamed or moved takes its tab with it.
import { EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { dress, extensions } from "../editor/base.js";
import { announce, button, h, problem } from "../lib/dom.js";
import { isWithin, name } from "./store.js";

const TEXTS_WITH_YAML = /\.(ya?ml)$/i;

export class Tabs {
  /** @param {import("./store.js").Store} store @param {(path: string) => void} shown is told which file is shown */
  constructor(store, shown) {
    Object.assign(this, { store, shown, open: new Map(), now: "" });
    this.bar = h("div", { class: "i-tabs", role: "group", "aria-label": "Open files" });
    this.place = h("div", { class: "i-file" });
    this.element = h("section", { class: "i-files-open" }, this.bar, this.place);
    this.draw();
  }

  get unsaved() {
    return [...this.open.values()].some((tab) => this.#isChanged(tab));
  }

  #isChanged = (tab) => tab.view !== null && tab.view.state.doc.toString() !== tab.saved;

  async show(path) {
    if (!this.open.has(path)) {
      try {
        this.open.set(path, this.#tab(path, await this.store.text(path)));
      } catch (error) {
        this.place.replaceChildren(problem(error, () => this.show(path)));
        return;
      }
    }
    this.now = path;
    this.draw();
  }

  #tab(path, text) {
    const tab = { saved: text, view: null };
    if (text === null) return tab;
    const keys = [{ key: "Mod-s", run: () => (this.save(), true) }];
    const more = [EditorView.updateListener.of((update) => update.docChanged && this.#bar())];
    const given = extensions({ keys, more, plain: !TEXTS_WITH_YAML.test(path), label: `What stands in ${path}` });
    tab.view = new EditorView({ state: EditorState.create({ doc: text, extensions: given }) });
    tab.lines = /\r\n/.test(text) ? "\r\n" : "\n";
    if (tab.lines !== "\n") tab.saved = tab.view.state.doc.toString();
    return tab;
  }

  async save() {
    const tab = this.open.get(this.now);
    if (!tab?.view) return;
    const [path, text] = [this.now, tab.view.state.doc.toString()];
    try {
      await this.store.write(path, text.split("\n").join(tab.lines));
      tab.saved = text;
      announce(`${name(path)} is stored`);
      this.draw();
    } catch (error) {
      this.place.prepend(problem(error, () => this.save()));
    }
  }

  close(path) {
    const tab = this.open.get(path);
    if (!tab || (this.#isChanged(tab) && !confirm(`${name(path)} was changed and not stored. Close it?`))) return;
    this.#drop(path);
    this.draw();
  }

  #drop(path) {
    this.open.get(path)?.view?.destroy();
    this.open.delete(path);
    if (this.now === path) this.now = [...this.open.keys()].at(-1) ?? "";
  }

  /** A file or a folder has another path now. */
  moved(from, to) {
    const there = (path) => (isWithin(path, from) ? to + path.slice(from.length) : path);
    this.open = new Map([...this.open].map(([path, tab]) => [there(path), tab]));
    this.now = there(this.now);
    this.draw();
  }

  /** A file or a folder is gone. */
  removed(gone) {
    for (const path of [...this.open.keys()]) if (isWithin(path, gone)) this.#drop(path);
    this.draw();
  }

  /** A file was written from elsewhere. */
  async written(path) {
    const tab = this.open.get(path);
    if (!tab || this.#isChanged(tab)) return;
    this.#drop(path);
    await this.show(path);
  }

  draw() {
    this.#bar();
    const tab = this.open.get(this.now);
    this.shown(this.now);
    if (!tab) return void this.place.replaceChildren(h("p", { class: "i-muted" }, "Open a file, or drop some into the tree."));
    const row = h("div", { class: "i-toolbar" }, h("code", {}, this.now),
      tab.view && button("Save", () => this.save(), { class: "i-button i-primary", "data-action": "save" }),
      h("a", { class: "i-button", href: this.store.link(this.now), download: name(this.now) }, "Download"));
    this.place.replaceChildren(row, tab.view ? tab.view.dom : h("p", { class: "i-muted" }, "This is no text: download it."));
    if (tab.view) dress(this.place);
  }

  #bar() {
    this.bar.replaceChildren(...[...this.open].map(([path, tab]) => h("span", { class: "i-tab", "data-now": String(path === this.now) },
      h("button", { type: "button", title: path, "aria-pressed": String(path === this.now), on: { click: () => this.show(path), auxclick: () => this.close(path) } },
        name(path), this.#isChanged(tab) ? h("b", { title: "not stored yet" }, " •") : null),
      h("button", { type: "button", "aria-label": `Close ${path}`, on: { click: () => this.close(path) } }, "×"))));
  }

  unmount() {
    for (const tab of this.open.values()) tab.view?.destroy();
  }
}
