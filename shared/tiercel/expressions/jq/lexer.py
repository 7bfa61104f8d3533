"""Cuts a jq program into tokens.

Promise: a string with `\\(...)` in it comes as its pieces, the expressions in it as programs of their own.
"""

from __future__ import annotations

import re
from typing import NamedTuple, NoReturn

from tiercel.errors import ExpressionError

_MAX_PROGRAM = 10_000
_TOKEN = re.compile(
    r"""
    (?P<blank>\s+|\#[^\n]*)
    |(?P<field>\.[A-Za-z_]\w*)
    |(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<variable>\$(?:[A-Za-z_]\w*::)*[A-Za-z_]\w*)
    |(?P<format>@[A-Za-z0-9_]+)
    |(?P<name>(?:[A-Za-z_]\w*::)*[A-Za-z_]\w*)
    |(?P<mark>\?//=?|//=|\|=|\+=|-=|\*=|/=|%=|==|!=|<=|>=|//|\.\.|[.\[\]{}()|,:;=<>+\-*/%?])
    """,
    re.VERBOSE | re.ASCII,
)
_TEXT = re.compile(r'[^"\\]*')
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_UNICODE = re.compile(r"u([0-9a-fA-F]{4})(?:\\u([dD][c-fC-F][0-9a-fA-F]{2}))?")


class Token(NamedTuple):
    """One token; `parts` holds the pieces of a string: texts, and programs as lists of tokens."""

    kind: str
    text: str
    parts: tuple[str | list[Token], ...] = ()


def fail(reason: str) -> NoReturn:
    """Raise the error of a program that cannot be read."""
    raise ExpressionError(f"The jq program cannot be read: {reason}")


def tokens_of(program: str) -> list[Token]:
    """Return the tokens of a program, an end token last."""
    if len(program) > _MAX_PROGRAM:
        fail(f"it has more than {_MAX_PROGRAM:,} characters")
    tokens, position = _scan(program, 0, inside=False)
    if position < len(program):
        fail("a `)` closes nothing")
    return tokens


def _scan(program: str, position: int, *, inside: bool) -> tuple[list[Token], int]:
    """Read tokens up to the end, or inside a string up to the `)` that ends the expression."""
    tokens: list[Token] = []
    depth = 0
    while position < len(program):
        if program[position] == '"':
            token, position = _string(program, position + 1)
            tokens.append(token)
            continue
        found = _TOKEN.match(program, position)
        if found is None:
            fail(f"unexpected `{program[position]}`")
        text = found.group()
        if inside and text == ")" and depth == 0:
            break
        depth += (text == "(") - (text == ")")
        position = found.end()
        if found.lastgroup != "blank":
            tokens.append(Token(str(found.lastgroup), text))
    else:
        if inside:
            fail("a `\\(` in a string is not closed")
    tokens.append(Token("end", "the end"))
    return tokens, position


def _string(program: str, position: int) -> tuple[Token, int]:
    parts: list[str | list[Token]] = []
    text = ""
    while True:
        found = _TEXT.match(program, position)
        text += found.group() if found else ""
        position = found.end() if found else position
        if position >= len(program) - (program[position : position + 1] == "\\"):
            fail("a string is not closed")
        if program[position] == '"':
            return Token("string", "", (*parts, text)), position + 1
        position += 1
        escaped = program[position]
        if escaped == "(":
            tokens, position = _scan(program, position + 1, inside=True)
            parts += [text, tokens]
            text = ""
            position += 1
        elif escaped == "u":
            character, position = _unicode(program, position)
            text += character
        elif escaped in _ESCAPES:
            text += _ESCAPES[escaped]
            position += 1
        else:
            fail(f"a string has the escape `\\{escaped}`, which means nothing")


def _unicode(program: str, position: int) -> tuple[str, int]:
    found = _UNICODE.match(program, position)
    if found is None:
        fail("a string has a `\\u` without four digits")
    high = int(found.group(1), 16)
    if found.group(2) and 0xD800 <= high < 0xDC00:
        return chr(0x10000 + ((high - 0xD800) << 10) + (int(found.group(2), 16) - 0xDC00)), found.end()
    return chr(high) if not 0xD800 <= high < 0xE000 else "\ufffd", position + 5
