// Rows that are chosen, and what is done to them: to those, or to all that the filter means where somebody says so.
//
// Promise: before anything is done it is said to how many, and by which filter; never is a request sent without either.
import { all } from "./lists.js";

/** Say how many rows are chosen, and let only then the buttons be pressed that act on them. */
function count(form) {
  const boxes = all("input[name=id]", form);
  const chosen = boxes.filter((box) => box.checked).length;
  const every = chosen > 0 && chosen === boxes.length && "meansAll" in form.dataset;
  if (!every) delete form.dataset.meansAll;
  const { total, noun, words } = form.dataset;
  const touched = every ? `${number(total, noun)}: ${words}` : chosen && noun ? number(chosen, noun) : `${chosen} chosen`;
  for (const box of boxes) box.closest("tr")?.classList.toggle("selected", box.checked);
  for (const place of all("[data-chosen]", form)) place.textContent = every ? `all ${touched}` : chosen ? `${chosen} chosen` : place.dataset.none;
  for (const place of all("[data-touched]", form)) place.textContent = `${touched}${words && !every ? ` of those with ${words}` : ""}`;
  for (const button of all("[data-needs-rows]", form)) {
    button.disabled = !chosen || (every && !button.dataset.everyOne);
    button.dataset.some ??= button.getAttribute("formaction");
    button.setAttribute("formaction", (every && button.dataset.everyOne) || button.dataset.some);
  }
  form.classList.toggle("some", chosen > 0);
  const more = form.querySelector("[data-choose-all]");
  if (more) more.hidden = every || !chosen || chosen < boxes.length;
  const head = form.querySelector("[data-every]");
  if (head) {
    head.checked = chosen > 0 && chosen === boxes.length;
    head.indeterminate = chosen > 0 && chosen < boxes.length;
  }
}

const number = (many, noun) => `${Number(many).toLocaleString()} ${noun}${Number(many) === 1 ? "" : "s"}`;

function changed(event) {
  const form = event.target.closest?.("form[data-rows]");
  if (!form) return;
  if (event.target.matches("[data-every]")) {
    for (const box of all("input[name=id]", form)) box.checked = event.target.checked;
  }
  if (event.target.matches("[data-every], input[name=id]")) delete form.dataset.meansAll;
  count(form);
}

function clicked(event) {
  const more = event.target.closest?.("[data-choose-all]");
  if (!more) return;
  more.form.dataset.meansAll = "";
  count(more.form);
}

const forms = () => all("form[data-rows]").forEach(count);

document.addEventListener("change", changed);
document.addEventListener("click", clicked);
for (const event of ["htmx:afterSwap", "pageshow"]) addEventListener(event, forms);
forms();
