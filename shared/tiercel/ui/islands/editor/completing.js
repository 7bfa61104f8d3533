// Completion: the server says what fits, once for each place; while typing goes on the browser filters.
import { autocompletion, insertCompletionText, startCompletion } from "@codemirror/autocomplete";
import { ask } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { lastPart } from "../lib/format.js";

const [WORD, NAME] = [/^[\w.$-]*$/, /^[\w-]*$/]; // in an expression a dot asks anew
const KINDS = { type: "class", property: "property", value: "enum", id: "variable", function: "function", filter: "method", variable: "namespace" };

async function source(context) {
  const { state, pos, explicit } = context;
  const line = state.doc.lineAt(pos);
  const before = line.text.slice(0, pos - line.from);
  const worthy = /[\w$]$|[.|]\s*$|\{\{\s*$|:\s+$|^\s*(-\s*)?$/.test(before);
  if (!explicit && (!worthy || !before.trim())) return null;
  const running = new AbortController();
  context.addEventListener("abort", () => running.abort());
  try {
    const found = await ask(["flows", "complete"], { json: { source: state.doc.toString(), line: line.number, column: pos - line.from + 1 }, signal: running.signal });
    if (!found.options.length) return null;
    const [from, to] = [line.from + found.from - 1, line.from + found.to - 1];
    const options = found.options.map(option);
    const letter = state.sliceDoc(from, pos).toLowerCase();
    // One letter is compared with the beginning of a name only; of a type it is the last part that people know.
    if (letter.length === 1 && found.options.every(({ type }) => type === "type")) {
      return { from, to, options: options.filter(({ label }) => lastPart(label).toLowerCase().startsWith(letter) || label.startsWith(letter)), filter: false };
    }
    return { from, to, options, validFor: found.kind === "expression" ? NAME : WORD };
  } catch {
    return null;
  }
}

function option({ label, type, detail, info, required, apply }) {
  return {
    label,
    type: KINDS[type] ?? "text",
    detail: required ? `${detail ?? ""} required`.trim() : detail,
    boost: required ? 50 : type === "id" ? 20 : 0,
    info: info ? () => h("div", {}, info) : undefined,
    apply: type === "property" ? property : apply ?? label,
  };
}

/** A property comes with its colon; what may stand there is offered at once. */
function property(view, completion, from, to) {
  const colon = view.state.sliceDoc(to, to + 1) === ":";
  view.dispatch(insertCompletionText(view.state, `${completion.label}${colon ? "" : ": "}`, from, to));
  if (!colon) setTimeout(() => startCompletion(view));
}

export function completing() {
  return autocompletion({ override: [source], activateOnTyping: true, activateOnTypingDelay: 120, maxRenderedOptions: 200, icons: false, activateOnCompletion: () => false });
}
