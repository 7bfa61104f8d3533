// Light, dark, or as the system has it.
import { keep, onSetting, setting } from "../lib/settings.js";

const THEMES = ["system", "light", "dark"];

function show() {
  const chosen = setting("theme");
  document.documentElement.dataset.theme = THEMES.includes(chosen) ? chosen : "system";
}

export function theme(document) {
  show();
  onSetting((name) => name === "theme" && show());
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-switch]");
    if (!button) return;
    const next = THEMES[(THEMES.indexOf(setting("theme")) + 1) % THEMES.length];
    keep("theme", next);
    button.title = `Theme: ${next}`;
  });
}
