"""Writes a date-time by the elements of a pattern.

Promise: the date-time is written as it is: the caller has put it into the zone.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

from tiercel.expressions.datenames import ZONE_NAMES, Language
from tiercel.expressions.datepatterns import FRACTION, INSTANT_FRACTION, ISO_WEEK, REGION, RFC_OFFSET, Element, Field
from tiercel.expressions.finetime import nanos_of, rest_of
from tiercel.expressions.timetext import fraction_text, offset_text


def written(moment: datetime, elements: tuple[Element, ...], words: Language) -> str:
    """Return the text of an aware date-time."""
    parts: list[str] = []
    for element in elements:
        if isinstance(element, str):
            parts.append(element)
        elif isinstance(element, Field):
            parts.append(_FIELDS[element.letter](moment, element.width, words))
        else:
            parts.append(written(moment, element.elements, words))
    return "".join(parts)


def week_of(day: date, words: Language) -> tuple[int, int]:
    """Return the week-based year and its week."""
    for year in (day.year + 1, day.year):
        start = _weeks_start(year, words)
        if day.toordinal() >= start:
            return year, (day.toordinal() - start) // 7 + 1
    return day.year - 1, (day.toordinal() - _weeks_start(day.year - 1, words)) // 7 + 1


def _weeks_start(year: int, words: Language) -> int:
    """Return the ordinal of the first day of week 1."""
    before = year - 1  # not `date(year, 1, 1)`: the year after the last one has a start, too
    first = before * 365 + before // 4 - before // 100 + before // 400 + 1
    days_gone = ((first - 1) % 7 - words.first_day) % 7
    return first - days_gone + (7 if 7 - days_gone < words.least_days else 0)


def _week_of_month(day: date, words: Language) -> int:
    days_gone = (day.replace(day=1).weekday() - words.first_day) % 7
    return (day.day - 1 + days_gone) // 7 + (1 if 7 - days_gone >= words.least_days else 0)


def _weekday_number(day: date, words: Language) -> int:
    return (day.weekday() - words.first_day) % 7 + 1


def _padded(value: int, width: int) -> str:
    return str(value).rjust(width, "0")


def _year(value: int, width: int) -> str:
    return f"{value % 100:02d}" if width == 2 else _padded(value, width)


def _month(moment: datetime, width: int, words: Language) -> str:
    if width <= 2:
        return _padded(moment.month, width)
    if width == 5:
        return words.months[moment.month - 1][0].upper()
    return (words.months if width == 4 else words.short_months)[moment.month - 1]


def _day_name(moment: datetime, width: int, words: Language) -> str:
    if width == 5:
        return words.days[moment.weekday()][0].upper()
    return (words.days if width == 4 else words.short_days)[moment.weekday()]


def _local_day(moment: datetime, width: int, words: Language) -> str:
    return _padded(_weekday_number(moment, words), width) if width <= 2 else _day_name(moment, width, words)


def _quarter(moment: datetime, width: int, words: Language) -> str:
    number = (moment.month + 2) // 3
    if width <= 2:
        return _padded(number, width)
    if width == 5:
        return str(number)
    return (words.short_quarters if width == 3 else words.quarters)[number - 1]


def _nanos_of_day(moment: datetime) -> int:
    seconds = moment.hour * 3600 + moment.minute * 60 + moment.second
    return seconds * 1_000_000_000 + nanos_of(moment)


def _offset(moment: datetime, width: int, zero: str) -> str:
    text = offset_text(moment.utcoffset(), zero="")
    if not text:
        return zero
    if width == 1:
        return text[:3] + (text[4:6] if text[4:6] != "00" else "")
    if width in (2, 4):
        return text.replace(":", "") if width == 4 else text[:6].replace(":", "")
    return text if width == 5 else text[:6]


def _offset_x(moment: datetime, width: int, _: Language) -> str:
    return _offset(moment, width, {1: "+00", 2: "+0000", 4: "+0000"}.get(width, "+00:00"))


def _offset_z(moment: datetime, width: int, words: Language) -> str:
    if width <= 3:
        return _offset(moment, 2, "+0000")
    return _gmt(moment, 4, words) if width == 4 else _offset(moment, 5, "Z")


def _gmt(moment: datetime, width: int, _: Language) -> str:
    text = offset_text(moment.utcoffset(), zero="")
    if not text or width == 4:
        return f"GMT{text}"
    minutes = text[3:] if text[3:] != ":00" else ""
    return f"GMT{text[0]}{int(text[1:3])}{minutes}"


def zone_id(moment: datetime) -> str:
    """Return the region or offset of an aware date-time; `UTC` for UTC."""
    if moment.tzinfo is UTC:
        return "UTC"
    key = getattr(moment.tzinfo, "key", None)
    return key if isinstance(key, str) else offset_text(moment.utcoffset())


def _zone_name(moment: datetime, width: int, _: Language) -> str:
    short = "UTC" if moment.tzinfo is UTC else moment.tzname() or ""
    if not short.isalpha() or zone_id(moment)[0] in "+-":
        return zone_id(moment)
    return ZONE_NAMES.get(short, short) if width == 4 else short


def _any_fraction(moment: datetime, _: int, __: Language) -> str:
    return f".{nanos_of(moment):09d}".rstrip("0").rstrip(".")


def _instant_fraction(moment: datetime, _: int, __: Language) -> str:
    return (fraction_text(moment.microsecond) if not rest_of(moment) else f".{nanos_of(moment):09d}") + "Z"


def _iso_week(moment: datetime, _: int, __: Language) -> str:
    year, week, day = moment.isocalendar()
    return f"{year:04d}-W{week:02d}-{day}"


def _rfc_offset(moment: datetime, _: int, __: Language) -> str:
    return _offset(moment, 2, "GMT")


_FIELDS: dict[str, Callable[[datetime, int, Language], str]] = {
    "G": lambda _, width, __: "Anno Domini" if width == 4 else "A" if width == 5 else "AD",
    "y": lambda moment, width, _: _year(moment.year, width),
    "u": lambda moment, width, _: _year(moment.year, width),
    "Y": lambda moment, width, words: _year(week_of(moment.date(), words)[0], width),
    "w": lambda moment, width, words: _padded(week_of(moment.date(), words)[1], width),
    "W": lambda moment, _, words: str(_week_of_month(moment.date(), words)),
    "F": lambda moment, _, __: str((moment.day - 1) % 7 + 1),
    "M": _month,
    "L": _month,
    "d": lambda moment, width, _: _padded(moment.day, width),
    "D": lambda moment, width, _: _padded(moment.timetuple().tm_yday, width),
    "E": _day_name,
    "e": _local_day,
    "c": _local_day,
    "Q": _quarter,
    "q": _quarter,
    "a": lambda moment, _, words: words.halves[moment.hour >= 12],
    "H": lambda moment, width, _: _padded(moment.hour, width),
    "k": lambda moment, width, _: _padded(moment.hour or 24, width),
    "K": lambda moment, width, _: _padded(moment.hour % 12, width),
    "h": lambda moment, width, _: _padded(moment.hour % 12 or 12, width),
    "m": lambda moment, width, _: _padded(moment.minute, width),
    "s": lambda moment, width, _: _padded(moment.second, width),
    "S": lambda moment, width, _: f"{nanos_of(moment):09d}"[:width],
    "A": lambda moment, width, _: _padded(_nanos_of_day(moment) // 1_000_000, width),
    "n": lambda moment, width, _: _padded(nanos_of(moment), width),
    "N": lambda moment, width, _: _padded(_nanos_of_day(moment), width),
    "V": lambda moment, _, __: zone_id(moment),
    "z": _zone_name,
    "X": lambda moment, width, _: _offset(moment, width, "Z"),
    "x": _offset_x,
    "Z": _offset_z,
    "O": _gmt,
    FRACTION: _any_fraction,
    INSTANT_FRACTION: _instant_fraction,
    REGION: lambda moment, _, __: f"[{zone_id(moment)}]" if zone_id(moment)[0] not in "+-" else "",
    RFC_OFFSET: _rfc_offset,
    ISO_WEEK: _iso_week,
}
