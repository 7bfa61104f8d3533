"""Filters on dates.

Promise: formatting is done in the zone that the filter names, else in UTC.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, datetime, timedelta

from tiercel.errors import ExpressionError
from tiercel.expressions.finetime import epoch_nanos, fine, rest_of
from tiercel.expressions.isotime import in_zone
from tiercel.expressions.javadates import formatted, moment_of, zone_argument
from tiercel.expressions.routines import filter_named, integer_argument, text_argument
from tiercel.expressions.values import Long, describe

_CLOCK_UNITS = {
    "MICROS": timedelta(microseconds=1),
    "MILLIS": timedelta(milliseconds=1),
    "SECONDS": timedelta(seconds=1),
    "MINUTES": timedelta(minutes=1),
    "HOURS": timedelta(hours=1),
    "HALF_DAYS": timedelta(hours=12),
}
_DAY_UNITS = {"DAYS": 1, "WEEKS": 7}
_MONTH_UNITS = {"MONTHS": 1, "YEARS": 12, "DECADES": 120, "CENTURIES": 1200, "MILLENNIA": 12000}


@filter_named("date", parameters="format timeZone existingFormat locale")
def date_text(
    value: object, pattern: object = None, time_zone: object = None, existing: object = None, locale: object = None
) -> str:
    """Return a date as text."""
    where = zone_argument(time_zone)
    return formatted(moment_of(value, where, existing, locale), pattern, where, locale)


@filter_named("dateAdd", parameters="amount unit format timeZone existingFormat locale", required=2)
def date_add(
    value: object,
    amount: object,
    unit: object,
    pattern: object = None,
    time_zone: object = None,
    existing: object = None,
    locale: object = None,
) -> str:
    """Return a date moved by an amount, as text."""
    where = zone_argument(time_zone)
    moment = moment_of(value, where, existing, locale)
    moved = moved_by(moment, integer_argument(amount, "amount"), text_argument(unit, "unit"))
    return formatted(moved, pattern, where, locale)


def moved_by(moment: datetime, amount: int, unit: str) -> datetime:
    """Return a date-time moved by an amount, to the nanosecond."""
    if unit != "NANOS":
        return fine(shifted(moment, amount, unit), rest_of(moment))
    micros, rest = divmod(rest_of(moment) + amount, 1000)
    return fine(shifted(moment, micros, "MICROS"), rest)


def shifted(moment: datetime, amount: int, unit: str) -> datetime:
    """Return a date-time moved by an amount: hours and less on the time line, days and more on the calendar."""
    try:
        if unit in _CLOCK_UNITS:
            return (moment.astimezone(UTC) + amount * _CLOCK_UNITS[unit]).astimezone(moment.tzinfo)
        local = moment.replace(tzinfo=None)
        if unit in _DAY_UNITS:
            local += timedelta(days=amount * _DAY_UNITS[unit])
        elif unit in _MONTH_UNITS:
            local = _months_later(local, amount * _MONTH_UNITS[unit])
        else:
            known = ", ".join(["NANOS", *_CLOCK_UNITS, *_DAY_UNITS, *_MONTH_UNITS])
            raise ExpressionError(f"The argument 'unit' must be one of {known}; found {describe(unit)}")
        return in_zone(local, moment.tzinfo or UTC)
    except (OverflowError, ValueError) as error:
        raise ExpressionError(f"The date moved by {amount} {unit} is out of range") from error


def _months_later(local: datetime, months: int) -> datetime:
    year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
    return local.replace(year=year, month=month + 1, day=min(local.day, _days(year, month + 1)))


def _days(year: int, month: int) -> int:
    if not 1 <= year <= 9999:
        raise ValueError("year out of range")
    return monthrange(year, month)[1]


def _nanos(value: object, time_zone: object, existing: object) -> int:
    return epoch_nanos(moment_of(value, zone_argument(time_zone), existing, None))


@filter_named("timestamp", parameters="timeZone existingFormat")
def timestamp(value: object, time_zone: object = None, existing: object = None) -> int:
    """Return epoch seconds."""
    return Long(_nanos(value, time_zone, existing) // 1_000_000_000)


@filter_named("timestampMilli", parameters="timeZone existingFormat")
def timestamp_milli(value: object, time_zone: object = None, existing: object = None) -> int:
    """Return epoch milliseconds."""
    return Long(_nanos(value, time_zone, existing) // 1_000_000)


@filter_named("timestampMicro", parameters="timeZone existingFormat")
def timestamp_micro(value: object, time_zone: object = None, existing: object = None) -> int:
    """Return epoch microseconds."""
    return Long(_nanos(value, time_zone, existing) // 1000)


@filter_named("timestampNano", parameters="timeZone existingFormat")
def timestamp_nano(value: object, time_zone: object = None, existing: object = None) -> int:
    """Return epoch nanoseconds."""
    return Long(_nanos(value, time_zone, existing))
