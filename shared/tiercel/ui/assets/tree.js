// Rows below a namespace that fold, and stay folded in this browser.
import { all } from "./lists.js";

const KEPT = "foldedNamespaces";
const kept = () => new Set((localStorage.getItem(KEPT) ?? "").split(",").filter(Boolean));

/** Hide what is below a folded namespace. */
function fold() {
  const folded = [...kept()];
  const isIn = (name, spaces) => spaces.some((space) => name === space || name.startsWith(`${space}.`));
  for (const row of all("tr[data-within]")) row.hidden = isIn(row.dataset.within, folded);
  for (const row of all("tr[data-space]")) {
    const { space } = row.dataset;
    row.hidden = isIn(space, folded.filter((each) => each !== space));
    row.querySelector("[data-fold-space]").setAttribute("aria-expanded", !folded.includes(space));
  }
}

document.addEventListener("click", ({ target }) => {
  const button = target.closest?.("[data-fold-space]");
  if (!button) return;
  const [folded, { space }] = [kept(), button.closest("tr").dataset];
  if (!folded.delete(space)) folded.add(space);
  localStorage.setItem(KEPT, [...folded].join(","));
  fold();
});
for (const event of ["htmx:afterSwap", "htmx:historyRestore"]) document.addEventListener(event, fold);
fold();
