// F1: what the editor can do, by name and with its key.
import { startCompletion } from "@codemirror/autocomplete";
import { copyLineDown, deleteLine, indentLess, indentMore, moveLineDown, moveLineUp, redo, toggleComment, undo } from "@codemirror/commands";
import { foldAll, unfoldAll } from "@codemirror/language";
import { nextDiagnostic, openLintPanel } from "@codemirror/lint";
import { findNext, findPrevious, gotoLine, openSearchPanel, selectNextOccurrence } from "@codemirror/search";
import { pick } from "../lib/picking.js";
import { foldTexts } from "./base.js";

const COMMANDS = [
  ["Search and replace", "Ctrl+F", openSearchPanel], ["Find the next", "F3", findNext], ["Find the one before", "Shift+F3", findPrevious], ["Go to a line", "Ctrl+Alt+G", gotoLine],
  ["Complete", "Ctrl+Space", startCompletion], ["Show all problems", "Ctrl+Shift+M", openLintPanel], ["Go to the next problem", "F8", nextDiagnostic],
  ["Fold or unfold texts of several lines", "F10", foldTexts], ["Fold everything", "Ctrl+Alt+[", foldAll], ["Unfold everything", "Ctrl+Alt+]", unfoldAll],
  ["Comment or uncomment", "Ctrl+/", toggleComment], ["Indent", "Ctrl+]", indentMore], ["Indent less", "Ctrl+[", indentLess],
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
