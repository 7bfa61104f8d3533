// What every page does besides its islands: menus that close, stars, the theme. Pages work without it.
import { all } from "./lists.js";
import "./rows.js";

/** Close the menus in which nothing was touched. */
function close(event) {
  for (const open of all("details.drop[open]")) {
    if (event.type === "keydown" || !open.contains(event.target)) open.open = false;
  }
}

/** Remember the theme where the server can see it, so that the next page begins with it. */
function remember() {
  let theme = "system";
  try {
    theme = localStorage.getItem("theme") ?? "system";
  } catch {
    // A browser that keeps nothing has the system's.
  }
  document.cookie = `tiercel_theme=${encodeURIComponent(theme)}; path=/ui; max-age=31536000; samesite=lax`;
}

/** Show the starred pages, and let this one be one of them. */
function stars() {
  const list = document.querySelector("[data-starred]");
  const button = document.querySelector("[data-star]");
  if (!list) return;
  const read = () => {
    try {
      const found = JSON.parse(localStorage.getItem("starred") ?? "[]");
      return Array.isArray(found) ? found : [];
    } catch {
      return [];
    }
  };
  const draw = () => {
    const kept = read().filter((each) => String(each.address).startsWith("/ui/"));
    list.replaceChildren(...kept.map((each) => {
      const link = Object.assign(document.createElement("a"), { href: each.address, textContent: `★ ${each.title}` });
      const item = document.createElement("li");
      item.append(link);
      return item;
    }));
    button?.setAttribute("aria-pressed", String(kept.some((each) => each.address === location.pathname)));
  };
  button?.addEventListener("click", () => {
    const others = read().filter((each) => each.address !== location.pathname);
    const was = others.length < read().length;
    const here = { address: location.pathname, title: document.title.replace(/ · Tiercel$/, "") };
    localStorage.setItem("starred", JSON.stringify(was ? others : [...others, here]));
    draw();
  });
  draw();
}

document.addEventListener("click", close);
document.addEventListener("keydown", (event) => event.key === "Escape" && close(event));
addEventListener("pagehide", remember);
for (const tabs of all(".tabs")) {
  const now = tabs.querySelector("[aria-current]");
  if (now) tabs.scrollLeft = now.offsetLeft - (tabs.clientWidth - now.offsetWidth) / 2;
}
remember();
stars();
