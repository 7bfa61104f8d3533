// What every page loads: htmx, the small modules of the page, and the islands that stand on it, each on its own.
import htmx from "htmx.org/dist/htmx.esm.js";
import { csrf } from "./lib/api.js";
import { problem } from "./lib/dom.js";
import { copying } from "./page/copying.js";
import { executeForms } from "./page/form.js";
import { keyboard } from "./page/keyboard.js";
import { liveHead } from "./page/livehead.js";
import { palette } from "./page/palette.js";
import { refreshing } from "./page/refreshing.js";
import { settings } from "./page/settings.js";
import { theme } from "./page/theme.js";
import { times } from "./page/times.js";

const ISLANDS = {
  chart: () => import("./chart/index.js"),
  code: () => import("./code/index.js"),
  diff: () => import("./diff/index.js"),
  editor: () => import("./editor/index.js"),
  files: () => import("./files/index.js"),
  gantt: () => import("./gantt/index.js"),
  graph: () => import("./graph/index.js"),
  live: () => import("./live/index.js"),
  log: () => import("./log/index.js"),
};
const mounted = new Map(); // by element: `{unmount, before}`, or null while it loads

async function bring(element) {
  if (mounted.has(element)) return;
  mounted.set(element, null);
  const name = element.dataset.island;
  const before = [...element.childNodes];
  try {
    if (!ISLANDS[name]) throw new Error(`There is no island '${name}'; there are ${Object.keys(ISLANDS).join(", ")}.`);
    const options = JSON.parse(element.dataset.options || "{}");
    const { mount } = await ISLANDS[name]();
    if (!element.isConnected || !mounted.has(element)) return void mounted.delete(element);
    const isHeld = element.contains(document.activeElement); // somebody writes there already
    element.replaceChildren();
    mounted.set(element, { ...mount(element, options, before), before });
    element.dataset.mounted = "";
    if (isHeld) element.querySelector(".cm-content")?.focus();
  } catch (error) {
    mounted.delete(element);
    element.replaceChildren(problem(error, () => bring(element)), ...before);
  }
}

function take(element) {
  const island = mounted.get(element);
  mounted.delete(element);
  delete element.dataset.mounted;
  if (!island) return;
  island.unmount();
  element.replaceChildren(...island.before);
}

/** Mount what is there, let go what is gone. */
function scan() {
  for (const element of mounted.keys()) if (!element.isConnected) take(element);
  for (const element of document.querySelectorAll("[data-island]")) bring(element);
}

function begin() {
  Object.assign(htmx.config, { includeIndicatorStyles: false, allowEval: false, allowScriptTags: false, selfRequestsOnly: true, historyCacheSize: 0 });
  globalThis.htmx = htmx;
  document.addEventListener("htmx:configRequest", ({ detail }) => {
    if (detail.verb !== "get" && csrf()) detail.headers["X-CSRF-Token"] = csrf();
  });
  for (const event of ["htmx:afterSettle", "htmx:historyRestore"]) document.addEventListener(event, scan);
  document.addEventListener("htmx:beforeCleanupElement", ({ target }) => mounted.has(target) && take(target));
  addEventListener("pagehide", (event) => event.persisted || [...mounted.keys()].forEach(take));
  for (const module of [settings, theme, times, copying, keyboard, palette, executeForms, refreshing, liveHead]) module(document);
  scan();
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
else begin();
