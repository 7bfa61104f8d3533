// Where a path of the flow stands in its text, and which task stands at a place. Both by the tree of the YAML.
import { ensureSyntaxTree } from "@codemirror/language";

const MAPPINGS = new Set(["BlockMapping", "FlowMapping"]);
const SEQUENCES = new Set(["BlockSequence", "FlowSequence"]);

/** Return the collection that a node is or holds; null for a scalar. */
function collection(node) {
  for (let each = node?.firstChild; each; each = each.nextSibling) if (MAPPINGS.has(each.name) || SEQUENCES.has(each.name)) return each;
  return null;
}

const top = (state) => {
  const tree = ensureSyntaxTree(state, state.doc.length, 200);
  return tree && collection(tree.topNode.getChild("Document") ?? tree.topNode);
};

const children = (node, name) => node.getChildren(name);
const keyOf = (state, pair) => {
  const key = pair.getChild("Key");
  return key ? state.sliceDoc(key.from, key.to).replace(/^["']|["']$/g, "") : "";
};

/** Return a path's parts: `tasks[0].type` gives `["tasks", 0, "type"]`. */
function parts(path) {
  return [...path.matchAll(/\[(\d+)\]|\[?([^.[\]]+)\]?/g)].map(([, index, name]) => (index === undefined ? name : Number(index)));
}

/** Return `{from, to}` of what a path names, or of what is nearest above it. */
export function locate(state, path) {
  let node = top(state);
  let found = { from: 0, to: Math.min(state.doc.lineAt(0).to, state.doc.length) };
  for (const part of parts(path)) {
    if (!node) break;
    if (MAPPINGS.has(node.name)) {
      const pair = children(node, "Pair").find((each) => keyOf(state, each) === String(part));
      if (!pair) break;
      const key = pair.getChild("Key");
      found = { from: key.from, to: state.doc.lineAt(key.from).to };
      node = collection(pair);
    } else {
      const items = children(node, "Item");
      const item = typeof part === "number" ? items[part] : items.find((each) => idOf(state, each) === part);
      if (!item) break;
      const line = state.doc.lineAt(item.from);
      found = { from: item.from, to: Math.min(item.to, line.to) };
      node = collection(item);
    }
  }
  return found;
}

function value(state, mapping, name) {
  const pair = children(mapping, "Pair").find((each) => keyOf(state, each) === name);
  const scalar = pair?.lastChild;
  return scalar && scalar.name !== "Key" && scalar.name !== ":" ? state.sliceDoc(scalar.from, scalar.to).replace(/^["']|["']$/g, "") : "";
}

function idOf(state, item) {
  const mapping = collection(item);
  return mapping && MAPPINGS.has(mapping.name) ? value(state, mapping, "id") : "";
}

/** Return `{id, type}` of the innermost task, trigger or runner around a place; null for none. */
export function pluginAt(state, place) {
  const tree = ensureSyntaxTree(state, state.doc.length, 100);
  let node = tree?.resolveInner(place, -1);
  if (node?.name === "Stream" || node?.name === "Document") node = tree.resolveInner(state.doc.lineAt(place).to, -1);
  for (; node; node = node.parent) {
    if (!MAPPINGS.has(node.name)) continue;
    const type = value(state, node, "type");
    if (type.includes(".")) return { id: value(state, node, "id"), type };
  }
  return null;
}

/** Return where the task of an id stands; null for none. */
export function taskPlace(state, id) {
  const pattern = new RegExp(`^\\s*-?\\s*id:\\s*["']?${id.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}["']?\\s*$`, "m");
  const found = pattern.exec(state.doc.toString());
  return found ? found.index + found[0].length : null;
}

/**
 * Return the expression that somebody means: what is selected, else what stands around the cursor; null for none.
 * A selection inside of `{{ }}` gets braces of its own: without them it would be a text.
 */
export function expressionAt(state, from, to) {
  const text = state.doc.toString();
  const begin = Math.max(text.lastIndexOf("{{", from), text.lastIndexOf("{{", Math.max(0, from - 1)));
  const end = begin < 0 ? -1 : text.indexOf("}}", begin);
  const around = begin >= 0 && end >= 0 && end + 2 >= from ? text.slice(begin, end + 2) : null;
  if (from === to) return around;
  const selected = text.slice(from, to);
  return around && from > begin && to <= end && !selected.includes("{{") ? `{{ ${selected.replace(/^\{/, "").trim()} }}` : selected;
}
