// What the server says of a text, as marks in it.
import { linter, setDiagnostics } from "@codemirror/lint";
import { ask } from "../lib/api.js";
import { debounced } from "../lib/dom.js";
import { locate } from "./places.js";

const QUIET = 400; // milliseconds without a key before it is checked

/** Return diagnostics of what `POST /flows/validate` says of one text. */
export function diagnostics(state, said) {
  const errors = (said.constraints ?? "").split("\n").filter(Boolean).map((line) => mark(state, line, "error"));
  const warnings = (said.warnings ?? []).map((line) => mark(state, line, "warning"));
  const old = (said.deprecationPaths ?? []).map((path) => ({ ...locate(state, path), severity: "warning", message: `${path} is deprecated` }));
  const infos = (said.infos ?? []).map((line) => mark(state, line, "info"));
  return [...errors, ...warnings, ...old, ...infos];
}

/** A message begins with a path (`tasks[0].type: …`) or a place (`5:4: …`). */
function mark(state, line, severity) {
  const [, row, column] = /^(\d+):(\d+):/.exec(line) ?? [];
  if (row) {
    const found = state.doc.line(Math.min(Number(row), state.doc.lines));
    const from = Math.min(found.from + Number(column) - 1, found.to);
    return { from: from === found.to ? found.from : from, to: found.to, severity, message: line.replace(/^\d+:\d+:\s*/, "") };
  }
  const [, path, message] = /^([\w$-]+(?:\[[^\]]*\]|\.[\w$-]+)*):\s+([^]*)$/.exec(line) ?? [null, "", line];
  return { ...locate(state, path), severity, message };
}

/**
 * Return an extension that has the text checked when typing stops.
 * @param {(found: {errors: object[], warnings: object[], said: object} | null) => void} told null while it is being checked
 */
export function checking(told) {
  let running = null;
  const check = async (view) => {
    running?.abort();
    running = new AbortController();
    const { doc } = view.state;
    try {
      const [said] = await ask(["flows", "validate"], { yaml: doc.toString(), signal: running.signal });
      if (view.state.doc !== doc) return;
      const found = diagnostics(view.state, said ?? {});
      view.dispatch(setDiagnostics(view.state, found));
      told({ errors: found.filter((each) => each.severity === "error"), warnings: found.filter((each) => each.severity === "warning"), said: said ?? {} });
    } catch (error) {
      if (error.name !== "AbortError") told({ errors: [], warnings: [], said: {}, failed: error });
    }
  };
  const soon = debounced(check, QUIET);
  return {
    extension: linter(null),
    now: check,
    changed(view) {
      told(null);
      soon(view);
    },
    stop() {
      soon.cancel();
      running?.abort();
    },
  };
}
