"""Reads a text by the elements of a date pattern.

Promise: as the reference's default style: a day past the month's end becomes its last day; a text that does not fit
raises.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import NamedTuple

from tiercel.errors import ExpressionError
from tiercel.expressions.datenames import Language, language
from tiercel.expressions.datepatterns import (
    FRACTION,
    INSTANT_FRACTION,
    ISO_WEEK,
    REGION,
    RFC_OFFSET,
    Element,
    Field,
    elements_of,
)
from tiercel.expressions.finetime import fine, rest_of_digits
from tiercel.expressions.isotime import micros
from tiercel.expressions.zones import fixed_offset, zone

_MAX_TEXT = 200
_OFFSETS = {
    1: r"[+-]\d\d(?:\d\d)?",
    2: r"[+-]\d{4}",
    3: r"[+-]\d\d:\d\d",
    4: r"[+-]\d{4}(?:\d\d)?",
    5: r"[+-]\d\d:\d\d(?::\d\d)?",
}
_REGION = r"[A-Za-z][A-Za-z0-9/_+~.-]*"
_OWN = {
    FRACTION: r"(?:\.\d{1,9})?",
    INSTANT_FRACTION: r"(?:\.\d{1,9})?Z",
    REGION: rf"(?:\[{_REGION}\])?",
    RFC_OFFSET: r"GMT|[+-]\d{4}",
    ISO_WEEK: r"\d{4}-W\d\d-[1-7]",
}


class Parsed(NamedTuple):
    """What a text held: a date, perhaps a time, perhaps a zone."""

    day: date
    clock: time | None
    where: tzinfo | None
    rest: int = 0
    """The nanoseconds, 0 to 999, that the clock's microsecond leaves."""


class _Reader(NamedTuple):
    pattern: re.Pattern[str]
    fields: tuple[Field, ...]


@lru_cache(maxsize=256)
def _reader(pattern: str, locale: str | None) -> _Reader:
    fields: list[Field] = []
    expression = _expression(elements_of(pattern), language(locale), fields)
    return _Reader(re.compile(expression, re.ASCII), tuple(fields))


def _expression(elements: tuple[Element, ...], words: Language, fields: list[Field]) -> str:
    parts: list[str] = []
    for element in elements:
        if isinstance(element, str):
            parts.append(re.escape(element))
        elif isinstance(element, Field):
            parts.append(f"({_field_expression(element, words)})")
            fields.append(element)
        else:
            parts.append(f"(?:{_expression(element.elements, words, fields)})?")
    return "".join(parts)


def _field_expression(field: Field, words: Language) -> str:
    letter, width = field
    if letter in _OWN:
        return _OWN[letter]
    if letter in "yuY":
        return r"\d{2}" if width == 2 else r"\d{4}" if width == 4 else rf"\d{{{width},9}}"
    if letter in "ML" and width > 2:
        return _any_of(words.months if width == 4 else words.short_months)
    if letter == "E" or (letter in "ec" and width > 2):
        return _any_of(words.days if width == 4 else words.short_days)
    if letter == "a":
        return _any_of(words.halves)
    if letter in "Xx":
        return f"Z|{_OFFSETS[width]}" if letter == "X" else _OFFSETS[width]
    if letter in "ZO":
        return r"[+-]\d{4}" if letter == "Z" and width <= 3 else r"(?:GMT)?(?:[+-]\d{1,2}(?::?\d\d)?)?|Z"
    if letter in "Vz":
        return rf"{_REGION}|[+-]\d\d:\d\d"
    if letter in "GQq":
        return r"\w+"
    return r"\d" if letter == "S" and width == 1 else rf"\d{{{width}}}" if width > 1 else r"\d{1,19}"


def _any_of(names: tuple[str, ...]) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))


def parsed(text: str, pattern: str, locale: str | None) -> Parsed:
    """Return what a text holds by a pattern."""
    reader = _reader(pattern, locale)
    found = reader.pattern.fullmatch(text) if len(text) <= _MAX_TEXT else None
    if found is None:
        raise ExpressionError(f"The text '{text[:60]}' does not fit the date pattern '{_shown(pattern)}'")
    values: dict[str, tuple[str, int]] = {}
    for field, value in zip(reader.fields, found.groups(), strict=True):
        if value:
            values[field.letter] = (value, field.width)
    try:
        words = language(locale)
        return Parsed(_day(values, words), _clock(values, words), _where(values), rest_of_digits(_fraction(values)))
    except (ValueError, KeyError) as error:
        reason = f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error)
        raise ExpressionError(f"The text '{text[:60]}' is no date by '{_shown(pattern)}': {reason}") from None


def _shown(pattern: str) -> str:
    return pattern if pattern.isprintable() else "".join(one for one in pattern if one.isprintable())


def _day(values: dict[str, tuple[str, int]], words: Language) -> date:
    if ISO_WEEK in values:
        return date.fromisocalendar(*(int(part) for part in values[ISO_WEEK][0].replace("W", "").split("-")))
    text, width = values.get("y") or values.get("u") or (_missing("the year (y)"), 0)
    year = int(text) + (2000 if width == 2 else 0)
    if "D" in values and "M" not in values and "L" not in values:
        return date(year, 1, 1) + timedelta(days=int(values["D"][0]) - 1)
    month = _month(values, words)
    day = int(values["d"][0] if "d" in values else _missing("the day of the month"))
    if not 1 <= day <= 31:
        raise ValueError(f"day {day} is not in 1 to 31")
    return date(year, month, min(day, monthrange(year, month)[1]))


def _missing(what: str) -> str:
    raise KeyError(what)


def _month(values: dict[str, tuple[str, int]], words: Language) -> int:
    text, width = values.get("M") or values.get("L") or (_missing("the month"), 0)
    if width <= 2:
        month = int(text)
        if not 1 <= month <= 12:
            raise ValueError(f"month {month} is not in 1 to 12")
        return month
    return (words.months if width == 4 else words.short_months).index(text) + 1


def _clock(values: dict[str, tuple[str, int]], words: Language) -> time | None:
    hour = _hour(values, words)
    if hour is None:
        return None
    minute = int(values["m"][0]) if "m" in values else 0
    second = int(values["s"][0]) if "s" in values else 0
    return time(hour, minute, second, micros(_fraction(values)))


def _fraction(values: dict[str, tuple[str, int]]) -> str:
    text, _ = values.get("S") or values.get(FRACTION) or values.get(INSTANT_FRACTION) or ("", 0)
    return text.strip(".Z")


def _hour(values: dict[str, tuple[str, int]], words: Language) -> int | None:
    if "H" in values or "k" in values:
        return int(values["H"][0]) if "H" in values else int(values["k"][0]) % 24
    if "a" not in values or not ("h" in values or "K" in values):
        return None
    hour = int((values.get("h") or values["K"])[0])
    if hour > 12:
        raise ValueError(f"hour {hour} is not in 1 to 12")
    return hour % 12 + (12 if values["a"][0] == words.halves[1] else 0)


def _where(values: dict[str, tuple[str, int]]) -> tzinfo | None:
    if REGION in values:
        return zone(values[REGION][0].strip("[]"))
    for letter in ("V", "z"):
        if letter in values:
            return zone(values[letter][0])
    for letter in ("X", "x", "Z", "O", RFC_OFFSET):
        if letter in values:
            text = values[letter][0]
            return fixed_offset(text if text == "Z" else text.removeprefix("GMT") or "Z")
    return fixed_offset("Z") if INSTANT_FRACTION in values else None


def as_datetime(found: Parsed, where: tzinfo) -> datetime:
    """Return the aware date-time of a text; `where` is the zone when the text has none."""
    from tiercel.expressions.isotime import in_zone

    if found.clock is None:
        return in_zone(datetime.combine(found.day, time()), where)
    return fine(in_zone(datetime.combine(found.day, found.clock), found.where or where), found.rest)
