// Example flows beside the text: to read, to copy from, to begin with.
import { ask } from "../lib/api.js";
import { button, copy, debounced, h, problem } from "../lib/dom.js";

const MOST = 100;

/** @param {{replace: (text: string) => void}} editor @param {HTMLElement} body @param {object} kept */
export function blueprints(editor, body, kept) {
  let [gone, asked] = [false, null];
  const field = h("input", { type: "search", class: "i-input", placeholder: "A task, a tag, a word", "aria-label": "Search blueprints", value: kept.q ?? "", on: { input: () => soon() } });
  const list = h("ul", { class: "i-side-list", "aria-label": "Blueprints" });
  body.append(h("div", { class: "i-side-text" }, h("div", { class: "i-toolbar" }, field), list));
  const fill = async () => {
    const mine = (asked = {});
    kept.q = field.value.trim();
    try {
      const { results } = await ask(["blueprints", "community", "flow"], { query: { q: kept.q, size: MOST, sort: "title:asc" } });
      if (!gone && mine === asked) list.replaceChildren(...(results.length ? results.map((each) => entry(editor, each)) : [h("li", { class: "i-muted" }, "No blueprint has that.")]));
    } catch (error) {
      if (!gone && mine === asked) list.replaceChildren(h("li", {}, problem(error, fill)));
    }
  };
  const soon = debounced(fill, 250);
  fill();
  return {
    close() {
      gone = true;
      soon.cancel();
    },
  };
}

/** Return a blueprint, folded; its source is asked for when it is opened. */
function entry({ replace }, { id, title, description, tags }) {
  const place = h("div", {});
  const show = async () => {
    if (place.firstChild) return;
    try {
      const { source } = await ask(["blueprints", "community", "flow", id]);
      place.replaceChildren(h("p", {}, description), h("div", { class: "i-toolbar" }, button("Copy", () => copy(source)), button("Put in place of the text", () => replace(source), { title: "Undo (Ctrl+Z) brings the text back" })),
        h("pre", { class: "i-pre", tabindex: "0", "aria-label": `Source of ${title}` }, source));
    } catch (error) {
      place.replaceChildren(problem(error));
    }
  };
  return h("li", {}, h("details", { on: { toggle: show } }, h("summary", {}, title, h("span", { class: "i-muted" }, ` ${tags.join(", ")}`)), place));
}
