// The editor of a flow: its text with completion and checks by the server, and beside it what the text means.
import { EditorState } from "@codemirror/state";
import { openLintPanel } from "@codemirror/lint";
import { EditorView } from "@codemirror/view";
import { announce, button, h, problem, undoing } from "../lib/dom.js";
import { relative } from "../lib/format.js";
import { keep, setting } from "../lib/settings.js";
import { dress, extensions, foldTexts } from "./base.js";
import { checking } from "./checking.js";
import { commands } from "./commands.js";
import { completing } from "./completing.js";
import { Draft } from "./draft.js";
import { locate, taskPlace } from "./places.js";
import { afterSaving, conflict, isRenamed, nameIn, save, toExecute } from "./saving.js";
import { Side } from "./side.js";

/**
 * @param {HTMLElement} element
 * @param {{namespace?: string, flow?: string, revision?: number, source: string, saved?: string, tab?: string, task?: string,
 *   line?: number, readOnly?: boolean}} options without `flow` it is a new one; `saved` is the stored text where `source` is
 *   another; the page's address may say `task` or `line` too
 */
export function mount(element, options) {
  if (options.readOnly) return reader(element, options);
  const island = new FlowEditor(element, options);
  return { unmount: () => island.unmount() };
}

/** A text that is only shown. */
function reader(element, { source }) {
  const place = h("div", { class: "i-editor-text i-reader" });
  element.append(place);
  dress(place);
  const view = new EditorView({ doc: source, parent: place, extensions: extensions({ readOnly: true }) });
  return { unmount: () => (view.destroy(), place.remove()) };
}

/** Return what ends the lines of a text; where they differ, it is the shorter one. */
const newlineOf = (text) => (/\r\n/.test(text) && !/(^|[^\r])\n/.test(text) ? "\r\n" : "\n");

class FlowEditor {
  constructor(element, options) {
    this.options = { ...options };
    this.saved = options.saved ?? options.source;
    this.newline = newlineOf(this.saved);
    this.undo = undoing();
    this.draft = new Draft(options.flow ? `${options.namespace}.${options.flow}` : "new", this.saved, options.revision);
    this.checks = checking((found) => this.#told(found));
    this.place = h("div", { class: "i-editor-text" });
    this.view = new EditorView({ parent: this.place, state: this.#state(options.source) });
    this.side = new Side(this.#forPanels(), options.tab);
    this.says = h("div", { class: "i-editor-says", role: "status" });
    this.splitter = h("div", { class: "i-splitter", role: "separator", tabindex: "0", "aria-label": "Width of the text", "aria-orientation": "vertical" });
    this.root = h("div", { class: "i-editor" }, this.#tools(), this.says, h("div", { class: "i-editor-parts" }, this.place, this.splitter, h("div", { class: "i-side" }, this.side.body)));
    this.side.editor.root = this.root;
    this.root.classList.toggle("i-alone", this.side.name === "none");
    element.append(this.root);
    dress(this.root);
    this.#split();
    this.undo.listen(document, "keydown", (event) => {
      if (event.key !== "F1" || event.defaultPrevented) return;
      event.preventDefault(); // also where the focus is beside the text
      commands(this);
    });
    this.undo.listen(window, "beforeunload", (event) => this.isChanged && event.preventDefault());
    this.#begin();
  }

  /** What stands beside the text sees this much of the editor. */
  #forPanels() {
    return {
      view: this.view,
      options: this.options,
      text: () => this.text,
      goTo: (place) => this.goTo(place),
      replace: (text) => this.#replace(text),
      insert: (text) => {
        this.view.dispatch(this.view.state.replaceSelection(text), { scrollIntoView: true, userEvent: "input.paste" });
        this.view.focus();
      },
    };
  }

  #state(doc) {
    const keys = [
      { key: "F1", preventDefault: true, run: () => (commands(this), true) },
      { key: "Mod-s", preventDefault: true, run: () => (this.save(), true) },
      { key: "Mod-e", preventDefault: true, run: () => (this.execute(), true) },
    ];
    const changed = EditorView.updateListener.of((update) => {
      if (update.docChanged) this.#changed(update.view);
      else if (update.selectionSet) this.side.changed(null);
    });
    return EditorState.create({ doc, extensions: extensions({ keys, more: [completing(), this.checks.extension, changed] }) });
  }

  #tools() {
    this.saver = button("Save", () => this.save(), { class: "i-button i-primary", data: { action: "save" }, title: "Save (Ctrl+S)" });
    this.runner = button("Execute", () => this.execute(), { data: { action: "execute" }, title: "Execute (Ctrl+E)", disabled: !this.options.flow });
    this.badge = button("", () => this.#toProblem(), { class: "i-button i-badge", "aria-live": "polite" });
    return h("div", { class: "i-toolbar", role: "toolbar", "aria-label": "Editor" }, this.saver, this.runner, this.badge, h("span", { class: "i-grow" }), this.side.tabs);
  }

  #begin() {
    this.checks.now(this.view);
    this.#badge("Checking …", "");
    if (setting("autofoldTextEditor") === "true") foldTexts(this.view);
    const asked = new URLSearchParams(location.search);
    const [task, line] = [this.options.task ?? asked.get("task"), Number(this.options.line ?? asked.get("line"))];
    if (task) this.goTo(taskPlace(this.view.state, task));
    else if (line) this.goTo(this.view.state.doc.line(Math.min(line, this.view.state.doc.lines)).from);
    const found = this.draft.found();
    if (found) this.#offer(found);
    this.#state4buttons();
  }

  /** The text with the line ends that it came with: what nobody touched stays byte for byte as it was. */
  get text() {
    const text = this.view.state.doc.toString();
    return this.newline === "\n" ? text : text.replaceAll("\n", this.newline);
  }

  get isChanged() {
    return this.text !== this.saved;
  }

  /** Put the cursor at a place and show it. */
  goTo(place) {
    if (place === null) return;
    this.view.dispatch({ selection: { anchor: place }, effects: EditorView.scrollIntoView(place, { y: "center" }) });
    this.view.focus();
  }

  #offer({ text, at, revision }) {
    const older = revision && this.options.revision && revision < this.options.revision;
    const since = older ? `It began as revision ${revision}; revision ${this.options.revision} is what is stored now. ` : "";
    const take = () => {
      this.#replace(text);
      if (older) this.options.revision = revision; // so that saving it shows first what it would undo
      this.#say("");
    };
    this.#say(h("p", {}, `A draft that was not saved was kept in this browser ${relative(new Date(at).toISOString())}. ${since}`,
      button("Take it", take), " ", button("Forget it", () => (this.draft.forget(), this.#say("")))));
  }

  #replace(text) {
    this.view.dispatch({ changes: { from: 0, to: this.view.state.doc.length, insert: text } });
  }

  #changed(view) {
    const { text } = this;
    this.draft.keep(text);
    this.checks.changed(view);
    this.side.changed(text);
    this.#state4buttons();
  }

  #state4buttons() {
    this.saver.disabled = !this.isChanged && Boolean(this.options.flow);
    this.root.dataset.changed = this.isChanged;
  }

  #told(found) {
    this.found = found;
    if (!found) return void this.#badge("Checking …", "");
    const { errors, warnings, failed } = found;
    if (failed) this.#badge("Not checked", "warning", failed.message);
    else if (errors.length) this.#badge(`${errors.length} error${errors.length > 1 ? "s" : ""}`, "failed", errors[0].message);
    else if (warnings.length) this.#badge(`${warnings.length} warning${warnings.length > 1 ? "s" : ""}`, "warning", warnings[0].message);
    else this.#badge("Valid", "success");
  }

  #badge(text, tone, title = "") {
    this.badge.textContent = text;
    this.badge.title = title;
    this.badge.dataset.tone = tone;
  }

  #toProblem() {
    const first = this.found?.errors[0] ?? this.found?.warnings[0];
    if (!first) return;
    openLintPanel(this.view);
    this.goTo(first.from);
  }

  #say(what) {
    this.says.replaceChildren(what);
  }

  async save() {
    if (this.busy || (!this.isChanged && this.options.flow)) return null;
    const { text } = this;
    if (isRenamed(this.options, text)) return void this.#offerCopy(nameIn(text));
    return this.#store(this.options, text);
  }

  async #store(known, text) {
    this.busy = true;
    try {
      const flow = await save(known, text, (theirs) => conflict(theirs, text));
      if (!flow) return null;
      this.#stored(flow, text);
      return flow;
    } catch (error) {
      this.#say(problem(error));
      const path = error.errors?.[0]?.path;
      if (path) this.goTo(locate(this.view.state, path).from);
      return null;
    } finally {
      this.busy = false;
    }
  }

  /** A flow keeps its id and its namespace: executions, triggers and addresses go by them. */
  #offerCopy(name) {
    const [is, says] = [`${this.options.namespace}.${this.options.flow}`, `${name.namespace}.${name.id}`];
    const create = button(`Create ${says}`, () => this.#store({}, this.text));
    this.#say(h("div", { class: "i-problem", role: "alert" }, h("p", {}, `This flow is ${is}, and the text says ${says}. The id and the namespace of a flow cannot be changed. Write them as they were, or create a copy under the new name: `, create)));
  }

  #stored(flow, text) {
    const isNew = this.options.flow !== flow.id || this.options.namespace !== flow.namespace;
    this.saved = this.draft.saved = text;
    this.draft.revision = flow.revision;
    this.draft.forget();
    Object.assign(this.options, { namespace: flow.namespace, flow: flow.id, revision: flow.revision });
    this.runner.disabled = false;
    this.#state4buttons();
    this.#say(`Saved as revision ${flow.revision}.`);
    announce(`Saved as revision ${flow.revision}`);
    this.root.dispatchEvent(new CustomEvent("tiercel:saved", { bubbles: true, detail: flow }));
    if (isNew) location.assign(afterSaving(flow));
  }

  /** Execute the flow as it is saved: what is not saved is saved first. */
  async execute() {
    if (this.isChanged || !this.options.flow) {
      const flow = await this.save();
      if (!flow) return;
    }
    const { namespace, flow } = this.options;
    const event = new CustomEvent("tiercel:execute", { bubbles: true, cancelable: true, detail: { namespace, flow } });
    if (this.root.dispatchEvent(event)) location.assign(toExecute(namespace, flow ?? nameIn(this.text).id));
  }

  #split() {
    const set = (share) => {
      const kept = Math.min(80, Math.max(25, share));
      this.root.style.setProperty("--share", `${kept}%`);
      this.splitter.setAttribute("aria-valuenow", Math.round(kept));
      return kept;
    };
    set(Number(setting("editorWidth")) || 55);
    this.undo.listen(this.splitter, "pointerdown", (event) => this.splitter.setPointerCapture(event.pointerId));
    this.undo.listen(this.splitter, "pointermove", (event) => {
      if (!this.splitter.hasPointerCapture(event.pointerId)) return;
      const { left, width } = this.splitter.parentElement.getBoundingClientRect();
      keep("editorWidth", set(((event.clientX - left) / width) * 100));
    });
    this.undo.listen(this.splitter, "keydown", (event) => {
      const step = { ArrowLeft: -4, ArrowRight: 4 }[event.key];
      if (step) keep("editorWidth", set(Number(this.splitter.getAttribute("aria-valuenow")) + step));
    });
  }

  unmount() {
    this.draft.keep.cancel();
    this.checks.stop();
    this.side.destroy();
    this.undo.run();
    this.view.destroy();
    this.root.remove();
  }
}
