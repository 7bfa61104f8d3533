// The files of a namespace, as the API has them: folders are read when they are opened.
import { address, ask, bytes } from "../lib/api.js";

export const above = (path) => path.slice(0, path.lastIndexOf("/"));
export const name = (path) => path.slice(path.lastIndexOf("/") + 1);
export const isWithin = (path, folder) => path === folder || path.startsWith(`${folder}/`);

export class Store {
  /** @param {string} namespace */
  constructor(namespace) {
    this.place = ["namespaces", namespace, "files"];
  }

  /** Return what lies directly in a folder (`""` is the namespace's own), folders first: `{path, isFolder, size}`. */
  async inside(folder) {
    const found = await ask([...this.place, "directory"], { query: { path: folder || "/" } });
    return found
      .map((each) => ({ path: `${folder}/${each.fileName}`, isFolder: each.type === "Directory", size: each.size }))
      .sort((one, other) => other.isFolder - one.isFolder || name(one.path).localeCompare(name(other.path)));
  }

  /** Return a file's text; null where it is none. */
  async text(path) {
    const found = await bytes(this.place, { query: { path } });
    if (found.includes(0)) return null;
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(found);
    } catch {
      return null;
    }
  }

  /** Write a file. @param {string} path @param {Blob|string} content */
  write(path, content) {
    const form = new FormData();
    form.append("fileContent", content instanceof Blob ? content : new Blob([content]), name(path));
    return ask(this.place, { method: "POST", query: { path }, form });
  }

  move = (from, to) => ask(this.place, { method: "PUT", query: { from, to } });
  remove = (path) => ask(this.place, { method: "DELETE", query: { path } });
  makeFolder = (path) => ask([...this.place, "directory"], { method: "POST", query: { path } });
  link = (path) => address(this.place, { path });
  get export() {
    return address([...this.place, "export"]);
  }
}

/** Return the files that somebody drops, those in folders too: `[path, file]` each. */
export async function dropped(transfer) {
  const entries = [...transfer.items].map((each) => each.webkitGetAsEntry?.()).filter(Boolean);
  const found = [];
  const walk = async (entry, before) => {
    const path = `${before}/${entry.name}`;
    if (entry.isFile) return void found.push([path, await new Promise((done, fail) => entry.file(done, fail))]);
    const reader = entry.createReader();
    for (;;) {
      const some = await new Promise((done, fail) => reader.readEntries(done, fail)); // at most 100 a time
      if (!some.length) return;
      for (const each of some) await walk(each, path);
    }
  };
  for (const entry of entries) await walk(entry, "");
  return found;
}
