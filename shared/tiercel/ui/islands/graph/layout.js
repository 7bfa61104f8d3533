// Where boxes and lines stand. Each cluster is laid out by itself and is one box in the cluster around it: that is fast,
// keeps what belongs together together, and folding a cluster is leaving its inside out.
import dagre from "@dagrejs/dagre";

export const SIZES = { task: [190, 46], trigger: [190, 46], subflow: [190, 46], flow: [210, 46], root: [10, 10], end: [10, 10], folded: [190, 46] };
const PAD = 16;
const HEAD = 24;
const GAP = 34; // between a box and the next one

/**
 * Lay a tree out.
 * @param {object} top a tree as `treeOf` gives it; boxes get `x`, `y` (their upper left corner), `width`, `height`
 * @param {{source: string, target: string}[]} edges
 * @param {Map<string, object>} boxes by id
 * @param {{folded: Set<string>, horizontal: boolean}} how
 * @returns {{edges: {edge: object, points: [number, number][]}[], width: number, height: number}}
 */
export function layout(top, edges, boxes, how) {
  const inside = lifted(edges, boxes, how.folded);
  arrange(top, inside, how);
  place(top, 0, 0);
  const routed = inside.map((each) => ({ edge: each.edge, value: each.value, points: route(each, how) }));
  return { edges: routed, width: top.width, height: top.height };
}

/** Return each edge at the level where its two ends have their common cluster; edges inside a folded one are left out. */
function lifted(edges, boxes, folded) {
  const visible = (box) => {
    let shown = box;
    for (let each = box.parent; each; each = each.parent) if (folded.has(each.id)) shown = each;
    return shown;
  };
  const found = [];
  const known = new Set();
  for (const edge of edges) {
    if (!boxes.has(edge.source) || !boxes.has(edge.target)) continue;
    const [source, target] = [visible(boxes.get(edge.source)), visible(boxes.get(edge.target))];
    const key = `${source.id}→${target.id}`;
    if (source === target || known.has(key)) continue;
    known.add(key);
    const [from, to, home] = common(source, target);
    if (from !== to) found.push({ edge, source, target, from, to, home, value: edge.relation?.value });
  }
  return found;
}

function ancestry(box) {
  const found = [box];
  while (found.at(-1).parent) found.push(found.at(-1).parent);
  return found;
}

function common(source, target) {
  const [one, other] = [ancestry(source), ancestry(target)];
  let [from, to, home] = [source, target, null];
  while (one.length && other.length && one.at(-1) === other.at(-1)) {
    home = one.pop();
    other.pop();
  }
  [from, to] = [one.at(-1) ?? home, other.at(-1) ?? home];
  return [from, to, home];
}

function arrange(box, edges, how) {
  box.inner = null;
  if (box.kind !== "cluster" || how.folded.has(box.id)) {
    [box.width, box.height] = SIZES[box.kind === "cluster" ? "folded" : box.kind];
    return;
  }
  for (const child of box.children) arrange(child, edges, how);
  const inside = edges.filter((each) => each.home === box);
  const [rows, rowOf] = rowsOf(box.children, inside);
  const graph = new dagre.graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: how.horizontal ? "LR" : "TB", nodesep: 28, ranksep: GAP, edgesep: 12, ranker: "tight-tree" });
  graph.setDefaultEdgeLabel(() => ({}));
  rows.forEach((row, number) => graph.setNode(String(number), sizeOf(row, how)));
  for (const each of inside) {
    each.line = { minlen: 1 };
    const [from, to] = [rowOf.get(each.from), rowOf.get(each.to)];
    if (from !== to) graph.setEdge(String(from), String(to), each.line, `${each.source.id}→${each.target.id}`);
  }
  dagre.layout(graph);
  const [left, over] = box.parent ? [PAD, HEAD] : [PAD, PAD];
  rows.forEach((row, number) => spread(row, graph.node(String(number)), left, over, how));
  const { width = 0, height = 0 } = graph.graph();
  [box.width, box.height] = [Math.max(width, 0) + 2 * left, Math.max(height, 0) + over + PAD];
  box.inner = [left, over];
}

/** Return the children as rows, each to be one box for the layout: boxes of which each leads only to the next. */
function rowsOf(children, edges) {
  const [next, before, out] = [new Map(), new Map(), new Map()];
  for (const { from, to } of edges) {
    out.set(from, (out.get(from) ?? 0) + 1);
    before.set(to, (before.get(to) ?? 0) + 1);
  }
  for (const { from, to } of edges) if (out.get(from) === 1 && before.get(to) === 1) next.set(from, to);
  const inner = new Set(next.values());
  const rows = [];
  for (const child of children) {
    if (inner.has(child)) continue;
    const row = [child];
    while (next.has(row.at(-1))) row.push(next.get(row.at(-1)));
    rows.push(row);
  }
  const seen = new Set(rows.flat());
  rows.push(...children.filter((child) => !seen.has(child)).map((child) => [child])); // rings, which flows do not have
  return [rows, new Map(rows.flatMap((row, number) => row.map((child) => [child, number])))];
}

function sizeOf(row, { horizontal }) {
  const [along, across] = horizontal ? ["width", "height"] : ["height", "width"];
  return { [along]: row.reduce((sum, each) => sum + each[along] + GAP, -GAP), [across]: Math.max(...row.map((each) => each[across])) };
}

/** Put the boxes of a row where the layout has put the row. */
function spread(row, { x, y, width, height }, left, over, { horizontal }) {
  let at = horizontal ? x - width / 2 : y - height / 2;
  for (const each of row) {
    [each.x, each.y] = horizontal ? [at + left, y - each.height / 2 + over] : [x - each.width / 2 + left, at + over];
    at += (horizontal ? each.width : each.height) + GAP;
  }
}

/** Turn places inside clusters into places on the sheet. */
function place(box, x, y) {
  [box.x, box.y] = box.parent ? [box.x + x, box.y + y] : [0, 0];
  if (box.inner) for (const child of box.children) place(child, box.x, box.y);
}

/** Return the points of a line: out of a box in the middle of its side, into the other in the middle of its. */
function route({ source, target, from, to, home, line }, { horizontal }) {
  const [left, over] = [home.x + home.inner[0], home.y + home.inner[1]];
  const between = (line.points ?? []).slice(1, -1).map(({ x, y }) => [x + left, y + over]);
  const points = [side(from, horizontal, true), ...between, side(to, horizontal, false)];
  if (source !== from) points.unshift(side(source, horizontal, true));
  if (target !== to) points.push(side(target, horizontal, false));
  return points;
}

function side(box, horizontal, leaving) {
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  if (horizontal) return [leaving ? box.x + box.width : box.x, y];
  return [x, leaving ? box.y + box.height : box.y];
}
