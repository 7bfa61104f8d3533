// Two texts and what differs: side by side, or in one.
import { EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { MergeView, unifiedMergeView } from "@codemirror/merge";
import { button, h } from "../lib/dom.js";
import { keep, setting } from "../lib/settings.js";
import { dress, extensions } from "../editor/base.js";

/** @param {HTMLElement} element @param {{left: string, right: string, unified?: boolean}} options */
export function mount(element, { left, right, unified }) {
  const place = h("div", { class: "i-merge" });
  const turn = button("", () => (keep("diffView", setting("diffView") === "unified" ? "split" : "unified"), draw()));
  const root = h("div", { class: "i-diff" }, h("div", { class: "i-toolbar" }, turn, left === right ? h("span", { class: "i-muted" }, "The two are equal.") : null), place);
  let view = null;
  const draw = () => {
    view?.destroy();
    const one = unified ?? setting("diffView") === "unified";
    turn.textContent = one ? "Side by side" : "In one";
    const base = extensions({ readOnly: true });
    const collapseUnchanged = { margin: 3, minSize: 6 };
    view = one
      ? new EditorView({ parent: place, state: EditorState.create({ doc: right, extensions: [base, unifiedMergeView({ original: left, mergeControls: false, collapseUnchanged })] }) })
      : new MergeView({ parent: place, a: { doc: left, extensions: base }, b: { doc: right, extensions: base }, collapseUnchanged });
  };
  element.append(root);
  dress(root);
  draw();
  return { unmount: () => (view.destroy(), root.remove()) };
}
