// Where boxes and lines stand. Each cluster is laid out by itself and is one box in the cluster around it: that is fast,
// keeps what belongs together together, and folding a cluster is leaving its inside out.
import dagre from "@dagrejs/dagre";

export const SIZES = { task: [190, 46], trigger: [190, 46], subflow: [190, 46], flow: [210, 46], root: [10, 10], end: [10, 10], folded: [190, 46] };
const PAD = 16;
const HEAD = 24;

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
  const graph = new dagre.graphlib.Graph({ multigraph: true });
  const many = box.children.length > 150;
  graph.setGraph({ rankdir: how.horizontal ? "LR" : "TB", nodesep: 28, ranksep: 34, edgesep: 12, ranker: many ? "longest-path" : "tight-tree" });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const child of box.children) graph.setNode(child.id, { width: child.width, height: child.height });
  for (const each of edges) {
    if (each.home !== box) continue;
    each.line = { minlen: 1 };
    graph.setEdge(each.from.id, each.to.id, each.line, `${each.source.id}→${each.target.id}`);
  }
  dagre.layout(graph);
  const [left, over] = box.parent ? [PAD, HEAD] : [PAD, PAD];
  for (const child of box.children) {
    const at = graph.node(child.id);
    [child.x, child.y] = [at.x - child.width / 2 + left, at.y - child.height / 2 + over];
  }
  const { width = 0, height = 0 } = graph.graph();
  [box.width, box.height] = [Math.max(width, 0) + 2 * left, Math.max(height, 0) + over + PAD];
  box.inner = [left, over];
}

/** Turn places inside clusters into places on the sheet. */
function place(box, x, y) {
  [box.x, box.y] = box.parent ? [box.x + x, box.y + y] : [0, 0];
  if (box.inner) for (const child of box.children) place(child, box.x, box.y);
}

/** Return the points of a line: from the box it leaves, by way of the borders of clusters, to the box it reaches. */
function route({ source, target, from, to, home, line }, { horizontal }) {
  const [left, over] = [home.x + home.inner[0], home.y + home.inner[1]];
  const points = (line.points ?? []).map(({ x, y }) => [x + left, y + over]);
  if (source !== from) points.unshift(...way(source, points[0], horizontal, true));
  if (target !== to) points.push(...way(target, points.at(-1), horizontal, false));
  return points;
}

function way(box, near, horizontal, leaving) {
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const half = (horizontal ? box.width : box.height) / 2;
  const border = horizontal ? [leaving ? x + half : x - half, y] : [x, leaving ? y + half : y - half];
  const bend = horizontal ? [near[0], y] : [x, near[1]];
  return leaving ? [border, bend] : [bend, border];
}
