// What was written and not saved, kept in the browser for each flow.
import { debounced } from "../lib/dom.js";

/** @param {string} name what the draft is of @param {string} saved the text as the server has it @param {number} [revision] which one that is */
export class Draft {
  constructor(name, saved, revision) {
    this.key = `tiercel.draft.${name}`;
    Object.assign(this, { saved, revision });
    this.keep = debounced((text) => this.#store(text), 400);
  }

  /** Return a draft that differs from what is saved: `{text, at, revision}`, or null. */
  found() {
    try {
      const kept = JSON.parse(localStorage.getItem(this.key) ?? "null");
      return kept && kept.text !== this.saved ? kept : null;
    } catch {
      return null;
    }
  }

  forget() {
    this.keep.cancel();
    try {
      localStorage.removeItem(this.key);
    } catch {
      // Nothing is kept there.
    }
  }

  #store(text) {
    if (text === this.saved) return this.forget();
    try {
      localStorage.setItem(this.key, JSON.stringify({ text, at: Date.now(), revision: this.revision }));
    } catch {
      // A full storage: the text stands in the page all the same.
    }
  }
}
