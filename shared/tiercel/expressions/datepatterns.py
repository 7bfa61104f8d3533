"""Reads Java's date patterns into elements.

Promise: an unknown letter raises, as on the reference; the names of formats stand in one table.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple, TypeAlias

from tiercel.errors import ExpressionError

FRACTION, REGION, RFC_OFFSET, INSTANT_FRACTION, ISO_WEEK = "\x01", "\x02", "\x03", "\x04", "\x05"
"""Letters of our own, for what named formats need and patterns cannot say."""

NAMED = {
    "iso": "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX",
    "iso_sec": "yyyy-MM-dd'T'HH:mm:ssXXX",
    "sql": "yyyy-MM-dd HH:mm:ss.SSSSSS",
    "sql_seq": "yyyy-MM-dd HH:mm:ss",
    "iso_date_time": f"yyyy-MM-dd'T'HH:mm[:ss]{FRACTION}[XXX]{REGION}",
    "iso_zoned_date_time": f"yyyy-MM-dd'T'HH:mm[:ss]{FRACTION}XXX{REGION}",
    "iso_offset_date_time": f"yyyy-MM-dd'T'HH:mm[:ss]{FRACTION}XXX",
    "iso_local_date_time": f"yyyy-MM-dd'T'HH:mm[:ss]{FRACTION}",
    "iso_date": "yyyy-MM-dd[XXX]",
    "iso_offset_date": "yyyy-MM-ddXXX",
    "iso_local_date": "yyyy-MM-dd",
    "iso_time": f"HH:mm[:ss]{FRACTION}[XXX]",
    "iso_offset_time": f"HH:mm[:ss]{FRACTION}XXX",
    "iso_local_time": f"HH:mm[:ss]{FRACTION}",
    "iso_instant": f"yyyy-MM-dd'T'HH:mm:ss{INSTANT_FRACTION}",
    "iso_ordinal_date": "yyyy-DDD",
    "iso_week_date": ISO_WEEK,
    "basic_iso_date": "yyyyMMdd",
    "rfc_1123_date_time": f"[EEE, ]d MMM yyyy HH:mm[:ss] {RFC_OFFSET}",
}
STYLES = frozenset(("full", "long", "medium", "short"))
_LETTERS = "GyuYMLdDEecwWFQqaHkKhmsSAnNVzXxZO"
_OWN = FRACTION + REGION + RFC_OFFSET + INSTANT_FRACTION + ISO_WEEK
_MAX_WIDTH = {"M": 5, "L": 5, "d": 2, "D": 3, "E": 5, "e": 5, "c": 5, "w": 2, "W": 1, "F": 1, "Q": 5, "q": 5, "a": 1}
_MAX_WIDTH |= {"H": 2, "k": 2, "K": 2, "h": 2, "m": 2, "s": 2, "S": 9, "V": 2, "z": 4, "X": 5, "x": 5, "Z": 5, "O": 4}
_MAX_PATTERN = 200


class Field(NamedTuple):
    """A run of one letter."""

    letter: str
    width: int


class Optional(NamedTuple):
    """A section in square brackets."""

    elements: tuple[Element, ...]


Element: TypeAlias = Field | Optional | str


@lru_cache(maxsize=512)
def elements_of(pattern: str) -> tuple[Element, ...]:
    """Return the elements of a pattern: fields, literal texts and optional sections."""
    if len(pattern) > _MAX_PATTERN:
        raise ExpressionError("The date pattern is too long")
    elements, position = _section(pattern, 0, 0)
    if position < len(pattern):
        raise _invalid(pattern, "a `]` closes nothing")
    return elements


def _section(pattern: str, position: int, depth: int) -> tuple[tuple[Element, ...], int]:
    elements: list[Element] = []
    while position < len(pattern) and pattern[position] != "]":
        character = pattern[position]
        if character == "[":
            if depth > 20:
                raise _invalid(pattern, "too many brackets")
            inner, position = _section(pattern, position + 1, depth + 1)
            elements.append(Optional(inner))
            position += position < len(pattern)
        elif character == "'":
            text, position = _quoted(pattern, position + 1)
            elements.append(text)
        elif character.isascii() and character.isalpha():
            end = position
            while pattern.startswith(character, end):
                end += 1
            elements.append(_field(pattern, character, end - position))
            position = end
        elif character in _OWN:
            elements.append(Field(character, 1))
            position += 1
        elif character in "{}#":
            raise _invalid(pattern, f"`{character}` must be quoted")
        else:
            elements.append(character)
            position += 1
    return tuple(elements), position


def _quoted(pattern: str, position: int) -> tuple[str, int]:
    if pattern.startswith("'", position):
        return "'", position + 1
    text = ""
    while position < len(pattern):
        if pattern[position] != "'":
            text += pattern[position]
            position += 1
        elif pattern.startswith("''", position):
            text += "'"
            position += 2
        else:
            return text, position + 1
    raise _invalid(pattern, "a quote is not closed")


def _field(pattern: str, letter: str, width: int) -> Field:
    if letter not in _LETTERS:
        raise _invalid(pattern, f"unknown pattern letter `{letter}`; literal letters need quotes, as in 'T'")
    if width > _MAX_WIDTH.get(letter, 19) or (letter == "V" and width != 2) or (letter == "O" and width in (2, 3)):
        raise _invalid(pattern, f"too many or too few letters `{letter}`")
    return Field(letter, width)


def _invalid(pattern: str, reason: str) -> ExpressionError:
    return ExpressionError(f"The date pattern '{pattern[:80]}' is not valid: {reason}")
