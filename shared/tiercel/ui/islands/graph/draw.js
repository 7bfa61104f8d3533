// The sheet: boxes, lines, what stands in them.
import { svg } from "../lib/dom.js";
import { duration, lastPart } from "../lib/format.js";
import { icon, isOver, spans } from "../lib/states.js";
import { nameOf, typeOf } from "./model.js";

/** Draw everything anew into a group; returns what `redraw` needs. */
export function drawAll(sheet, top, laid, how) {
  const drawn = [];
  const walk = (box) => {
    if (box.parent) drawn.push(made(box, seen(box, how), how));
    if (box.inner) for (const child of box.children) walk(child);
  };
  walk(top);
  const lines = laid.edges.map((each) => edge(each));
  const [clusters, nodes] = [drawn.filter(({ box }) => box.kind === "cluster"), drawn.filter(({ box }) => box.kind !== "cluster")];
  const elements = (some) => some.map(({ element }) => element);
  sheet.replaceChildren(svg("g", {}, elements(clusters)), svg("g", { "aria-hidden": "true" }, lines), svg("g", {}, elements(nodes)));
  return drawn;
}

/** Draw those boxes anew that look otherwise than they did: all stand where they stood. */
export function redraw(drawn, how) {
  drawn.forEach((each, place) => {
    const now = seen(each.box, how);
    if (now.sign === each.sign) return;
    drawn[place] = made(each.box, now, how);
    each.element.replaceWith(drawn[place].element);
  });
}

function made(box, { state, sign }, how) {
  return { box, sign, element: box.kind === "cluster" ? cluster(box, state, how) : leaf(box, state) };
}

/** Return how a box stands, and what of that is seen. */
function seen(box, how) {
  if (["root", "end", "trigger"].includes(box.kind)) return { state: null, sign: "" };
  const state = how.standing(nameOf(box), box);
  const { done, all } = state?.progress ?? {};
  return { state, sign: state ? [state.state, done, all, ...(box.kind === "cluster" ? [] : texts(state))].join() : "" };
}

function edge({ edge: { relation }, value, points }) {
  const kind = relation?.relationType ?? relation ?? "";
  const path = svg("path", { class: "i-edge", d: curve(points), "marker-end": "url(#i-arrow)", data: { relation: String(kind) } });
  if (value === null || value === undefined || value === "" || points.length < 2) return path;
  const [x, y] = points[Math.floor(points.length / 2)];
  return svg("g", {}, path, svg("text", { class: "i-edge-value", x, y: y - 3, "text-anchor": "middle" }, cut(String(value), 24)));
}

/** Return a path through points, with round corners. */
function curve(points) {
  if (points.length < 2) return "";
  const [first, ...rest] = points;
  let path = `M${first[0]},${first[1]}`;
  for (let place = 0; place < rest.length - 1; place += 1) {
    const [here, next] = [rest[place], rest[place + 1]];
    path += ` Q${here[0]},${here[1]} ${(here[0] + next[0]) / 2},${(here[1] + next[1]) / 2}`;
  }
  return `${path} L${rest.at(-1)[0]},${rest.at(-1)[1]}`;
}

function cluster(box, state, how) {
  const folded = how.folded.has(box.id);
  const group = svg("g", { class: `i-cluster${folded ? " i-folded" : ""}`, transform: `translate(${box.x} ${box.y})`, data: { id: box.id } });
  if (state) group.dataset.state = state.state;
  const progress = state?.progress ? ` ${state.progress.done}/${state.progress.all}` : "";
  const title = cut(nameOf(box), Math.max(8, Math.floor(box.width / 8) - 6));
  const kind = lastPart(typeOf(box)) || box.relation;
  group.append(
    svg("rect", { width: box.width, height: box.height, rx: 10 }),
    svg("g", { class: "i-node i-fold-button", tabindex: "0", role: "button", "aria-expanded": String(!folded), "aria-label": [title + progress, folded && kind, title === nameOf(box) ? "" : nameOf(box), folded ? "folded" : "open"].filter(Boolean).join(" "), data: { fold: box.id } },
      svg("rect", { class: "i-fold-hit", width: Math.min(box.width, 200), height: folded ? box.height : 22, rx: 8 }),
      svg("text", { x: 10, y: folded ? 20 : 16, class: "i-cluster-name" }, `${folded ? "▸" : "▾"} ${title}`, svg("tspan", { class: "i-progress" }, progress)),
      " ", folded ? svg("text", { x: 24, y: 36, class: "i-node-type" }, kind) : null),
  );
  return group;
}

function leaf(box, state) {
  const at = { transform: `translate(${box.x} ${box.y})` };
  if (box.kind === "root" || box.kind === "end") return svg("circle", { class: "i-dot", cx: box.x + 5, cy: box.y + 5, r: 3.5 });
  const [name, type] = [nameOf(box), typeOf(box)];
  const branch = box.node.branchType ?? (box.node.error ? "ERROR" : "");
  const shown = [
    svg("text", { x: 14, y: 20, class: "i-node-name" }, cut(name, state ? 21 : 24)),
    svg("text", { x: 14, y: 36, class: "i-node-type" }, cut(lastPart(type) || box.node.namespace || "", state ? 16 : 28)),
    ...(state ? marks(state) : []),
  ];
  const group = svg("g", { ...at, class: `i-node i-${box.kind}`, tabindex: "0", role: "button", "aria-label": label(shown, name, state), data: { id: box.id, branch } });
  if (state) group.dataset.state = state.state;
  group.append(svg("title", {}, `${name}\n${type || box.node.namespace || ""}`), svg("rect", { width: box.width, height: box.height, rx: 8 }));
  for (const text of shown) group.append(text, " ");
  return group;
}

/** Return the name of a box for who hears it: what stands in it, as those say it who see it, and what is cut off there. */
function label(shown, name, state) {
  const read = shown.map((each) => each.textContent).filter(Boolean).join(" ");
  return [read, read.startsWith(name) ? "" : name, state?.state].filter(Boolean).join(", ");
}

/** Return what a box says of its state: a sign, and how often and how long. */
function texts(state) {
  const all = spans(state.run.state);
  const time = all.length ? duration((isOver(state.state) ? all.at(-1).to : Date.now()) - all[0].from) : "";
  const count = state.progress ? `${state.progress.done}/${state.progress.all}` : state.count > 1 ? `×${state.count}` : "";
  return [icon(state.state), [count, time].filter(Boolean).join(" ")];
}

function marks(state) {
  const [sign, time] = texts(state);
  return [
    svg("text", { x: 176, y: 20, class: "i-node-state", "text-anchor": "end" }, sign),
    svg("text", { x: 176, y: 36, class: "i-node-time", "text-anchor": "end" }, time),
  ];
}

const cut = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
