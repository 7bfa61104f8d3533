// Buttons that copy: `[data-copy="text"]`, or `[data-copy-from="#id"]`.
import { copy } from "../lib/dom.js";

export function copying(document) {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy], [data-copy-from]");
    if (!button) return;
    event.preventDefault();
    const text = button.dataset.copy ?? document.querySelector(button.dataset.copyFrom)?.textContent ?? "";
    if (!(await copy(text))) return;
    button.dataset.copied = "";
    setTimeout(() => delete button.dataset.copied, 1500);
  });
}
