"""Reads Amazon Ion's text form into values.

Promise: linear in the text's length; what is not Ion raises with its position.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import NoReturn

from tiercel.errors import ExpressionError
from tiercel.expressions.limits import MAX_DEPTH
from tiercel.expressions.values import Instant, OwnList

_BLANK = re.compile(r"(?:\s+|//[^\n\r]*|/\*.*?\*/)*", re.DOTALL)
_STRING = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"', re.DOTALL)
_SYMBOL_QUOTED = re.compile(r"'([^'\\]*(?:\\.[^'\\]*)*)'", re.DOTALL)
_LONG_STRING = re.compile(r"'''((?:[^'\\]|\\.|'(?!''))*)'''", re.DOTALL)
_SYMBOL = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_TIMESTAMP = re.compile(
    r"(\d{4})(?:T|-(\d\d)(?:T|-(\d\d)(?:T?(?=[^\d:]|$)|T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:\d\d))))(?![\w:])"
)
_NUMBER = re.compile(r"[+-]?(?:inf\b|0[xX][0-9a-fA-F_]+|0[bB][01_]+|\d[\d_]*(?:\.[\d_]*)?(?:[eEdD][+-]?\d+)?)")
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(\r\n|.))", re.DOTALL)
_SIMPLE = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "\n": "", "\r\n": ""}
_WORDS = {"true": True, "false": False, "nan": float("nan")}
_LOB = re.compile(r"\{\{\s*([A-Za-z0-9+/=\s]*|\"(?:[^\"\\]|\\.)*\")\s*\}\}", re.DOTALL)
_MAX_DIGITS = 400


class IonReader:
    """Reads the values of one text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self._skip_blank()

    def first(self) -> object:
        """Return the first value; null when there is none."""
        return self._value(0) if self.position < len(self.text) else None

    def rows(self) -> OwnList:
        """Return every value at the top."""
        rows = OwnList()
        while self.position < len(self.text):
            rows.append(self._value(0))
            self._skip_blank()
        return rows

    def _skip_blank(self) -> None:
        found = _BLANK.match(self.text, self.position)
        self.position = found.end() if found else self.position

    def _fail(self, wanted: str) -> NoReturn:
        found = self.text[self.position : self.position + 20] or "the end"
        raise ExpressionError(f"The text is not Ion: found `{found}` at character {self.position}, expected {wanted}")

    def _take(self, mark: str) -> bool:
        self._skip_blank()
        if self.text.startswith(mark, self.position):
            self.position += len(mark)
            return True
        return False

    def _value(self, depth: int) -> object:
        if depth > MAX_DEPTH:
            self._fail(f"at most {MAX_DEPTH} levels")
        self._skip_blank()
        annotation = self.annotation()
        if annotation is not None:
            inner = self._value(depth + 1)
            return _annotated(annotation, inner)
        character = self.text[self.position : self.position + 1]
        if character == "{":
            return self._lob() if self.text.startswith("{{", self.position) else self._struct(depth)
        if character in ("[", "("):
            return self._sequence("]" if character == "[" else ")", depth)
        if character in ('"', "'"):
            return self._string()
        return self._scalar()

    def annotation(self) -> str | None:
        """Read `name::` when it stands here."""
        start = self.position
        name = self._symbol() if not self.text.startswith("'''", start) else None
        if name is not None and self._take("::"):
            return name
        self.position = start
        return None

    def _symbol(self) -> str | None:
        for pattern in (_SYMBOL, _SYMBOL_QUOTED):
            if found := pattern.match(self.text, self.position):
                self.position = found.end()
                return _unescaped(found.group(1)) if pattern is _SYMBOL_QUOTED else found.group()
        return None

    def _struct(self, depth: int) -> dict[object, object]:
        self.position += 1
        result: dict[object, object] = {}
        while not self._take("}"):
            if result and not self._take(","):
                self._fail("`,` or `}`")
            if result and self._take("}"):
                break
            self._skip_blank()
            key = self._string() if self.text[self.position : self.position + 1] in ('"', "'") else self._symbol()
            if key is None or not self._take(":"):
                self._fail("a field name and `:`")
            result[key] = self._value(depth + 1)
        return result

    def _sequence(self, end: str, depth: int) -> OwnList:
        self.position += 1
        result = OwnList()
        while not self._take(end):
            if result and end == "]" and not self._take(","):
                self._fail("`,` or `]`")
            if result and self._take(end):
                break
            result.append(self._value(depth + 1))
        return result

    def _string(self) -> str:
        parts: list[str] = []
        while found := _LONG_STRING.match(self.text, self.position):
            parts.append(_unescaped(found.group(1)))
            self.position = found.end()
            self._skip_blank()
        if parts:
            return "".join(parts)
        for pattern in (_STRING, _SYMBOL_QUOTED):
            if found := pattern.match(self.text, self.position):
                self.position = found.end()
                return _unescaped(found.group(1))
        return self._fail("a closing quote")

    def _lob(self) -> str:
        found = _LOB.match(self.text, self.position)
        if found is None:
            self._fail("`}}`")
        self.position = found.end()
        return found.group(1).strip()

    def _scalar(self) -> object:
        if found := _TIMESTAMP.match(self.text, self.position):
            self.position = found.end()
            return _timestamp(found)
        if found := _NUMBER.match(self.text, self.position):
            self.position = found.end()
            return _number(found.group().replace("_", ""))
        name = self._symbol()
        if name is None:
            self._fail("a value")
        if name == "null":
            if self.text.startswith(".", self.position):
                self.position += 1
                self._symbol()
            return None
        return _WORDS.get(name, name)


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(_character, text) if "\\" in text else text


def _character(found: re.Match[str]) -> str:
    code = found.group(1) or found.group(2) or found.group(3)
    if code:
        return chr(int(code, 16))
    return _SIMPLE.get(found.group(4), found.group(4))


def _number(text: str) -> object:
    if len(text) > _MAX_DIGITS:
        raise ExpressionError(f"The text is not Ion: a number has more than {_MAX_DIGITS} digits")
    lower = text.lower()
    if "0x" in lower or "0b" in lower:
        return int(lower, 0)
    if "inf" in lower or "e" in lower:
        return float(lower)
    if "d" in lower or "." in lower:
        value = Decimal(lower.replace("d", "e"))
        if abs(value.adjusted()) > _MAX_DIGITS:
            raise ExpressionError("The text is not Ion: a decimal is too large")
        return float(value)
    return int(text)


def _timestamp(found: re.Match[str]) -> Instant:
    year, month, day, hour, minute, second, fraction, offset = found.groups()
    moment = datetime(
        int(year),
        int(month or 1),
        int(day or 1),
        int(hour or 0),
        int(minute or 0),
        int(second or 0),
        int((fraction or "0")[:6].ljust(6, "0")),
        tzinfo=UTC,
    )
    if offset and offset != "Z":
        from tiercel.expressions.zones import fixed_offset

        moment = moment.replace(tzinfo=fixed_offset(offset))
    return Instant.of(moment)


def _annotated(annotation: str, value: object) -> object:
    """Return a date-time for Kestra's annotations; other annotations mean nothing."""
    if not isinstance(value, str):
        return value
    from tiercel.expressions.isotime import read_annotated

    return read_annotated(annotation, value)
