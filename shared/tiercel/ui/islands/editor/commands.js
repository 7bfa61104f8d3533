// F1: what the editor can do, by name and with its key.
import { startCompletion } from "@codemirror/autocomplete";
import { copyLineDown, deleteLine, indentLess, indentMore, moveLineDown, moveLineUp, redo, toggleComment, undo } from "@codemirror/commands";
import { ensureSyntaxTree, foldAll, unfoldAll } from "@codemirror/language";
import { nextDiagnostic, openLintPanel } from "@codemirror/lint";
import { findNext, findPrevious, gotoLine, openSearchPanel, selectNextOccurrence } from "@codemirror/search";
import { pick } from "../lib/picking.js";
import { foldTexts } from "./base.js";

const KEPT = new Set(["BlockLiteral", "BlockLiteralContent", "QuotedLiteral"]); // texts: spaces are theirs

/** Take away the spaces at the ends of lines and the empty lines at the end: nothing that YAML reads. */
function format(view) {
  const { state } = view;
  const tree = ensureSyntaxTree(state, state.doc.length, 1000);
  const isText = (place, side) => {
    for (let node = tree?.resolveInner(place, side); node; node = node.parent) if (KEPT.has(node.name)) return true;
    return !tree;
  };
  const changes = [];
  for (let number = 1; number <= state.doc.lines; number += 1) {
    const { from, to, text } = state.doc.line(number);
    const kept = text.trimEnd().length;
    if (kept < text.length && !isText(from + kept, 1) && !isText(to, -1)) changes.push({ from: from + kept, to });
  }
  const end = state.doc.toString().trimEnd().length;
  if (end && !isText(end, -1)) {
    while (changes.length && changes.at(-1).to > end) changes.pop();
    changes.push({ from: end, to: state.doc.length, insert: "\n" });
  }
  view.dispatch({ changes, userEvent: "format" });
  return true;
}

const COMMANDS = [
  ["Search and replace", "Ctrl+F", openSearchPanel], ["Find the next", "F3", findNext], ["Find the one before", "Shift+F3", findPrevious], ["Go to a line", "Ctrl+Alt+G", gotoLine],
  ["Complete", "Ctrl+Space", startCompletion], ["Show all problems", "Ctrl+Shift+M", openLintPanel], ["Go to the next problem", "F8", nextDiagnostic],
  ["Fold or unfold texts of several lines", "F10", foldTexts], ["Fold everything", "Ctrl+Alt+[", foldAll], ["Unfold everything", "Ctrl+Alt+]", unfoldAll],
  ["Format: spaces at the ends of lines", "", format], ["Comment or uncomment", "Ctrl+/", toggleComment], ["Indent", "Ctrl+]", indentMore], ["Indent less", "Ctrl+[", indentLess],
  ["Move the line up", "Alt+Up", moveLineUp], ["Move the line down", "Alt+Down", moveLineDown], ["Copy the line down", "Shift+Alt+Down", copyLineDown], ["Delete the line", "Ctrl+Shift+K", deleteLine],
  ["Select the next occurrence too", "Ctrl+D", selectNextOccurrence], ["Undo", "Ctrl+Z", undo], ["Redo", "Ctrl+Y", redo],
];

/** Let one be chosen. @param {{view: object, side: object, save: () => void, execute: () => void}} editor */
export function commands(editor) {
  const { view, side } = editor;
  const run = (command) => () => {
    view.focus();
    command(view);
  };
  const own = [["Save", "Ctrl+S", () => editor.save()], ["Execute", "Ctrl+E", () => editor.execute()], ...COMMANDS];
  const beside = [...side.tabs.children].map((tab) => ({ kind: "Beside", text: tab.textContent, run: () => side.show(tab.dataset.panel) }));
  const all = [...own.map(([text, more, command]) => ({ kind: "Editor", text, more, run: run(command) })), ...beside];
  pick({
    name: "Commands of the editor",
    hint: "Search a command",
    typed: (text, show) => show(all.filter((each) => text.toLowerCase().split(/\s+/).every((word) => each.text.toLowerCase().includes(word)))),
  });
}
