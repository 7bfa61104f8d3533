// The form by which a flow is executed: which fields are enabled, what is wrong with them, files that are dropped.
//
// The server knows it all: on each change the form goes to its `validate`; what it answers is shown. Without scripts the form
// is sent as it stands.
import { ask } from "../lib/api.js";
import { announce, debounced, h } from "../lib/dom.js";
import { setting } from "../lib/settings.js";

const QUIET = 350;

export function executeForms(document) {
  const begin = () => document.querySelectorAll("form[data-execute]:not([data-ready])").forEach((form) => new ExecuteForm(form));
  begin();
  document.addEventListener("htmx:afterSettle", begin);
  document.addEventListener("toggle", begin, true);
}

class ExecuteForm {
  constructor(form) {
    this.form = form;
    this.touched = new Set();
    form.dataset.ready = "";
    const soon = debounced(() => this.validate(), QUIET);
    form.addEventListener("input", ({ target }) => {
      this.#touch(target);
      soon();
    });
    form.addEventListener("change", ({ target }) => {
      this.#touch(target);
      soon();
    });
    form.addEventListener("submit", (event) => this.#leave(event));
    form.addEventListener("htmx:configRequest", ({ detail }) => this.#withoutContents(detail.formData));
    form.querySelector("[data-commands]")?.addEventListener("toggle", () => this.#filled());
    form.addEventListener("click", (event) => {
      const clear = event.target.closest("[data-clear]");
      if (clear) this.#clear(clear.closest("[data-input]"));
    });
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      form.requestSubmit();
    });
    for (const field of form.querySelectorAll("input[type=file]")) dropping(field);
    for (const field of form.querySelectorAll("[data-choosing]")) choosing(field);
    for (const button of form.querySelectorAll("[data-commands] [data-looks]")) button.hidden = true;
    if (form.querySelector("[data-input]")) this.validate();
  }

  #touch(field) {
    const id = field.closest("[data-input]")?.dataset.input;
    if (id) this.touched.add(id);
  }

  #clear(place) {
    for (const field of place?.querySelectorAll("input, select, textarea") ?? []) {
      if (field.type === "checkbox" || field.type === "radio") field.checked = false;
      else field.value = "";
      field.dispatchEvent(new Event("change", { bubbles: true }));
    }
  }

  /** The form is sent: without what is hidden, which the flow would not take; in a new tab where the settings say so. */
  #leave({ submitter }) {
    const { form } = this;
    const looks = submitter?.hasAttribute("data-looks");
    form.target = !looks && setting("executeFlowBehaviour") === "new tab" ? "_blank" : "";
    const tab = form.querySelector("[data-default-tab]");
    if (tab) tab.value = setting("executeDefaultTab");
    const hidden = [...form.querySelectorAll("[data-input][hidden] :is(input, select, textarea)")].filter((field) => !field.disabled);
    for (const field of hidden) field.disabled = true;
    setTimeout(() => hidden.forEach((field) => (field.disabled = false))); // the page stays where a new tab was opened
  }

  /** The request that is written out needs the names of files and that there are secrets, not what they hold. */
  #withoutContents(sent) {
    for (const field of this.form.querySelectorAll("input[type=password], input[type=file]")) {
      sent.delete(field.name);
      if (field.type === "password" && field.value) sent.append(field.name, "given");
      const [file] = field.files ?? [];
      if (file) sent.append(field.name, new Blob([" "]), file.name);
      else if (field.type === "file") for (const { value } of this.form.querySelectorAll(`input[name="${CSS.escape(field.name)}"]:not([type=file])`)) sent.append(field.name, value);
    }
  }

  #filled() {
    const commands = this.form.querySelector("[data-commands][open]");
    commands?.dispatchEvent(new CustomEvent("tiercel:filled"));
  }

  /** Return what is sent: the values of what is shown; of files only their names, for nothing is stored yet. */
  #values() {
    const found = new FormData();
    const switches = new Set([...this.form.querySelectorAll("[role=switch]")].map((each) => each.name));
    for (const [name, value] of new FormData(this.form)) {
      if (name.startsWith("_") || value === "") continue;
      if (value instanceof File) {
        if (value.name) found.append(name, new Blob([" "]), value.name);
      } else if (switches.has(name)) found.set(name, value);
      else if (!(found.get(name) instanceof File)) found.append(name, value);
    }
    return found;
  }

  async validate() {
    this.running?.abort();
    this.running = new AbortController();
    const { namespace, flow, revision, validate } = this.form.dataset;
    const parts = (validate && JSON.parse(validate)) || ["executions", namespace, flow, "validate"];
    try {
      this.#show(await ask(parts, { form: this.#values(), query: { revision }, signal: this.running.signal, method: "POST" }));
      this.#filled();
    } catch (error) {
      if (error.name !== "AbortError") this.form.dataset.unchecked = error.message;
    }
  }

  #show({ inputs = [], checks = [] }) {
    let wrong = 0;
    for (const { input, enabled, errors, value, isDefault } of inputs) {
      const place = this.form.querySelector(`[data-input="${CSS.escape(input.id)}"]`);
      if (!place) continue;
      const hides = enabled === false;
      if (place.hidden !== hides) announce(`${input.displayName ?? input.id} ${hides ? "hidden" : "shown"}`);
      place.hidden = hides;
      if (!hides && errors?.length) wrong += 1;
      this.#complain(place, hides || !this.touched.has(input.id) ? [] : (errors ?? []));
      options(place, input);
      if (isDefault && !this.touched.has(input.id)) prefill(place, value);
    }
    this.#checks(checks);
    this.form.dataset.wrong = wrong;
    delete this.form.dataset.unchecked;
  }

  #complain(place, errors) {
    const shown = place.querySelector("[data-errors]");
    shown?.replaceChildren(...errors.map(({ message }) => h("p", {}, message)));
    for (const field of place.querySelectorAll("input, select, textarea, .cm-content")) field.setAttribute("aria-invalid", errors.length > 0);
  }

  #checks(checks) {
    const place = this.form.querySelector("[data-checks]");
    place?.replaceChildren(...checks.map(({ message, style }) => h("p", { class: `i-check i-check-${String(style ?? "info").toLowerCase()}` }, message)));
    const blocked = checks.some(({ behavior }) => behavior === "BLOCK_EXECUTION");
    for (const button of this.form.querySelectorAll("[type=submit], button:not([type])")) button.disabled = blocked;
  }
}

/** Show a default that the server has worked out, where nothing was touched yet. */
function prefill(place, value) {
  if (value === null || value === undefined) return;
  const boxes = [...place.querySelectorAll("[type=radio], [type=checkbox]")];
  if (boxes.length) {
    const wanted = new Set([value].flat().map(String));
    for (const box of boxes) box.checked = wanted.has(box.value);
    return;
  }
  const field = place.querySelector("input:not([type=file], [type=password]), textarea, select:not([multiple])");
  if (!field || field.value) return;
  field.value = typeof value === "object" ? JSON.stringify(value, null, 2) : value;
  field.dispatchEvent(new CustomEvent("tiercel:fill"));
}

/** Choices that an expression gives come with the answer. */
function options(place, { values }) {
  const field = place.querySelector("[data-options-from-server]");
  if (!field || !Array.isArray(values)) return;
  const kind = field.dataset.optionsFromServer;
  const all = values.map(String);
  const boxes = [...field.querySelectorAll("input")];
  const now = (boxes.length ? boxes : [...(field.options ?? field.children)]).map((each) => each.value).filter(Boolean);
  if (now.join("\n") === all.join("\n")) return;
  if (kind === "radio" || kind === "checkbox") {
    const chosen = new Set(boxes.filter((each) => each.checked).map((each) => each.value));
    const box = (value) => h("label", { class: "row" }, h("input", { type: kind, name: field.dataset.name, value, checked: chosen.has(value) }), ` ${value}`);
    field.replaceChildren(...all.map(box));
    return;
  }
  const chosen = new Set([...(field.selectedOptions ?? [])].map((each) => each.value));
  const none = kind === "select" && !field.required ? [h("option", { value: "" }, "–")] : [];
  field.replaceChildren(...none, ...all.map((value) => h("option", { value, selected: chosen.has(value) }, value)));
}

/** Let choices be searched for; Enter does not send the form. */
function choosing(field) {
  field.addEventListener("input", (event) => {
    event.stopPropagation();
    const part = field.value.trim().toLowerCase();
    for (const label of field.parentElement.querySelectorAll(".choices label")) label.hidden = !label.textContent.toLowerCase().includes(part);
  });
  field.addEventListener("change", (event) => event.stopPropagation());
  field.addEventListener("keydown", (event) => event.key === "Enter" && !event.ctrlKey && !event.metaKey && event.preventDefault());
}

/** Let files be dropped anywhere on the place of their field. */
function dropping(field) {
  const place = field.closest("[data-input]") ?? field.parentElement;
  const over = (event) => {
    if (![...(event.dataTransfer?.types ?? [])].includes("Files")) return;
    event.preventDefault();
    place.dataset.over = "";
  };
  for (const name of ["dragenter", "dragover"]) place.addEventListener(name, over);
  for (const name of ["dragleave", "drop"]) place.addEventListener(name, () => delete place.dataset.over);
  place.addEventListener("drop", (event) => {
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    const taken = new DataTransfer();
    for (const file of field.multiple ? event.dataTransfer.files : [event.dataTransfer.files[0]]) taken.items.add(file);
    field.files = taken.files;
    field.dispatchEvent(new Event("change", { bubbles: true }));
    announce(`${taken.files.length} file${taken.files.length > 1 ? "s" : ""} taken`);
  });
}
