"""Cuts a template into text, prints and tags, and these into tokens.

Promise: text outside delimiters is given back verbatim, except what a `-` beside a delimiter strips.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from tiercel.errors import ExpressionError
from tiercel.expressions.limits import MAX_TOKENS
from tiercel.expressions.nodes import Place

_OPEN = re.compile(r"\{\{|\{%|\{#")
_DASH = re.compile(r"-(?=\s)")
_SPACE = re.compile(r"\s*")
_CLOSE = {"print": re.compile(r"(-?)\}\}"), "tag": re.compile(r"(-?)%\}")}
_COMMENT = re.compile(r"(.*?)(-?)#\}", re.DOTALL)
RAW = re.compile(r"\{%-*\s*raw\s*-*%\}(.*?)\{%-*\s*endraw\s*-*%\}", re.DOTALL)
_VERBATIM = re.compile(r"\{%-?\s*verbatim\s*(-?)%\}(.*?)\{%-?\s*endverbatim\s*(-?)%\}", re.DOTALL)
_TOKEN = re.compile(
    r"""
    (?P<operator>\?\?\?|\?\?|\.\.|==|!=|>=|<=|is[ ]not(?!\w)|[-+*/%~|<>])
    |(?P<long>[0-9]+L(?!\w))
    |(?P<decimal>[0-9]+\.[0-9]+)
    |(?P<integer>[0-9]+)
    |(?P<name>[^\W\d]\w*)
    |'(?P<string>[^'\\]*(?:\\.[^'\\]*)*)'
    |(?P<punctuation>[()\[\]{}?:.,=])
    """,
    re.VERBOSE | re.DOTALL,
)
_QUOTED = re.compile(r'[^"\\#]*(?:(?:\\.|\#(?!\{))[^"\\#]*)*', re.DOTALL)
_WORD_OPERATORS = frozenset(("and", "or", "not", "is", "contains", "equals"))
_PAIRS = {"(": ")", "[": "]", "{": "}"}
_PLACE_CHARS = 160


class Token(NamedTuple):
    """One token of an expression."""

    kind: str
    """`operator`, `long`, `decimal`, `integer`, `name`, `string`, `punctuation` or `end`."""
    text: str
    line: int


class Chunk(NamedTuple):
    """One stretch of a template."""

    kind: str
    """`text`, `print` or `tag`."""
    text: str
    """The text itself; for prints and tags the source."""
    tokens: tuple[Token, ...]
    place: Place


class Lexer:
    """Cuts one template."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.chunks: list[Chunk] = []
        self.count = 0
        self.line = 1
        self.counted_to = 0
        self.solid = False
        """Whether the last chunk is raw text, which no dash strips."""
        self.strip_next = False
        """Whether the last delimiter had a closing dash."""

    def cut(self) -> list[Chunk]:
        """Return the stretches of the template in order."""
        position = 0
        while opening := _OPEN.search(self.source, position):
            self._add_text(self.source[position : opening.start()])
            position = self._cut_tag(opening)
        self._add_text(self.source[position:])
        return self.chunks

    def _cut_tag(self, opening: re.Match[str]) -> int:
        start = opening.start()
        delimiter = opening.group()
        if delimiter == "{%" and (end := self.cut_solid(start)) is not None:
            return end
        position = opening.end()
        if dash := _DASH.match(self.source, position):
            self._strip_last()
            position = dash.end()
        self.strip_next = self.solid = False
        if delimiter == "{#":
            return self._cut_comment(position)
        kind = "print" if delimiter == "{{" else "tag"
        line = self.line_at(start)
        tokens: list[Token] = []
        end, dashed = self.tokenize(position, _CLOSE[kind], tokens)
        text = self.source[start:end]
        tokens.append(Token("end", text[-2:], line))
        shown = text if len(text) <= _PLACE_CHARS else text[: _PLACE_CHARS - 3] + "..."
        self.chunks.append(Chunk(kind, text, tuple(tokens), Place(shown, line)))
        self.strip_next = dashed
        return end

    def cut_solid(self, start: int) -> int | None:
        """Take a raw or verbatim region at `start` as text; a raw one keeps its tags until the printing is over."""
        if raw := RAW.match(self.source, start):
            self._add_solid(raw.group())
            return raw.end()
        if verbatim := _VERBATIM.match(self.source, start):
            if verbatim.group().startswith("{%-"):
                self._strip_last()
            self._add_solid(verbatim.group(2))
            self.strip_next = bool(verbatim.group(3))
            return verbatim.end()
        return None

    def _cut_comment(self, position: int) -> int:
        comment = _COMMENT.match(self.source, position)
        if comment is None:
            raise ExpressionError(f"Unclosed comment at line {self.line_at(position)}: expected `#}}`.")
        self.strip_next = bool(comment.group(2))
        return comment.end()

    def _add_text(self, text: str) -> None:
        if self.strip_next and text:
            text = text.lstrip()
        if text:
            self.strip_next = self.solid = False
            self.chunks.append(Chunk("text", text, (), Place("", 0)))

    def _add_solid(self, text: str) -> None:
        self.strip_next = False
        self.solid = True
        self.chunks.append(Chunk("text", text, (), Place("", 0)))

    def _strip_last(self) -> None:
        if self.chunks and self.chunks[-1].kind == "text" and not self.solid:
            last = self.chunks.pop()
            if text := last.text.rstrip():
                self.chunks.append(last._replace(text=text))

    def line_at(self, position: int) -> int:
        """Return the line of a position; positions only grow."""
        if position > self.counted_to:
            self.line += self.source.count("\n", self.counted_to, position)
            self.counted_to = position
        return self.line

    def tokenize(self, position: int, close: re.Pattern[str], tokens: list[Token]) -> tuple[int, bool]:
        """Read tokens up to the closing delimiter; return where it ends and whether it has a dash."""
        source = self.source
        brackets: list[str] = []
        while True:
            position = _SPACE.match(source, position).end()  # type: ignore[union-attr]  # it also matches nothing
            if not brackets and (closing := close.match(source, position)):
                return closing.end(), closing.lastindex is not None and bool(closing.group(1))
            if source.startswith('"', position):
                position = self.quoted(position + 1, tokens)
            else:
                position = self._token(position, brackets, tokens)
            self.count += 1
            if self.count > MAX_TOKENS:
                raise ExpressionError(f"The template has more than {MAX_TOKENS:,} tokens.")

    def _token(self, position: int, brackets: list[str], tokens: list[Token]) -> int:
        line = self.line_at(position)
        found = _TOKEN.match(self.source, position)
        if found is None:
            raise ExpressionError(self._unreadable(position, line))
        kind = str(found.lastgroup)
        text = found.group(kind)
        if kind == "string":
            text = text.replace("\\'", "'")
        elif kind == "name" and text in _WORD_OPERATORS:
            kind = "operator"
        elif text in _PAIRS:
            brackets.append(_PAIRS[text])
        elif text in (")", "]", "}") and kind == "punctuation" and (not brackets or brackets.pop() != text):
            raise ExpressionError(f"Unexpected `{text}` at line {line}: nothing is open that it closes.")
        tokens.append(Token(kind, text, line))
        return found.end()

    def _unreadable(self, position: int, line: int) -> str:
        if position >= len(self.source):
            return f"Unexpected end of template at line {line}: a `{{{{` or `{{%` is not closed."
        character = self.source[position]
        if character == "'":
            return f"Unclosed string at line {line}: expected a closing `'`."
        return f"Unexpected character `{character}` at line {line}."

    def quoted(self, position: int, tokens: list[Token]) -> int:
        """Read a double-quoted string; `#{...}` inside becomes a concatenation in parentheses."""
        line = self.line_at(position)
        first = len(tokens)
        while True:
            found = _QUOTED.match(self.source, position)
            position = found.end() if found else position
            text = found.group().replace('\\"', '"') if found else ""
            tokens.append(Token("string", text, line))
            if self.source.startswith('"', position):
                break
            if not self.source.startswith("#{", position):
                raise ExpressionError(f'Unclosed string at line {line}: expected a closing `"`.')
            tokens += (Token("operator", "~", line), Token("punctuation", "(", line))
            position, _ = self.tokenize(position + 2, _INTERPOLATION_END, tokens)
            tokens += (Token("punctuation", ")", line), Token("operator", "~", line))
        if len(tokens) - first > 1:
            tokens.insert(first, Token("punctuation", "(", line))
            tokens.append(Token("punctuation", ")", line))
        return position + 1


_INTERPOLATION_END = re.compile(r"\}")
