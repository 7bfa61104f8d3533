"""Conditions about a date (specification, 9)."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import ClassVar, Literal

from pydantic import field_validator, model_validator

from tiercel.conditions import Asked, Condition
from tiercel.errors import ExpressionError
from tiercel.model.plugin import Rendered
from tiercel.triggers.schedule import read_moment

Weekday = Literal["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]
_WEEKDAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
_ORDINALS = {"FIRST": 1, "SECOND": 2, "THIRD": 3, "FOURTH": 4}
_WEEK = timedelta(days=7)


class DateCondition(Condition):
    """Base of the conditions about a date."""

    always: ClassVar[Mapping[str, str]] = {"date": "{{ trigger.date }}"}

    date: Rendered[str] = "{{ trigger.date }}"
    """The date; that of the trigger by default."""

    @property
    def moment(self) -> datetime:
        """The date, in its own zone."""
        return _moment(self.date)


def _moment(text: str) -> datetime:
    try:
        return read_moment(text, UTC)
    except ValueError as error:
        raise ExpressionError(str(error)) from None


def _written_moment(text: str | None) -> str | None:
    if text is not None and "{" not in text:
        read_moment(text, UTC)
    return text


class DateTimeBetween(DateCondition):
    """Holds when the date lies after one moment, before another, or both."""

    after: Rendered[str | None] = None
    """The moment after which it must lie, with its zone."""
    before: Rendered[str | None] = None
    """The moment before which it must lie, with its zone."""

    _written = field_validator("after", "before")(_written_moment)

    @model_validator(mode="after")
    def _has_a_bound(self) -> DateTimeBetween:
        if self.after is None and self.before is None:
            raise ValueError("'after' or 'before' is needed, and neither is given")
        return self

    def holds(self, asked: Asked) -> bool:  # noqa: ARG002 - everything is rendered
        """Compare, strictly."""
        date = self.moment
        return (self.after is None or date > _moment(self.after)) and (
            self.before is None or date < _moment(self.before)
        )


def _offset_time(text: str) -> float:
    """Return the seconds of a time of day less its offset: what such times are compared by."""
    try:
        found = time.fromisoformat(text.strip())
    except ValueError:
        found = None
    offset = found.utcoffset() if found is not None else None
    if found is None or offset is None:
        raise ValueError(f"'{text[:40]}' is not a time with an offset; write 09:00:00+01:00 or 08:00:00Z")
    return _seconds(found) - offset.total_seconds()


def _seconds(at: time) -> float:
    return at.hour * 3600 + at.minute * 60 + at.second + at.microsecond / 1e6


def _written_time(text: str | None) -> str | None:
    if text is not None and "{" not in text:
        _offset_time(text)
    return text


class TimeBetween(DateCondition):
    """Holds when the date's time of day lies after one time, before another, or both."""

    after: Rendered[str | None] = None
    """The time after which it must lie, with its offset."""
    before: Rendered[str | None] = None
    """The time before which it must lie, with its offset."""

    _written = field_validator("after", "before")(_written_time)

    @model_validator(mode="after")
    def _has_a_bound(self) -> TimeBetween:
        if self.after is None and self.before is None:
            raise ValueError("'after' or 'before' is needed, and neither is given")
        return self

    def holds(self, asked: Asked) -> bool:  # noqa: ARG002 - everything is rendered
        """Compare, strictly, each time less its offset."""
        date = self.moment
        offset = date.utcoffset()
        assert offset is not None
        found = _seconds(date.time()) - offset.total_seconds()
        return (self.after is None or found > _offset_time(self.after)) and (
            self.before is None or found < _offset_time(self.before)
        )


class DayWeek(DateCondition):
    """Holds on one day of the week."""

    daily: ClassVar[bool] = True

    day_of_week: Rendered[Weekday]
    """The day."""

    def holds(self, asked: Asked) -> bool:  # noqa: ARG002 - everything is rendered
        """Compare the day."""
        return _WEEKDAYS[self.moment.weekday()] == self.day_of_week


class DayWeekInMonth(DateCondition):
    """Holds on the first, second, third, fourth or last such day of a month."""

    daily: ClassVar[bool] = True

    day_of_week: Rendered[Weekday]
    """The day."""
    day_in_month: Rendered[Literal["FIRST", "SECOND", "THIRD", "FOURTH", "LAST"]]
    """Which of them."""

    def holds(self, asked: Asked) -> bool:  # noqa: ARG002 - everything is rendered
        """Compare the day, and its place in the month."""
        date = self.moment
        if _WEEKDAYS[date.weekday()] != self.day_of_week:
            return False
        if self.day_in_month == "LAST":
            return (date + _WEEK).month != date.month
        return (date.day + 6) // 7 == _ORDINALS[self.day_in_month]


class Weekend(DateCondition):
    """Holds on Saturdays and Sundays."""

    daily: ClassVar[bool] = True

    def holds(self, asked: Asked) -> bool:  # noqa: ARG002 - everything is rendered
        """Look at the day."""
        return self.moment.weekday() >= 5


class PublicHoliday(DateCondition):
    """Holds on the public holidays of a country."""

    daily: ClassVar[bool] = True

    country: Rendered[str]
    """The country, as two letters (ISO 3166-1)."""
    sub_division: Rendered[str | None] = None
    """A part of it that has holidays of its own (ISO 3166-2, without the country)."""

    @model_validator(mode="after")
    def _can_be_known(self) -> PublicHoliday:
        if importlib.util.find_spec("holidays") is None:
            raise ValueError(
                "PublicHoliday needs the package 'holidays', which is not installed: pip install 'tiercel[calendar]'"
            )
        return self

    def holds(self, asked: Asked) -> bool:  # noqa: ARG002 - everything is rendered
        """Look the day up."""
        holidays = importlib.import_module("holidays")  # imported by name: the package need not be there
        country, part = self.country.upper(), self.sub_division
        try:
            return bool(self.moment.date() in holidays.country_holidays(country, subdiv=part.upper() if part else None))
        except NotImplementedError:
            where = f"the country '{country}'" + (f" with the sub-division '{part}'" if part else "")
            raise ExpressionError(f"the holidays of {where} are not known; write ISO codes such as DE and BY") from None
