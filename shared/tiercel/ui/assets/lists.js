// What lists do besides htmx: steps of Back, parts that have not changed, columns that are chosen, filters that are kept.
export const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];

let typed = null; // the field in which somebody goes on writing

/** Let what is typed into a filter be one step of Back, however many lists were shown meanwhile. */
function history({ detail }) {
  const event = detail.requestConfig?.triggeringEvent;
  const isSame = new URL(detail.history.path ?? "", location.href).href === location.href;
  if (isSame || (event?.type === "input" && typed === event.target)) detail.history.type = "replace";
  typed = event?.type === "input" ? event.target : null;
}

const tags = new Map(); // by the id of a part: the address it was asked for by, and what marks the answer

/** Ask for a part that is there already only where it has changed: an answer 304 leaves it as it is. */
function unchanged({ type, detail }) {
  const id = detail.target?.id;
  const known = tags.get(id);
  if (type === "htmx:configRequest") {
    if (known && detail.triggeringEvent?.type === "tiercel:refresh" && known.path === detail.path) detail.headers["If-None-Match"] = known.tag;
  } else if (detail.xhr.status === 304) detail.shouldSwap = false;
  else if (id) tags.set(id, { path: detail.requestConfig.path, tag: detail.xhr.getResponseHeader("ETag") ?? "" });
}

/** Show the columns of a list that somebody wants, and let them be chosen. */
function columns() {
  for (const table of all("table[data-columns]")) {
    const heads = all("thead th", table).map((head) => ({ head, name: head.textContent.trim() }));
    const named = heads.filter(({ name }) => name);
    const kept = localStorage.getItem(table.dataset.columns)?.split(",");
    const isShown = ({ head, name }) => !name || (kept ? kept.includes(name) : !("spare" in head.dataset));
    const shown = heads.map(isShown);
    for (const row of table.rows) if (row.cells.length > 1) [...row.cells].forEach((cell, place) => (cell.hidden = !shown[place]));
    const picker = table.closest("form, section")?.querySelector("[data-column-picker]");
    picker?.replaceChildren(...named.slice(1).map(({ head, name }) => {
      const box = Object.assign(document.createElement("input"), { type: "checkbox", checked: isShown({ head, name }) });
      box.addEventListener("change", () => {
        const chosen = named.filter((each) => (each.name === name ? box.checked : isShown(each)));
        localStorage.setItem(table.dataset.columns, chosen.map((each) => each.name).join(","));
        columns();
      });
      const label = Object.assign(document.createElement("label"), { className: "row" });
      label.append(box, ` ${name}`);
      return label;
    }));
    if (picker) picker.closest("details").hidden = false;
  }
}

/** Return what this browser keeps under a name: a list. */
function kept(name) {
  try {
    const found = JSON.parse(localStorage.getItem(name) ?? "[]");
    return Array.isArray(found) ? found : [];
  } catch {
    return [];
  }
}

const element = (tag, properties, ...inside) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...inside);
  return made;
};

/** Let filters be kept under a name, and found again: each is the query of an address. */
function saved(menu) {
  const name = menu.dataset.saved;
  const store = (filters) => {
    localStorage.setItem(name, JSON.stringify(filters));
    draw();
  };
  const field = element("input", { type: "text", placeholder: "name", ariaLabel: "Name of this filter" });
  const keep = () => {
    const called = field.value.trim();
    if (!called) return void field.focus();
    store([...kept(name).filter((each) => each.name !== called), { name: called, query: location.search.slice(1) }]);
    field.value = "";
  };
  const draw = () => {
    const rows = kept(name).map((each) => element("div", { className: "row" },
      element("a", { href: `${location.pathname}?${each.query}` }, each.name),
      element("button", { type: "button", className: "quiet", ariaLabel: `Forget ${each.name}`, onclick: () => store(kept(name).filter((one) => one.name !== each.name)) }, "×")));
    menu.lastElementChild.replaceChildren(...rows, element("div", { className: "row" }, field, element("button", { type: "button", onclick: keep }, "Keep this filter")));
  };
  for (const event of ["input", "change"]) menu.addEventListener(event, (heard) => heard.stopPropagation());
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target !== field) return;
    event.preventDefault();
    keep();
  });
  draw();
  menu.hidden = false;
}

/** Let parts that fold stay as somebody has left them, under the name that they have. */
function folds() {
  for (const part of all("details[data-keep]")) part.open = (localStorage.getItem(part.dataset.keep) ?? String(!("shut" in part.dataset))) === "true";
}

/** Let a span that ends now and one between two dates not be asked for together: the server would refuse both. */
function spans({ target }) {
  const other = { startDate: ["timeRange"], endDate: ["timeRange"], timeRange: ["startDate", "endDate"] }[target.name];
  if (!other || !target.value || !target.form?.matches(".filters")) return;
  for (const name of other) for (const field of all(`[name=${name}]`, target.form)) field.value = "";
}

document.addEventListener("toggle", ({ target }) => target.matches?.("details[data-keep]") && localStorage.setItem(target.dataset.keep, target.open), true);
document.addEventListener("change", spans, true);
for (const event of ["htmx:afterSwap", "htmx:historyRestore"]) document.addEventListener(event, folds);
folds();
/** Leave fields that are empty out of the address. */
function filled({ detail }) {
  if (!detail.elt.matches("form.filters")) return;
  for (const [name, value] of [...detail.formData]) if (value === "") detail.formData.delete(name);
}

document.addEventListener("htmx:configRequest", filled);
for (const event of ["htmx:configRequest", "htmx:beforeSwap"]) document.addEventListener(event, unchanged);
for (const event of ["htmx:afterSwap", "htmx:historyRestore"]) document.addEventListener(event, columns);
columns();
document.addEventListener("htmx:beforeHistoryUpdate", history);
all("details[data-saved]").forEach(saved);
