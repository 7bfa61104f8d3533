"""Functions on calendar dates.

Promise: the local date of the text is used, never converted to another zone.
"""

from __future__ import annotations

import importlib
from calendar import monthrange
from datetime import UTC, date, datetime

from tiercel.errors import ExpressionError
from tiercel.expressions.isotime import in_zone
from tiercel.expressions.javadates import moment_of
from tiercel.expressions.routines import function_named, text_argument
from tiercel.expressions.values import describe, elements

_DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
_POSITIONS = {"FIRST": 1, "SECOND": 2, "THIRD": 3, "FOURTH": 4}


def _local(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001  # a local date
    return moment_of(value, UTC, None, None)


@function_named("isWeekend", parameters="date", required=1)
def is_weekend(day: object) -> bool:
    """Tell whether a date is a Saturday or Sunday."""
    return _local(day).weekday() >= 5


@function_named("isPublicHoliday", parameters="date countryCode subDivision", required=2)
def is_public_holiday(day: object, country: object, part: object = None) -> bool:
    """Tell whether a date is a public holiday of a country, or of a part of it."""
    try:
        holidays = importlib.import_module("holidays")  # an extra: the package need not be there
    except ImportError:
        raise ExpressionError("isPublicHoliday needs the package 'holidays': pip install 'tiercel[calendar]'") from None
    code, subdivision = text_argument(country, "countryCode").upper(), None
    if part is not None:
        subdivision = text_argument(part, "subDivision").upper()
    try:
        return bool(_local(day).date() in holidays.country_holidays(code, subdiv=subdivision))
    except NotImplementedError:
        where = f"'{code}'" + (f" with the sub-division '{subdivision}'" if subdivision else "")
        raise ExpressionError(f"the holidays of {where} are not known; write ISO codes such as DE and BY") from None


@function_named("isDayWeekInMonth", parameters="date dayOfWeek position", required=3)
def is_day_week_in_month(day: object, weekday: object, position: object) -> bool:
    """Tell whether a date is, say, the FIRST MONDAY of its month."""
    moment = _local(day)
    where = text_argument(position, "position").upper()
    if moment.weekday() != _weekday(weekday):
        return False
    if where == "LAST":
        return moment.day + 7 > monthrange(moment.year, moment.month)[1]
    if where not in _POSITIONS:
        raise ExpressionError(f"The argument 'position' must be FIRST to FOURTH or LAST, found {describe(position)}")
    return (moment.day - 1) // 7 + 1 == _POSITIONS[where]


def _weekday(name: object) -> int:
    text = text_argument(name, "dayOfWeek").upper()
    if text not in _DAYS:
        raise ExpressionError(f"A weekday must be one of {', '.join(_DAYS)}, found {describe(name)}")
    return _DAYS.index(text)


@function_named("isLastWorkingDay", parameters="date workingDays", required=1)
def is_last_working_day(day: object, working_days: object = None) -> bool:
    """Tell whether no working day of the month follows a date that is one."""
    moment = _local(day)
    names = [*_DAYS[:5]] if working_days is None else elements(working_days, "The argument 'workingDays'")
    working = {_weekday(name) for name in names}
    last = monthrange(moment.year, moment.month)[1]
    later = range(1, last - moment.day + 1)
    return moment.weekday() in working and not any((moment.weekday() + ahead) % 7 in working for ahead in later)


def _instant(value: object) -> datetime:
    moment = _local(value)
    return moment if moment.tzinfo is not None else in_zone(moment, UTC)


@function_named("isDateBetween", parameters="date after before", required=3)
def is_date_between(day: object, after: object, before: object) -> bool:
    """Tell whether a date lies strictly between two."""
    return _instant(after) < _instant(day) < _instant(before)


@function_named("isDateAfter", parameters="date after", required=2)
def is_date_after(day: object, after: object) -> bool:
    """Tell whether a date is after another."""
    return _instant(day) > _instant(after)


@function_named("isDateBefore", parameters="date before", required=2)
def is_date_before(day: object, before: object) -> bool:
    """Tell whether a date is before another."""
    return _instant(day) < _instant(before)


@function_named("dayOfWeek", parameters="date", required=1)
def day_of_week(day: object) -> str:
    """Return the name of the weekday, such as `MONDAY`."""
    return _DAYS[_local(day).weekday()]


@function_named("dayOfMonth", parameters="date", required=1)
def day_of_month(day: object) -> int:
    """Return the day of the month."""
    return _local(day).day


@function_named("monthOfYear", parameters="date", required=1)
def month_of_year(day: object) -> int:
    """Return the month, counted from 1."""
    return _local(day).month


@function_named("hourOfDay", parameters="date", required=1)
def hour_of_day(day: object) -> int:
    """Return the hour."""
    return _local(day).hour
