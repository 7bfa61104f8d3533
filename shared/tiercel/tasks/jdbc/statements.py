"""SQL as pieces: where texts, names and comments stand, and where one statement ends. No database is asked.

Promise: joining the pieces of a text gives the text; a text that never closes its quote is one piece to the end,
and the database says so better than we could.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum


@dataclass(frozen=True)
class Dialect:
    """What a database takes as quotes and comments, beyond what all share."""

    dollar_quotes: bool = False
    """Whether `$tag$ ... $tag$` is a text."""
    escape_strings: bool = False
    """Whether `E'...'` is a text in which a backslash escapes."""
    nested_comments: bool = False
    """Whether `/* /* */ */` is one comment."""
    other_names: bool = False
    """Whether backticks and square brackets quote names."""


POSTGRESQL = Dialect(dollar_quotes=True, escape_strings=True, nested_comments=True)
DUCKDB = Dialect(dollar_quotes=True, escape_strings=True, nested_comments=True)
SQLITE = Dialect(other_names=True)


class Kind(Enum):
    """What a piece of SQL is."""

    CODE = "code"
    QUOTED = "quoted"
    COMMENT = "comment"


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a text that is all code, one quoted thing or one comment."""

    kind: Kind
    start: int
    end: int


_OPENER = re.compile(r"--|/\*|'|\"|`|\[|\$(?:[^\W\d]\w*)?\$")
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_ESCAPED_END = re.compile(r"(?:[^'\\]|''|\\.)*'", re.DOTALL)


def pieces(sql: str, dialect: Dialect) -> Iterator[Piece]:
    """Yield the pieces of a text in their order."""
    code, position = 0, 0
    while match := _OPENER.search(sql, position):
        start, position = match.span()
        end = _end_of(sql, start, match.group(), dialect)
        if end is None:
            continue
        if start > code:
            yield Piece(Kind.CODE, code, start)
        yield Piece(Kind.COMMENT if match.group() in ("--", "/*") else Kind.QUOTED, start, end)
        code = position = end
    if code < len(sql):
        yield Piece(Kind.CODE, code, len(sql))


def _end_of(sql: str, start: int, opener: str, dialect: Dialect) -> int | None:
    """Return where the quoted thing or comment ends, or None when the opener opens nothing here."""
    if opener == "--":
        return _after(sql, "\n", start, keep=True)
    if opener == "/*":
        return _end_of_comment(sql, start) if dialect.nested_comments else _after(sql, "*/", start + 2)
    if opener in ("`", "["):
        return _after(sql, "]" if opener == "[" else "`", start + 1) if dialect.other_names else None
    before = sql[start - 1 : start]
    if opener[0] == "$":
        if not dialect.dollar_quotes or before.isalnum() or before in ("_", "$"):
            return None
        return _after(sql, opener, start + len(opener))
    if opener == "'" and dialect.escape_strings and before in ("e", "E") and not _is_word(sql[start - 2 : start - 1]):
        match = _ESCAPED_END.match(sql, start + 1)
        return match.end() if match else len(sql)
    return _end_of_doubled(sql, opener, start + 1)


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _after(sql: str, closer: str, position: int, *, keep: bool = False) -> int:
    found = sql.find(closer, position)
    return len(sql) if found < 0 else found if keep else found + len(closer)


def _end_of_doubled(sql: str, quote: str, position: int) -> int:
    """Return where a quoted text ends in which a doubled quote stands for one."""
    while True:
        end = _after(sql, quote, position)
        if sql[end : end + 1] != quote:
            return end
        position = end + 1


def _end_of_comment(sql: str, start: int) -> int:
    depth, position = 1, start + 2
    while depth:
        edge = _COMMENT_EDGE.search(sql, position)
        if edge is None:
            return len(sql)
        depth += 1 if edge.group() == "/*" else -1
        position = edge.end()
    return position


# ------------------------------------------------------------------ statements

_TOKEN = re.compile(r"[;()]|[^\W\d]\w*")
_ROUTINES = frozenset({"function", "procedure", "trigger"})
_BETWEEN = frozenset({"or", "replace", "temp", "temporary"})


@dataclass
class _Open:
    """What must close before a semicolon ends the statement: brackets, and the body of a routine."""

    parens: int = 0
    blocks: int = 0
    words: list[str] = field(default_factory=list)
    """The first words of the statement, lower case."""

    def see(self, mark: str) -> bool:
        """Take a mark or word into account; tell whether it ends the statement."""
        if mark == ";":
            return self.parens == 0 and self.blocks == 0
        if mark in "()":
            self.parens = max(0, self.parens + (1 if mark == "(" else -1))
            return False
        word = mark.lower()
        if len(self.words) < 5:
            self.words.append(word)
        if self.blocks and word in ("case", "begin"):
            self.blocks += 1
        elif word == "begin" and self._is_routine():
            self.blocks = 1
        elif word == "end" and self.blocks:
            self.blocks -= 1
        return False

    def _is_routine(self) -> bool:
        if self.words[0] != "create":
            return False
        return next((word for word in self.words[1:] if word not in _BETWEEN), "") in _ROUTINES


def split(sql: str, dialect: Dialect) -> list[str]:
    """Return the statements of a text without their semicolons; those of only comments and blanks are left out."""
    found: list[str] = []
    start, has_code, opened = 0, False, _Open()
    for piece in pieces(sql, dialect):
        if piece.kind is not Kind.CODE:
            has_code = has_code or piece.kind is Kind.QUOTED
            continue
        position = piece.start
        for token in _TOKEN.finditer(sql, piece.start, piece.end):
            if not opened.see(token.group()):
                continue
            if has_code or sql[position : token.start()].strip():
                found.append(sql[start : token.start()].strip())
            start = position = token.end()
            has_code, opened = False, _Open()
        has_code = has_code or bool(sql[position : piece.end].strip())
    if has_code:
        found.append(sql[start:].strip())
    return found


def words(statement: str, dialect: Dialect) -> Iterator[str]:
    """Yield the words of a statement's code, lower case."""
    for piece in pieces(statement, dialect):
        if piece.kind is Kind.CODE:
            for token in _TOKEN.finditer(statement, piece.start, piece.end):
                if token.group() not in ";()":
                    yield token.group().lower()
