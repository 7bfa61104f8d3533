// The files of the flow's namespace: found, looked at, and named in the text.
import { address, ask, bytes, page } from "../lib/api.js";
import { button, debounced, h, problem } from "../lib/dom.js";
import { short } from "../lib/format.js";
import { nameIn } from "./saving.js";

const LARGEST = 256 * 1024; // bytes of a file that is shown

/** @param {{text: () => string, insert: (text: string) => void}} editor @param {HTMLElement} body @param {object} kept */
export function files(editor, body, kept) {
  const field = h("input", { type: "search", class: "i-input", placeholder: "Part of a path", "aria-label": "Search files", value: kept.q ?? "", on: { input: () => searching() } });
  const heading = h("p", { class: "i-toolbar" });
  const list = h("ul", { class: "i-side-list", "aria-label": "Files" });
  const shown = h("div", { class: "i-side-file" });
  body.append(h("div", { class: "i-side-text" }, h("div", { class: "i-toolbar" }, field), heading, list, shown));
  const state = { kept, list, heading, shown, editor, namespace: nameIn(editor.text()).namespace };
  const searching = debounced(() => {
    kept.q = field.value.trim();
    fill(state);
  }, 250);
  const renamed = debounced((namespace) => {
    if (namespace === state.namespace) return;
    state.namespace = namespace;
    [kept.folder, kept.path] = ["", ""];
    shown.replaceChildren();
    fill(state);
  }, 500);
  fill(state);
  if (kept.path) open(state, kept.path);
  return {
    changed: (source) => source !== null && renamed(nameIn(source).namespace),
    close() {
      state.gone = true;
      searching.cancel();
      renamed.cancel();
    },
  };
}

/** Show what lies in a folder, or what a search finds. */
async function fill(state) {
  const { kept, namespace, heading, list } = state;
  const asked = (state.asked = {});
  if (!namespace) return void list.replaceChildren(h("li", { class: "i-muted" }, "The text names no namespace yet."));
  try {
    const rows = kept.q ? await found(namespace, kept.q) : await inside(namespace, kept.folder ?? "");
    if (state.gone || state.asked !== asked) return;
    heading.replaceChildren(...crumbs(state));
    list.replaceChildren(...(rows.length ? rows.map((row) => line(state, row)) : [h("li", { class: "i-muted" }, kept.q ? "No file's path has that." : "There is no file here.")]));
  } catch (error) {
    if (!state.gone && state.asked === asked) list.replaceChildren(h("li", {}, problem(error, () => fill(state))));
  }
}

const found = async (namespace, q) => (await ask(["namespaces", namespace, "files", "search"], { query: { q } })).map((path) => ({ name: path, path }));

async function inside(namespace, folder) {
  const entries = await ask(["namespaces", namespace, "files", "directory"], { query: { path: folder } });
  const rows = entries.map(({ fileName, type, size }) => ({ name: fileName, path: `${folder}/${fileName}`, isFolder: type === "Directory", size }));
  return rows.sort((one, other) => Boolean(other.isFolder) - Boolean(one.isFolder) || one.name.localeCompare(other.name));
}

function crumbs(state) {
  const { kept, namespace } = state;
  const to = (folder) => () => {
    kept.folder = folder;
    fill(state);
  };
  const parts = kept.q ? [] : (kept.folder ?? "").split("/").filter(Boolean);
  const steps = parts.map((part, place) => ["/", button(part, to(`/${parts.slice(0, place + 1).join("/")}`), { class: "i-button i-link" })]);
  const all = h("a", { href: page(["namespaces", "edit", namespace, "files"]), target: "_blank", rel: "noopener" }, "Change them");
  return [button(namespace, to(""), { class: "i-button i-link" }), ...steps.flat(), h("span", { class: "i-grow" }), all];
}

function line(state, { name, path, isFolder, size }) {
  const click = () => {
    if (!isFolder) return void open(state, path);
    state.kept.folder = path;
    fill(state);
  };
  return h("li", {}, button(isFolder ? `${name}/` : name, click, { class: "i-button i-link" }), h("span", { class: "i-muted" }, size === undefined || isFolder ? "" : `${short(size)}B`), isFolder ? null : inserting(state, path));
}

const inserting = ({ editor }, path) => button("Insert", () => editor.insert(`nsfile://${path}`), { title: `Put nsfile://${path} where the cursor stands` });

/** Show a file's content, where it is a text and not too long. */
async function open(state, path) {
  const { kept, namespace, shown } = state;
  kept.path = path;
  const place = ["namespaces", namespace, "files"];
  const get = h("a", { href: address(place, { path }), download: path.split("/").at(-1) }, "Download");
  const head = h("div", { class: "i-toolbar" }, h("code", {}, path), h("span", { class: "i-grow" }), inserting(state, path), get);
  try {
    const { size } = await ask([...place, "stats"], { query: { path } });
    const text = size > LARGEST ? null : readable(await bytes(place, { query: { path } }));
    if (state.gone || kept.path !== path) return;
    const why = size > LARGEST ? `It has ${short(size)}B: too much to be shown here.` : "It is no text.";
    shown.replaceChildren(head, text === null ? h("p", { class: "i-muted" }, why) : h("pre", { class: "i-pre", tabindex: "0", "aria-label": path }, text));
  } catch (error) {
    if (!state.gone && kept.path === path) shown.replaceChildren(head, problem(error));
  }
}

/** Return bytes as the text that they are; null for none. */
function readable(content) {
  try {
    return content.includes(0) ? null : new TextDecoder("utf-8", { fatal: true }).decode(content);
  } catch {
    return null;
  }
}
