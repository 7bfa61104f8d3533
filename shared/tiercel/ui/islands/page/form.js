// The form by which a flow is executed: which fields are enabled, what is wrong with them, files that are dropped.
//
// The server knows it all: on each change the form goes to its `validate`; what it answers is shown. Without scripts the form
// is sent as it stands.
import { ask } from "../lib/api.js";
import { announce, debounced, h } from "../lib/dom.js";

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
    form.addEventListener("submit", () => {
      // What is hidden is not sent: the flow would not take it.
      for (const field of form.querySelectorAll("[data-input][hidden] :is(input, select, textarea)")) field.disabled = true;
    });
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

  /** Return what is sent: the values of what is shown; of files only their names, for nothing is stored yet. */
  #values() {
    const found = new FormData();
    for (const [name, value] of new FormData(this.form)) {
      if (name.startsWith("_") || value === "") continue;
      if (value instanceof File) {
        if (value.name) found.append(name, new Blob([" "]), value.name);
      } else found.append(name, value);
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
      if (isDefault && !this.touched.has(input.id)) prefill(place, value);
      options(place, input);
    }
    this.#checks(checks);
    this.form.dataset.wrong = wrong;
    delete this.form.dataset.unchecked;
  }

  #complain(place, errors) {
    const shown = place.querySelector("[data-errors]");
    shown?.replaceChildren(...errors.map(({ message }) => h("p", {}, message)));
    for (const field of place.querySelectorAll("input, select, textarea")) field.setAttribute("aria-invalid", errors.length > 0);
  }

  #checks(checks) {
    const place = this.form.querySelector("[data-checks]");
    place?.replaceChildren(...checks.map(({ message, style }) => h("p", { class: `i-check i-check-${String(style ?? "info").toLowerCase()}` }, message)));
    const blocked = checks.some(({ behavior }) => behavior === "BLOCK_EXECUTION");
    for (const button of this.form.querySelectorAll("[type=submit], button:not([type])")) button.disabled = blocked;
  }
}

/** Show a default that the server has worked out, where the field is empty. */
function prefill(place, value) {
  const field = place.querySelector("input:not([type=file], [type=password], [type=checkbox], [type=radio]), textarea, select:not([multiple])");
  if (!field || field.value || value === null || value === undefined) return;
  field.value = typeof value === "object" ? JSON.stringify(value, null, 2) : value;
}

/** Choices that an expression gives come with the answer. */
function options(place, { values }) {
  const field = place.querySelector("select[data-options-from-server]");
  if (!field || !Array.isArray(values)) return;
  const now = [...field.options].map((each) => each.value).filter(Boolean);
  if (now.join("\n") === values.join("\n")) return;
  const chosen = new Set([...field.selectedOptions].map((each) => each.value));
  const none = field.multiple || field.required ? [] : [h("option", { value: "" }, "–")];
  field.replaceChildren(...none, ...values.map((each) => h("option", { value: each, selected: chosen.has(String(each)) }, String(each))));
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
