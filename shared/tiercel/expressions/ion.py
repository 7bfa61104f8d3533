"""Writes and reads Amazon Ion's text form.

Promise: reading never runs past the text's end and nests no deeper than values may; types that JSON lacks become the
language's own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal

from tiercel.expressions.ionreader import IonReader
from tiercel.expressions.limits import Budget
from tiercel.expressions.printing import check_depth, double_text, to_text
from tiercel.expressions.timetext import date_time_text, instant_text
from tiercel.expressions.values import Instant, MapEntry

_SYMBOL = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_KEYWORDS = frozenset(("null", "true", "false", "nan"))
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}
_SPECIAL = re.compile(r"[\x00-\x1f\\\"]")


def from_ion(text: str, *, all_rows: bool) -> object:
    """Return the first value of a text, or a list of all."""
    reader = IonReader(text)
    if not all_rows:
        return reader.first()
    return reader.rows()


def to_ion(value: object, budget: Budget) -> str:
    """Return Ion text on one line."""
    out: list[str] = []
    _write(value, out.append, budget, 0)
    return budget.hold_text("".join(out))


def _write(value: object, write: Callable[[str], None], budget: Budget, depth: int) -> None:
    budget.spend(4)
    if isinstance(value, str):
        write(_quoted(value))
    elif isinstance(value, Mapping):
        check_depth(depth)
        pairs = [(key, child) for key, child in value.items() if child is not None]
        for number, (key, child) in enumerate(pairs):
            write("," if number else "{")
            write(_key(to_text(key)) + ":")
            _write(child, write, budget, depth + 1)
        write("}" if pairs else "{}")
    elif isinstance(value, list | tuple | set | frozenset):
        check_depth(depth)
        for number, child in enumerate(value):
            write("," if number else "[")
            _write(child, write, budget, depth + 1)
        write("]" if value else "[]")
    else:
        write(_scalar(value, budget))


def _scalar(value: object, budget: Budget) -> str:
    if value is None:
        return "null"
    if isinstance(value, float):
        return _float(float(value))
    if isinstance(value, bool | int):
        return to_text(value)
    if isinstance(value, Decimal):
        text = to_text(value)
        return text if "." in text else text + "."
    if isinstance(value, Instant):
        return f"Instant::{_quoted(instant_text(value))}"
    if isinstance(value, datetime):
        kind = "ZonedDateTime" if value.tzinfo is not None else "LocalDateTime"
        return f"{kind}::{_quoted(date_time_text(value))}"
    if isinstance(value, date):
        return f"LocalDate::{_quoted(to_text(value))}"
    text = to_text(value, budget)
    kind = {"time": "LocalTime::", "timedelta": "Duration::"}.get(type(value).__name__, "")
    return _quoted(text) if isinstance(value, MapEntry) or not kind else kind + _quoted(text)


def _float(value: float) -> str:
    if value != value:
        return "nan"
    if value in (float("inf"), float("-inf")):
        return "+inf" if value > 0 else "-inf"
    text = double_text(value)
    return text.replace("E", "e") if "E" in text else f"{text}e0"


def _key(text: str) -> str:
    if _SYMBOL.fullmatch(text) and text not in _KEYWORDS:
        return text
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"


def _quoted(text: str) -> str:
    return '"' + _SPECIAL.sub(lambda found: _escaped(found.group()), text) + '"'


def _escaped(character: str) -> str:
    return _ESCAPES.get(character) or f"\\x{ord(character):02x}"
