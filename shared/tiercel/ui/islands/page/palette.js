// Ctrl+K: search everything and go there.
import { ask, executionPage, flowPage, page, pages } from "../lib/api.js";
import { debounced } from "../lib/dom.js";
import { lastPart } from "../lib/format.js";
import { pick } from "../lib/picking.js";

const PAGES = [
  ["Dashboards", "dashboards"], ["Flows", "flows"], ["New flow", "flows/new"], ["Search in sources", "flows/search"], ["Executions", "executions"], ["Logs", "logs"],
  ["Namespaces", "namespaces"], ["Triggers", "admin/triggers"], ["Stats", "admin/stats"], ["Plugins", "plugins"], ["Blueprints", "blueprints"], ["Settings", "settings"],
];
const MOST = 8; // of one kind

export function palette(document) {
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      open();
    }
  });
  document.addEventListener("click", (event) => event.target.closest("[data-open-palette]") && open());
}

let plugins = null;

/** Return the types of plugins, asked for once a page. */
async function types() {
  plugins ??= ask(["plugins"], { query: { size: 1000 } }).then(({ results }) =>
    results.flatMap((group) => [...(group.tasks ?? []), ...(group.triggers ?? [])].map((each) => each.cls)));
  return plugins;
}

/** Return what matches without asking anybody: pages, and what the page itself offers. */
function near(words) {
  const fits = (text) => words.every((word) => text.toLowerCase().includes(word));
  const own = [...document.querySelectorAll("[data-command]")].filter((each) => !each.disabled).map((each) => ({ kind: "Here", text: each.dataset.command || each.textContent.trim(), run: () => each.click() }));
  const places = PAGES.map(([text, path]) => ({ kind: "Page", text, href: `${pages()}/${path}` }));
  return [...own, ...places].filter(({ text }) => fits(text));
}

/** Return what the server knows: flows (also to execute), executions by id, namespaces, types. */
async function far(text, signal) {
  const wish = /^(?:execute|run)\s+(.+)/i.exec(text)?.[1];
  const q = wish ?? text;
  const query = { "filters[q][EQUALS]": q, size: MOST };
  const asked = [
    ask(["flows", "search"], { query, signal }).then(({ results }) => results.flatMap((flow) => [
      { kind: "Flow", text: `${flow.namespace}.${flow.id}`, href: flowPage(flow.namespace, flow.id) },
      { kind: "Execute", text: `Execute ${flow.namespace}.${flow.id}`, href: page(["flows", "execute", flow.namespace, flow.id]), late: !wish },
    ])),
    wish ? [] : ask(["namespaces", "autocomplete"], { json: { q }, signal }).then((names) => names.slice(0, MOST).map((id) => ({ kind: "Namespace", text: id, href: page(["namespaces", "edit", id]) }))),
    !wish && /^[\w-]{8,}$/.test(q) ? ask(["executions", q], { signal }).then((run) => [{ kind: "Execution", text: `${run.id} (${run.namespace}.${run.flowId})`, href: executionPage(run) }]) : [],
    wish ? [] : types().then((all) => all.filter((each) => each.toLowerCase().includes(q.toLowerCase())).slice(0, MOST).map((each) => ({ kind: "Type", text: lastPart(each), more: each, href: page(["plugins", each]) }))),
  ];
  const found = (await Promise.allSettled(asked)).flatMap((each) => (each.status === "fulfilled" ? each.value : []));
  return [...found.filter((each) => !each.late), ...found.filter((each) => each.late)];
}

function open() {
  let running = new AbortController();
  const search = debounced(async (text, show) => {
    running.abort();
    running = new AbortController();
    const { signal } = running;
    const found = await far(text, signal);
    if (!signal.aborted) show([...near(text.toLowerCase().split(/\s+/)), ...found]);
  }, 200);
  pick({
    name: "Search everything",
    hint: "Search, or “execute …”",
    typed(text, show) {
      show(near(text.toLowerCase().split(/\s+/)));
      if (text) search(text, show);
      else search.cancel();
    },
    closed() {
      search.cancel();
      running.abort();
    },
  });
}
