// The tree: which folders are open, which rows are chosen, what is dragged where. It asks nobody; it tells what is wanted.
import { h } from "../lib/dom.js";
import { above, isWithin, name } from "./store.js";

const MOVED = "application/x-tiercel-files";

export class Tree {
  /**
   * @param {object} wishes what is called: `open(path)` a file, `unfold(path)`, `rename(path, to)`, `move(paths, folder)`,
   *   `remove(paths)`, `upload(transfer, folder)`, `chosen()`
   */
  constructor(wishes) {
    Object.assign(this, { wishes, inside: new Map(), open: new Set([""]), chosen: new Set(), focus: "", now: "", renamed: "" });
    this.element = h("div", { class: "i-tree", role: "tree", "aria-label": "Files", "aria-multiselectable": "true" });
    const folderAt = (target) => {
      const path = target.closest?.("[data-path]")?.dataset.path;
      return path === undefined ? "" : this.isFolder(path) ? path : above(path);
    };
    const on = (event, listener) => this.element.addEventListener(event, listener);
    on("dragover", (event) => {
      event.preventDefault();
      this.#mark(folderAt(event.target));
    });
    on("dragleave", () => this.#mark(null));
    on("drop", (event) => {
      event.preventDefault();
      this.#mark(null);
      const kept = event.dataTransfer.getData(MOVED);
      if (kept) wishes.move(JSON.parse(kept), folderAt(event.target));
      else wishes.upload(event.dataTransfer, folderAt(event.target));
    });
    on("keydown", (event) => this.#key(event));
    on("focusin", ({ target }) => (this.focus = target.closest("[data-path]")?.dataset.path ?? this.focus));
  }

  isFolder = (path) => path === "" || this.rows().some((each) => each.path === path && each.isFolder);

  /** Return the rows that are to be seen, from top to bottom. */
  rows(folder = "") {
    return (this.inside.get(folder) ?? []).flatMap((each) => [each, ...(each.isFolder && this.open.has(each.path) ? this.rows(each.path) : [])]);
  }

  /** The folder into which something new goes. */
  get folder() {
    const path = this.focus && this.rows().some((each) => each.path === this.focus) ? this.focus : "";
    return this.isFolder(path) ? path : above(path);
  }

  moved(from, to) {
    const there = (path) => (isWithin(path, from) ? to + path.slice(from.length) : path);
    this.open = new Set([...this.open].map(there));
    this.chosen = new Set([...this.chosen].map(there));
    this.focus = there(this.focus);
  }

  removed(gone) {
    for (const known of [this.open, this.chosen]) for (const path of [...known]) if (isWithin(path, gone)) known.delete(path);
  }

  draw() {
    const rows = this.rows();
    const paths = rows.map((each) => each.path);
    for (const path of [...this.chosen]) if (!paths.includes(path)) this.chosen.delete(path);
    if (!paths.includes(this.focus)) this.focus = paths[0] ?? "";
    const had = this.element.contains(document.activeElement);
    this.element.replaceChildren(...rows.map((each) => this.#row(each)));
    if (!rows.length) this.element.append(h("p", { class: "i-muted" }, "There is no file here. Drop some, or make one."));
    const field = this.element.querySelector("input[type=text]");
    if (field) this.#edit(field);
    else if (had) this.element.querySelector('[tabindex="0"]')?.focus();
    this.wishes.chosen();
  }

  #row({ path, isFolder, size }) {
    const level = path.split("/").length - 1;
    const isOpen = isFolder && this.open.has(path);
    const box = h("input", { type: "checkbox", tabindex: "-1", checked: this.chosen.has(path), "aria-label": `Choose ${path}`, on: { change: () => this.#choose(path), click: (event) => event.stopPropagation() } });
    const label = this.renamed === path ? h("input", { type: "text", class: "i-input", value: name(path), "aria-label": `New name of ${path}` }) : h("span", {}, name(path));
    const row = h("div", {
      class: "i-entry", role: "treeitem", data: { path, kind: isFolder ? "folder" : "file" }, draggable: this.renamed === path ? "false" : "true", tabindex: path === this.focus ? "0" : "-1",
      "aria-level": level, "aria-selected": String(this.chosen.has(path)), "aria-expanded": isFolder ? String(isOpen) : null, "data-now": String(path === this.now), title: isFolder ? path : `${path}, ${size.toLocaleString()} bytes`,
      style: { "--level": String(level - 1) },
      on: { click: (event) => this.#click(event, path, isFolder), dblclick: () => this.rename(path), dragstart: (event) => this.#drag(event, path) },
    }, box, h("i", { "aria-hidden": "true" }, isFolder ? (isOpen ? "▾" : "▸") : ""), label);
    return row;
  }

  #click(event, path, isFolder) {
    if (event.target.matches("input")) return;
    this.focus = path;
    if (event.ctrlKey || event.metaKey) return this.#choose(path);
    if (event.shiftKey) return this.#span(path);
    this.#enter(path, isFolder);
  }

  #enter(path, isFolder) {
    if (!isFolder) return void this.wishes.open(path);
    if (this.open.delete(path)) return this.draw();
    this.open.add(path);
    this.wishes.unfold(path);
  }

  #choose(path) {
    if (!this.chosen.delete(path)) this.chosen.add(path);
    this.anchor = path;
    this.draw();
  }

  #span(path) {
    const paths = this.rows().map((each) => each.path);
    const [one, other] = [paths.indexOf(this.anchor ?? path), paths.indexOf(path)].sort((a, b) => a - b);
    for (const each of paths.slice(Math.max(one, 0), other + 1)) this.chosen.add(each);
    this.draw();
  }

  #drag(event, path) {
    const paths = this.chosen.has(path) ? [...this.chosen] : [path];
    event.dataTransfer.setData(MOVED, JSON.stringify(paths));
    event.dataTransfer.effectAllowed = "move";
  }

  #mark(folder) {
    this.element.toggleAttribute("data-over", folder === "");
    for (const row of this.element.querySelectorAll("[data-path]")) row.toggleAttribute("data-over", folder !== null && row.dataset.path === folder);
  }

  rename(path) {
    this.renamed = path;
    this.draw();
  }

  #edit(field) {
    const path = this.renamed;
    const end = (to) => {
      if (this.renamed !== path) return;
      this.renamed = "";
      if (to && to !== name(path)) this.wishes.rename(path, to);
      else this.draw();
    };
    field.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter") end(field.value.trim());
      if (event.key === "Escape") end("");
    });
    field.addEventListener("blur", () => end(field.value.trim()));
    field.focus();
    field.setSelectionRange(0, field.value.lastIndexOf(".") > 0 ? field.value.lastIndexOf(".") : field.value.length);
  }

  #key(event) {
    const rows = this.rows();
    const place = rows.findIndex((each) => each.path === this.focus);
    const row = rows[place];
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
    const go = (to) => {
      this.focus = (rows[Math.max(0, Math.min(rows.length - 1, to))] ?? row).path;
      this.draw();
    };
    const keys = {
      ArrowDown: () => go(place + 1),
      ArrowUp: () => go(place - 1),
      Home: () => go(0),
      End: () => go(rows.length - 1),
      ArrowRight: () => (row.isFolder && !this.open.has(row.path) ? this.#enter(row.path, true) : go(place + 1)),
      ArrowLeft: () => (row.isFolder && this.open.has(row.path) ? this.#enter(row.path, true) : go(rows.findIndex((each) => each.path === above(row.path)))),
      Enter: () => this.#enter(row.path, row.isFolder),
      " ": () => this.#choose(row.path),
      F2: () => this.rename(row.path),
      Delete: () => this.wishes.remove(this.chosen.size ? [...this.chosen] : [row.path]),
    };
    if (!keys[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    keys[event.key]();
  }
}
