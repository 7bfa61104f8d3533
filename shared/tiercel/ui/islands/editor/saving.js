// Saving a flow's text: as a new flow, or as the next revision; and what to do where somebody else was faster.
import { MergeView } from "@codemirror/merge";
import { ask, flowPage, page } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { extensions } from "./base.js";

/** Return the id and the namespace that a text gives itself. */
export function nameIn(source) {
  const of = (name) => new RegExp(`^${name}:[ \\t]*["']?([\\w.-]+)`, "m").exec(source)?.[1] ?? "";
  return { namespace: of("namespace"), id: of("id") };
}

/** Return whether a text gives itself another name than the flow has that it belongs to. */
export function isRenamed({ namespace, flow }, source) {
  const name = nameIn(source);
  return Boolean(flow && name.id && name.namespace && (name.id !== flow || name.namespace !== namespace));
}

/**
 * Save a text.
 * @param {{namespace?: string, flow?: string, revision?: number}} known the flow that it belongs to; none for a new one
 * @param {string} source
 * @param {(theirs: object) => Promise<boolean>} ask4leave asked when the server has a newer revision
 * @returns {Promise<object | null>} the flow as stored; null where it was not
 */
export async function save(known, source, askLeave) {
  if (!known.flow) return ask(["flows"], { yaml: source });
  const theirs = await ask(["flows", known.namespace, known.flow], { query: { source: true } });
  if (known.revision && theirs.revision > known.revision && theirs.source !== source && !(await askLeave(theirs))) return null;
  return ask(["flows", known.namespace, known.flow], { yaml: source, method: "PUT" });
}

/** Show two texts and ask whether ours is to be saved over theirs. */
export function conflict(theirs, ours) {
  return new Promise((answer) => {
    const place = h("div", { class: "i-merge" });
    const dialog = h("dialog", { class: "i-dialog i-wide", "aria-label": "A newer revision" },
      h("h2", {}, `Revision ${theirs.revision} was saved meanwhile`), h("p", {}, "On the left what is stored, on the right your text."), place,
      h("div", { class: "i-toolbar" }, h("button", { type: "button", class: "i-button", on: { click: () => end("") } }, "Back to the text"),
        h("button", { type: "button", class: "i-button i-primary", data: { action: "confirm" }, on: { click: () => end("over") } }, "Save over it")));
    document.body.append(dialog);
    dialog.showModal();
    const view = new MergeView({ a: { doc: theirs.source, extensions: extensions({ readOnly: true }) }, b: { doc: ours, extensions: extensions({ readOnly: true }) }, parent: place, collapseUnchanged: {} });
    const end = (said) => {
      view.destroy();
      dialog.close(); // gives the text its focus back
      dialog.remove(); // at once: the event `close` comes later than the next key may
      answer(said === "over");
    };
    dialog.addEventListener("cancel", () => end(""));
  });
}

/** The address after saving: that of the flow's editor, also for a new flow. */
export const afterSaving = (flow) => flowPage(flow.namespace, flow.id, "edit");
/** The address where the flow is executed. */
export const toExecute = (namespace, id) => page(["flows", "execute", namespace, id]);
