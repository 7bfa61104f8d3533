// A small editor in a form, for inputs of JSON or YAML: it keeps a field of the form filled.
import { EditorView } from "@codemirror/view";
import { h } from "../lib/dom.js";
import { dress, extensions } from "../editor/base.js";

/**
 * @param {HTMLElement} element
 * @param {{name: string, value?: string, label?: string}} options
 * @param {Node[]} before what stood there: the field that this takes the place of, with what somebody has written into it
 */
export function mount(element, { name, value = "", label }, before = []) {
  const field = h("textarea", { name, hidden: true });
  field.value = before.find((each) => each.name === name)?.value ?? value;
  const place = h("div", { class: "i-code" });
  const tell = EditorView.updateListener.of((update) => {
    if (!update.docChanged) return;
    const text = update.state.doc.toString();
    if (field.value === text) return;
    field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
  const keys = [{ key: "Mod-Enter", run: () => (field.form?.requestSubmit(), true) }];
  element.append(place, field);
  dress(place);
  const view = new EditorView({ doc: field.value, selection: { anchor: field.value.length }, parent: place, extensions: extensions({ keys, tab: false, label: label ?? name, more: [tell] }) });
  field.addEventListener("tiercel:fill", () => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: field.value } }));
  return { unmount: () => (view.destroy(), place.remove(), field.remove()) };
}
