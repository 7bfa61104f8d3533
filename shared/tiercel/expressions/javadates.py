"""Conversion and formatting of dates as the date filters and `now()` need them.

Promise: what is formatted is first put into the zone: the one asked for, else UTC.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, tzinfo

from tiercel.errors import ExpressionError
from tiercel.expressions.dateformat import written
from tiercel.expressions.datenames import language
from tiercel.expressions.dateparse import as_datetime, parsed
from tiercel.expressions.datepatterns import NAMED, STYLES, elements_of
from tiercel.expressions.finetime import fine, rest_of, rest_of_digits
from tiercel.expressions.isotime import in_zone, read_date, read_date_time
from tiercel.expressions.routines import text_argument
from tiercel.expressions.values import describe
from tiercel.expressions.zones import zone

_FINER = re.compile(r"\.(\d{7,9})", re.ASCII)


def zone_argument(name: object) -> tzinfo:
    """Return the zone of an argument; UTC for null."""
    return UTC if name is None else zone(text_argument(name, "timeZone"))


def moment_of(value: object, where: tzinfo, existing: object, locale: object) -> datetime:
    """Return the aware date-time that a value stands for."""
    if isinstance(value, datetime):
        return value if value.tzinfo is not None else in_zone(value, where)
    if isinstance(value, date):
        return in_zone(datetime.combine(value, time(12)), where)
    if isinstance(value, int) and not isinstance(value, bool):
        return datetime.fromtimestamp(value, UTC).astimezone(where)
    if not isinstance(value, str):
        raise ExpressionError(f"A date needs a text, a date-time or epoch seconds, found {describe(value)}")
    if existing is not None:
        return _by_format(value, where, text_argument(existing, "existingFormat"), locale)
    return _by_iso(value, where)


def _by_iso(text: str, where: tzinfo) -> datetime:
    try:
        moment = read_date_time(text)
        if moment is None and (day := read_date(text)):
            moment = datetime.combine(day, time())
    except ValueError as error:
        raise ExpressionError(f"The text '{text[:60]}' is no date: {error}") from None
    if moment is None:
        raise ExpressionError(
            f"The text '{text[:60]}' is no ISO date; name its form, as in existingFormat='dd/MM/yyyy'"
        )
    placed = moment if moment.tzinfo is not None else in_zone(moment, where)
    finer = _FINER.search(text)
    return fine(placed, rest_of_digits(finer[1])) if finer else placed


def _by_format(text: str, where: tzinfo, name: str, locale: object) -> datetime:
    tongue = None if locale is None else text_argument(locale, "locale")
    return as_datetime(parsed(text, _pattern(name, tongue), tongue), where)


def _pattern(name: str, locale: str | None) -> str:
    return language(locale).styles[name] if name in STYLES else NAMED.get(name, name)


def formatted(moment: datetime, pattern: object, where: tzinfo, locale: object) -> str:
    """Return the text of a date-time in a zone; `pattern` is a name or a pattern, `iso` when null."""
    name = "iso" if pattern is None else text_argument(pattern, "format")
    tongue = None if locale is None else text_argument(locale, "locale")
    placed = fine(moment.astimezone(UTC if name == "iso_instant" else where), rest_of(moment))
    return written(placed, elements_of(_pattern(name, tongue)), language(tongue))
