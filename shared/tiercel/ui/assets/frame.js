// What every page does besides its islands: menus that close, stars, the theme. Pages work without it.
import { all } from "./lists.js";
import "./rows.js";
import "./tree.js";

/** Close the menus in which nothing was touched. */
function close(event) {
  for (const open of all("details.drop[open]")) {
    if (event.type === "keydown" || !open.contains(event.target)) open.open = false;
  }
}

const kept = (name) => {
  try {
    return localStorage.getItem(name) ?? "";
  } catch {
    return ""; // A browser that keeps nothing has what the server says.
  }
};

/** Remember the theme and the menu where the server can see them, so that the next page begins with them. */
function remember() {
  const seen = { theme: kept("theme") || "system", menu: kept("menuCollapsed") === "true" ? "narrow" : "wide" };
  for (const [name, value] of Object.entries(seen)) document.cookie = `tiercel_${name}=${encodeURIComponent(value)}; path=/ui; max-age=31536000; samesite=lax`;
}

/** Show the menu as it was last wanted, and let it be narrow or wide. */
function menu() {
  const button = document.querySelector("[data-menu-switch]");
  const root = document.documentElement;
  const show = (narrow) => {
    if (narrow) root.dataset.menu = "narrow";
    else delete root.dataset.menu;
    button?.setAttribute("aria-pressed", String(narrow));
  };
  button?.addEventListener("click", () => {
    const narrow = root.dataset.menu !== "narrow";
    localStorage.setItem("menuCollapsed", String(narrow));
    show(narrow);
    remember();
  });
  show(kept("menuCollapsed") === "true");
}

/** Lead from the menu to the lists of the namespace that this browser prefers, and begin new flows there. */
function preferred() {
  const namespace = kept("defaultNamespace");
  if (!namespace) return;
  const lists = ["dashboards", "flows", "executions", "logs", "admin/triggers"].map((name) => `.menu a[href="/ui/${name}"]`);
  for (const link of all([...lists, 'a[href="/ui/flows/new"]'].join())) link.href += `?namespace=${encodeURIComponent(namespace)}`;
}

/** Call the installation as this browser's settings do, where they do. */
function environment() {
  const place = document.querySelector("[data-env]");
  if (!place) return;
  const [name, color] = [kept("envName"), kept("envColor")];
  if (name) place.textContent = name;
  if (color && CSS.supports("color", color)) document.documentElement.style.setProperty("--env", color);
  place.hidden = !place.textContent.trim();
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
menu();
environment();
preferred();
stars();
