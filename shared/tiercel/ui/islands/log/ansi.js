// A message as text nodes: ANSI colours become styles, addresses of http and https become links, nothing becomes HTML.
import { AnsiUp } from "ansi_up";
import { h } from "../lib/dom.js";

const ADDRESS = /\bhttps?:\/\/[^\s<>"'`\u001b]+[^\s<>"'`.,;:!?)\]}\u001b]/g;
const LONGEST = 20_000; // characters of one message that are shown

/** Takes what the parser would make HTML of, before it does. */
class Pieces extends AnsiUp {
  pieces = [];

  transform_to_html(fragment) {
    if (fragment.text) this.pieces.push(fragment);
    return "";
  }

  process_hyperlink({ text, url }) {
    this.pieces.push({ text, url: /^https?:\/\//.test(url) ? url : "" });
    return "";
  }
}

/** Return the pieces of a message, each with its style. */
function pieces(message) {
  if (!message.includes("\u001b")) return [{ text: message }];
  const parser = new Pieces();
  parser.ansi_to_html(message);
  const left = parser._buffer.replaceAll("\u001b", ""); // a sequence that does not end
  return left ? [...parser.pieces, { text: left }] : parser.pieces;
}

/** Return a message without its escape sequences. */
export function plain(message) {
  return pieces(message).map((each) => each.text).join("");
}

/**
 * Return a message as nodes.
 * @param {string} message
 * @param {RegExp | null} marked what is marked in it; must be global
 */
export function rendered(message, marked) {
  const cut = message.length > LONGEST ? message.slice(0, LONGEST) : message;
  const nodes = pieces(cut).map((piece) => styled(piece, marked));
  if (cut !== message) nodes.push(h("em", { class: "i-muted" }, ` … ${message.length - LONGEST} characters more: download the log`));
  return nodes;
}

function styled(piece, marked) {
  const inner = piece.url ? [link(piece.url, highlighted(piece.text, marked))] : linked(piece.text, marked);
  if (!piece.fg && !piece.bg && !piece.bold && !piece.faint && !piece.italic && !piece.underline) return h("span", {}, inner);
  const element = h("span", {}, inner);
  for (const name of ["bold", "faint", "italic", "underline"]) if (piece[name]) element.classList.add(`i-ansi-${name}`);
  paint(element, "color", "fg", piece.fg);
  paint(element, "background-color", "bg", piece.bg);
  return element;
}

function paint(element, property, where, color) {
  if (!color) return;
  if (color.class_name === "truecolor") element.style.setProperty(property, `rgb(${color.rgb.join(" ")})`);
  else element.classList.add(`i-${color.class_name}-${where}`);
}

function linked(text, marked) {
  const found = [];
  let end = 0;
  for (const match of text.matchAll(ADDRESS)) {
    found.push(...highlighted(text.slice(end, match.index), marked), link(match[0], highlighted(match[0], marked)));
    end = match.index + match[0].length;
  }
  return [...found, ...highlighted(text.slice(end), marked)];
}

function link(href, inner) {
  return h("a", { href, target: "_blank", rel: "noopener noreferrer nofollow" }, inner);
}

function highlighted(text, marked) {
  if (!marked || !text) return text ? [text] : [];
  const found = [];
  let end = 0;
  for (const match of text.matchAll(marked)) {
    if (!match[0]) break;
    found.push(text.slice(end, match.index), h("mark", {}, match[0]));
    end = match.index + match[0].length;
  }
  return [...found, text.slice(end)].filter(Boolean);
}
