// The files of a namespace: a tree on the left, the files that are open on the right.
import { announce, button, h, problem, undoing } from "../lib/dom.js";
import { Store, above, dropped, isWithin, name } from "./store.js";
import { Tabs } from "./tabs.js";
import { Tree } from "./tree.js";

const NEW = "new";

class Files {
  constructor(element, { namespace, file }) {
    this.undo = undoing();
    this.store = new Store(namespace);
    this.tabs = new Tabs(this.store, (path) => this.#shown(path));
    this.tree = new Tree({
      open: (path) => this.tabs.show(path),
      unfold: (path) => this.read(path),
      rename: (path, to) => this.move([[path, to.startsWith("/") ? to : `${above(path)}/${to}`]]),
      move: (paths, folder) => this.move(paths.filter((path) => above(path) !== folder && !isWithin(folder, path)).map((path) => [path, `${folder}/${name(path)}`])),
      remove: (paths) => this.remove(paths),
      upload: async (transfer, folder) => this.upload(await dropped(transfer), folder),
      chosen: () => this.#chosen(),
    });
    this.said = h("div", { class: "i-files-said", role: "status" });
    element.append(h("div", { class: "i-files" }, h("section", {}, this.#toolbar(), this.said, this.tree.element), this.tabs.element));
    this.undo.listen(globalThis, "beforeunload", (event) => this.tabs.unsaved && event.preventDefault());
    this.begin(file);
  }

  async begin(file) {
    const folders = file ? file.split("/").slice(1, -1).map((_, place, parts) => `/${parts.slice(0, place + 1).join("/")}`) : [];
    for (const folder of folders) this.tree.open.add(folder);
    for (const folder of ["", ...folders]) await this.read(folder);
    if (file) await this.tabs.show(file);
  }

  #toolbar() {
    const pick = (given) => {
      const field = h("input", { type: "file", hidden: true, ...given });
      field.addEventListener("change", async () => {
        await this.upload([...field.files].map((each) => [`/${each.webkitRelativePath || each.name}`, each]), this.tree.folder);
        field.value = "";
      });
      return field;
    };
    const [some, folder, zip] = [pick({ multiple: true }), pick({ webkitdirectory: true }), pick({ accept: ".zip" })];
    this.gone = button("Delete", () => this.remove([...this.tree.chosen]), { hidden: true });
    return h("div", { class: "i-toolbar" }, some, folder, zip,
      button("New file", () => this.make(false)), button("New folder", () => this.make(true)),
      button("Upload", () => some.click(), { title: "Files; a ZIP is unpacked" }), button("Upload folder", () => folder.click()),
      button("Import", () => zip.click(), { title: "A ZIP, as Export gives it" }), h("a", { class: "i-button", href: this.store.export, download: "" }, "Export"), this.gone);
  }

  #chosen() {
    if (!this.gone) return;
    this.gone.hidden = !this.tree.chosen.size;
    this.gone.textContent = `Delete ${this.tree.chosen.size}`;
  }

  #shown(path) {
    const here = new URL(location.href);
    if (path) here.searchParams.set("file", path);
    else here.searchParams.delete("file");
    if (here.href !== location.href) history.replaceState(history.state, "", here);
    if (!this.tree) return;
    this.tree.now = path;
    this.tree.draw();
  }

  /** Do something, and say what went wrong. */
  async #tried(act, again) {
    try {
      await act();
      this.said.replaceChildren();
    } catch (error) {
      this.said.replaceChildren(problem(error, again));
    }
  }

  async read(folder) {
    await this.#tried(async () => this.tree.inside.set(folder, await this.store.inside(folder)), () => this.read(folder));
    this.tree.draw();
  }

  async #readAgain(folders) {
    for (const folder of new Set(folders)) if (folder === "" || this.tree.open.has(folder)) await this.read(folder);
  }

  async make(isFolder) {
    const folder = this.tree.folder;
    const known = new Set((this.tree.inside.get(folder) ?? []).map((each) => each.path));
    let path = `${folder}/${NEW}${isFolder ? "" : ".txt"}`;
    for (let number = 2; known.has(path); number += 1) path = `${folder}/${NEW}-${number}${isFolder ? "" : ".txt"}`;
    await this.#tried(async () => {
      await (isFolder ? this.store.makeFolder(path) : this.store.write(path, ""));
      this.tree.open.add(folder);
      await this.read(folder);
      this.tree.focus = path;
      this.tree.rename(path);
    });
  }

  /** @param {[string, string][]} pairs from where to where */
  async move(pairs) {
    await this.#tried(async () => {
      for (const [from, to] of pairs) {
        await this.store.move(from, to);
        this.tree.moved(from, to);
        this.tabs.moved(from, to);
      }
      if (pairs.length) announce(`${pairs.length === 1 ? name(pairs[0][1]) : `${pairs.length} files`} moved`);
    });
    const all = [...this.tree.open];
    await this.#readAgain(["", ...all.filter((folder) => pairs.some(([from, to]) => folder === above(from) || folder === above(to) || isWithin(folder, to)))]);
  }

  async remove(paths) {
    const own = paths.filter((path) => !paths.some((other) => other !== path && isWithin(path, other)));
    const what = own.length === 1 ? own[0] : `${own.length} files and folders`;
    if (!own.length || !confirm(`Delete ${what}? Folders go with all that is in them.`)) return;
    await this.#tried(async () => {
      for (const path of own) {
        await this.store.remove(path);
        this.tree.removed(path);
        this.tabs.removed(path);
      }
      announce(`${what} deleted`);
    });
    await this.#readAgain(["", ...this.tree.open]);
  }

  /** @param {[string, File][]} found @param {string} folder */
  async upload(found, folder) {
    const replaced = found.filter(([path]) => this.tree.rows().some((each) => each.path === folder + path));
    if (replaced.length && !confirm(`${replaced.length === 1 ? name(replaced[0][0]) : `${replaced.length} files`} will be replaced. Go on?`)) return;
    await this.#tried(async () => {
      for (const [place, [path, file]] of found.entries()) {
        if (found.length > 1) this.said.textContent = `${place + 1} of ${found.length}: ${path}`;
        await this.store.write(folder + path, file);
        await this.tabs.written(folder + path);
      }
      announce(`${found.length} uploaded`);
    });
    this.tree.open.add(folder);
    await this.#readAgain(["", ...this.tree.open]);
  }

  unmount() {
    this.undo.run();
    this.tabs.unmount();
  }
}

/** @param {HTMLElement} element @param {{namespace: string, file?: string}} options */
export function mount(element, options) {
  const files = new Files(element, options);
  return { unmount: () => files.unmount() };
}
