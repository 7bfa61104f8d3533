"""A flow's text while somebody writes it: its mappings by their indentation, and where the cursor stands in them.

Promise: every text has an outline, also one that is no YAML: what is being written seldom is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_KEY = re.compile(r"""("[^"]*"|'[^']*'|[^\s:#"'{}\[\],&*!|>%@`-][^:#]*?|-[^\s:][^:#]*?)\s*:(?:\s+(.*)|$)""")
_BLOCK_TEXT = re.compile(r"[|>][+-]?\d?[+-]?\s*(#.*)?$")
_WORD = re.compile(r"[\w.$-]*$")
LONGEST_EXPRESSION = 2_000
"""Characters before the cursor in which an expression is looked for that begins there."""


@dataclass
class Block:
    """A mapping, as far as it is written."""

    column: int
    """Where its keys stand, counted from 0."""
    parent: Block | None = None
    under: str = ""
    """The key of the parent below which it stands."""
    in_list: bool = False
    keys: dict[str, str] = field(default_factory=dict)
    """What is written behind each key on its line."""
    last: str = ""
    """The key that was written last."""

    def path(self) -> tuple[str, ...]:
        """Return the keys that lead here."""
        return (*self.parent.path(), self.under) if self.parent is not None else ()


@dataclass(frozen=True)
class Cursor:
    """Where the cursor stands."""

    kind: str
    """`key` (one may stand here), `value` (behind a key, or in a list), `expression`, `text` (in a text of its own)."""
    block: Block
    key: str = ""
    """Of a value: the key behind which it stands."""
    in_list: bool = False
    """Of a value: it is an entry of the list below the key."""
    before: str = ""
    """Of an expression: what stands in it before the cursor."""
    word: str = ""
    """What is written already of what is being written."""


@dataclass
class Outline:
    """What is known of a text."""

    blocks: list[Block]
    """Every mapping; the first is the flow itself."""
    cursor: Cursor

    @property
    def root(self) -> Block:
        """The flow itself."""
        return self.blocks[0]

    def ids(self, *sections: str) -> Iterator[Block]:
        """Yield the mappings with an id below some keys of the flow, in their order."""
        for block in self.blocks:
            path = block.path()
            if path and path[0] in sections and block.keys.get("id"):
                yield block


def outline(source: str, line: int, column: int) -> Outline:
    """Return the outline of a text.

    Args:
        source: The text.
        line: The cursor's line, counted from 1.
        column: The cursor's place in it, counted from 1: 1 is before the first character.
    """
    lines = source.split("\n")
    number = min(max(line, 1), len(lines)) - 1
    place = min(max(column, 1) - 1, len(lines[number]))
    reader = _Reader(number, place)
    for each, text in enumerate(lines):
        reader.read(each, text.rstrip("\r"))
    expression = _expression("\n".join([*lines[max(0, number - 50) : number], lines[number][:place]]))
    found = reader.cursor or Cursor("key", reader.root)
    if expression is not None:
        word = re.search(r"[\w-]*$", expression)
        found = Cursor("expression", found.block, before=expression, word=word[0] if word else "")
    return Outline(reader.blocks, found)


def _expression(before: str) -> str | None:
    """Return what stands before the cursor in the expression around it; None for none."""
    start = max(before.rfind("{{"), before.rfind("{%"))
    if start < 0 or len(before) - start > LONGEST_EXPRESSION:
        return None
    inside = before[start + 2 :]
    return None if "}}" in inside or "%}" in inside else inside


def _on_one_line(text: str) -> dict[str, str]:
    """Return the keys and scalars of a mapping that stands on one line, `{id: day, type: DATE}`, else nothing."""
    if not text.startswith("{") or len(text) > LONGEST_EXPRESSION:
        return {}
    try:
        found = yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe one
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):
        return {}
    return {str(key): "" if isinstance(value, dict | list) else str(value) for key, value in found.items()}


class _Reader:
    """Reads a text line by line."""

    def __init__(self, line: int, place: int) -> None:
        self.root = Block(0)
        self.blocks, self.cursor = [self.root], None
        self._line, self._place = line, place
        self._stack = [self.root]
        self._text: int | None = None
        """Inside a text of several lines: the column of its key."""

    blocks: list[Block]
    cursor: Cursor | None

    def read(self, number: int, text: str) -> None:
        """Read the next line."""
        here = number == self._line
        stripped = text.lstrip(" ")
        indent = len(text) - len(stripped)
        if self._text is not None and (not stripped or indent > self._text):
            if here and (stripped or self._place > self._text):
                self.cursor = Cursor("text", self._stack[-1])
            elif here:
                self._at_key(self._place, "")
            return
        self._text = None if stripped else self._text
        if not stripped or stripped.startswith("#"):
            if here and not stripped:
                self._at_key(self._place, "")
            return
        self._content(text, indent, here)

    def _content(self, text: str, at: int, here: bool) -> None:
        """Read what stands on a line: dashes, then a key with its value, or something else."""
        listed = False
        while re.match(r"-(\s|$)", text[at:]):
            self._close(at)
            after = at + 1
            while after < len(text) and text[after] == " ":
                after += 1
            after = max(after, at + 2) if after >= len(text) else after
            listed = self._open(after, in_list=True)
            at = after
        found = _KEY.match(text, at)
        if found is None:
            if listed and not here:
                self._stack[-1].keys.update(_on_one_line(text[at:]))
            if here:
                self._unfinished(text[: self._place], at, listed)
            return
        block = self._block_at(at)
        key, value = found[1].strip("\"'"), (found[2] or "").strip()
        block.keys[key], block.last = value, key
        if _BLOCK_TEXT.match(value):
            self._text = at
        inside = {} if here else _on_one_line(value)
        if inside:
            self.blocks.append(Block(at + 1, block, key, keys=inside))
        if here:
            self._on_pair(text, block, key, found)

    def _on_pair(self, text: str, block: Block, key: str, found: re.Match[str]) -> None:
        if self._place <= found.end(1):
            word = text[found.start(1) : self._place]
            self.cursor = Cursor("key", block, key, word=word)
            return
        typed = text[found.end(1) : self._place].lstrip(" :")
        self.cursor = Cursor("value", block, key, word=typed.lstrip("\"'["))

    def _unfinished(self, before: str, at: int, listed: bool) -> None:
        """Note a cursor behind a word that is no key yet, or no value of a list yet."""
        written = before[at:] if len(before) > at else ""
        word = _WORD.search(written)
        block = self._stack[-1]
        if listed:
            self.cursor = Cursor("value", block, block.under, in_list=True, word=word[0] if word else "")
        else:
            self._at_key(at, word[0] if word else "")

    def _at_key(self, column: int, word: str) -> None:
        """Note a cursor where a key may be written."""
        self._close(column)
        top = self._stack[-1]
        if top.column < column and top.last and not top.keys[top.last]:
            self._open(column, in_list=False)
        self.cursor = Cursor("key", self._stack[-1], word=word)

    def _close(self, column: int) -> None:
        while len(self._stack) > 1 and self._stack[-1].column > column:
            self._stack.pop()

    def _open(self, column: int, *, in_list: bool) -> bool:
        parent = self._stack[-1]
        made = Block(column, parent, parent.last, in_list)
        self.blocks.append(made)
        self._stack.append(made)
        return True

    def _block_at(self, column: int) -> Block:
        self._close(column)
        if self._stack[-1].column < column:
            self._open(column, in_list=False)
        return self._stack[-1]
