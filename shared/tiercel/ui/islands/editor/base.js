// CodeMirror as all editors here have it: YAML, our colours, our keys. Its styles need the nonce of the page.
import { closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { HighlightStyle, bracketMatching, codeFolding, foldCode, foldGutter, foldKeymap, foldable, foldEffect, foldedRanges, indentOnInput, indentUnit, syntaxHighlighting, unfoldAll } from "@codemirror/language";
import { lintKeymap } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import { Decoration, EditorView, MatchDecorator, ViewPlugin, drawSelection, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers, rectangularSelection } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { nonce } from "../lib/api.js";
import { setting } from "../lib/settings.js";

const COLORS = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--i-accent)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--i-success)" },
  { tag: [tags.number, tags.bool, tags.null, tags.atom], color: "var(--i-running)" },
  { tag: tags.comment, color: "var(--i-muted)", fontStyle: "italic" },
  { tag: [tags.keyword, tags.meta, tags.labelName, tags.typeName], color: "var(--i-paused)" },
  { tag: tags.invalid, color: "var(--i-failed)" },
]);

const LOOK = EditorView.theme({
  "&": { color: "var(--i-text)", backgroundColor: "var(--i-sunken)", border: "1px solid var(--i-line)", borderRadius: "8px", height: "100%" },
  "&.cm-focused": { outline: "none", borderColor: "var(--i-accent)" },
  ".cm-scroller": { fontFamily: "var(--editor-font, var(--i-mono))", fontSize: "var(--editor-size, 13px)", lineHeight: "1.55" },
  ".cm-gutters": { backgroundColor: "transparent", color: "var(--i-muted)", border: "none" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in srgb, var(--i-accent) 7%, transparent)" },
  ".cm-cursor": { borderLeftColor: "var(--i-text)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { background: "color-mix(in srgb, var(--i-accent) 26%, transparent)" },
  ".cm-selectionMatch, .cm-searchMatch": { backgroundColor: "color-mix(in srgb, var(--i-warning) 28%, transparent)" },
  ".cm-searchMatch.cm-searchMatch-selected": { backgroundColor: "color-mix(in srgb, var(--i-warning) 55%, transparent)" },
  ".cm-tooltip, .cm-panels": { backgroundColor: "var(--i-raised)", color: "var(--i-text)", border: "1px solid var(--i-line)", borderRadius: "6px" },
  ".cm-tooltip-autocomplete > ul": { fontFamily: "var(--i-mono)", maxHeight: "18em" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { background: "color-mix(in srgb, var(--i-accent) 22%, transparent)", color: "var(--i-text)" },
  ".cm-completionInfo": { padding: ".5em .8em", maxWidth: "28em", whiteSpace: "pre-wrap" },
  ".cm-completionDetail": { color: "var(--i-muted)", fontStyle: "normal" },
  ".cm-foldPlaceholder": { background: "transparent", border: "none", color: "var(--i-muted)" },
  ".cm-expression": { color: "var(--i-warning)" },
  ".cm-panels input, .cm-panels button": { font: "inherit" },
});

/** Marks `{{ … }}` and `{% … %}`, also inside strings. */
const matcher = new MatchDecorator({ regexp: /\{\{.*?\}\}|\{%.*?%\}/g, decoration: Decoration.mark({ class: "cm-expression" }) });
const expressions = ViewPlugin.fromClass(
  class {
    constructor(view) {
      this.decorations = matcher.createDeco(view);
    }

    update(update) {
      this.decorations = matcher.updateDeco(update, this.decorations);
    }
  },
  { decorations: (plugin) => plugin.decorations },
);

/** Fold the texts that go over lines, as scripts do; where all of them are folded, unfold them. */
export function foldTexts(view) {
  const [open, folded] = [[], foldedRanges(view.state)];
  for (let number = 1; number <= view.state.doc.lines; number += 1) {
    const line = view.state.doc.line(number);
    const range = /:\s*[|>][+-]?\d?\s*$/.test(line.text) && foldable(view.state, line.from, line.to);
    if (!range) continue;
    let isFolded = false;
    folded.between(range.from, range.to, (from) => void (isFolded ||= from === range.from));
    if (!isFolded) open.push(foldEffect.of(range));
  }
  if (open.length) view.dispatch({ effects: open });
  else unfoldAll(view);
  return true;
}

/** Return the extensions of an editor of YAML, or of a `plain` text; without `tab` that key goes to the next field, as in a form. */
export function extensions({ readOnly = false, plain = false, more = [], keys = [], tab = true, label = readOnly ? "Source" : "Source editor" } = {}) {
  return [
    EditorView.cspNonce.of(nonce()),
    lineNumbers(), foldGutter(), codeFolding(), history(), drawSelection(), EditorState.allowMultipleSelections.of(true), indentOnInput(), indentUnit.of("  "),
    bracketMatching(), closeBrackets(), rectangularSelection(), highlightActiveLine(), highlightActiveLineGutter(), highlightSelectionMatches(), search({ top: true }),
    syntaxHighlighting(COLORS), LOOK, plain ? [] : yaml(), expressions, EditorView.lineWrapping, EditorState.tabSize.of(2),
    EditorState.readOnly.of(readOnly), EditorView.contentAttributes.of({ tabindex: "0", "aria-label": label }),
    keymap.of([...keys, { key: "F10", run: foldTexts }, { key: "Ctrl-Shift-[", run: foldCode }, ...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...foldKeymap, ...completionKeymap, ...lintKeymap, ...(tab ? [indentWithTab] : [])]),
    more,
  ];
}

/** Apply the settings of font and size. */
export function dress(element) {
  element.style.setProperty("--editor-size", `${Number(setting("editorFontSize")) || 13}px`);
  if (setting("editorFontFamily")) element.style.setProperty("--editor-font", setting("editorFontFamily"));
}
