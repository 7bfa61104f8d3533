"""Time windows, within which several things must have happened (flow specification, 8.6)."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Annotated, Literal

from pydantic import BeforeValidator, model_validator

from tiercel.expressions.isotime import in_zone
from tiercel.expressions.zones import zone
from tiercel.model.durations import Duration
from tiercel.triggers.base import Block, ZoneId

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)
_MILLISECOND = timedelta(milliseconds=1)

_ALLOWED = {
    "DURATION_WINDOW": ("window", "window_advance"),
    "SLIDING_WINDOW": ("window",),
    "DAILY_TIME_DEADLINE": ("deadline",),
    "DAILY_TIME_WINDOW": ("start_time", "end_time"),
}
_NAMES = {
    "window": "window",
    "window_advance": "windowAdvance",
    "deadline": "deadline",
    "start_time": "startTime",
    "end_time": "endTime",
}


def _clock_time(value: object) -> object:
    if isinstance(value, time):
        return value
    try:
        return time.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"'{value}' is not a time; write 09:00:00, or with an offset 09:00:00+01:00") from None


ClockTime = Annotated[time, BeforeValidator(_clock_time)]
"""A time of day, perhaps with an offset."""


class TimeWindow(Block):
    """The window."""

    type: Literal["DURATION_WINDOW", "SLIDING_WINDOW", "DAILY_TIME_DEADLINE", "DAILY_TIME_WINDOW"] = "DURATION_WINDOW"
    """How the window is found: by a length from an even time, from the first match on, or by times of the day."""
    window: Duration | None = None
    """Its length; a day by default."""
    window_advance: Duration | None = None
    """How far a DURATION_WINDOW is moved from its even time."""
    deadline: ClockTime | None = None
    """For DAILY_TIME_DEADLINE: the time until which, from midnight on, everything must have happened."""
    start_time: ClockTime | None = None
    """For DAILY_TIME_WINDOW: its beginning."""
    end_time: ClockTime | None = None
    """For DAILY_TIME_WINDOW: its end."""
    timezone: ZoneId | None = None
    """The zone of times without an offset; UTC by default."""

    @model_validator(mode="after")
    def _is_consistent(self) -> TimeWindow:
        allowed = _ALLOWED[self.type]
        given = [name for name in _NAMES if getattr(self, name) is not None]
        shown = " and ".join(f"'{_NAMES[name]}'" for name in allowed)
        for name in given:
            if name not in allowed:
                raise ValueError(f"'{_NAMES[name]}' does not go with {self.type}: it takes {shown} only; remove it")
        if self.type.startswith("DAILY"):
            for name in allowed:
                if name not in given:
                    raise ValueError(f"'{_NAMES[name]}' is missing: {self.type} needs {shown}")
        if self.window is not None and self.window <= timedelta():
            raise ValueError(f"'window' must be a positive duration, found {self.window}")
        return self

    def span(self, now: datetime) -> tuple[datetime, datetime]:
        """Return the window's first and last moment; those of a day may leave the moment given outside."""
        if self.type == "DURATION_WINDOW":
            return self._even(now)
        if self.type == "SLIDING_WINDOW":
            return now, now + (self.window or _DAY)
        if self.type == "DAILY_TIME_DEADLINE":
            assert self.deadline is not None
            return self._today(now, time(tzinfo=self.deadline.tzinfo)), self._today(now, self.deadline)
        assert self.start_time is not None
        assert self.end_time is not None
        return self._today(now, self.start_time), self._today(now, self.end_time)

    def latest(self, before: datetime) -> tuple[datetime, datetime]:
        """Return the first and the last moment of the last window that had ended at a moment."""
        first, last = self.span(before)
        if last <= before:
            return first, last
        return self.span(first - _MILLISECOND if self.type == "DURATION_WINDOW" else before - _DAY)

    def following(self, since: datetime) -> tuple[datetime, datetime]:
        """Return the first and the last moment of the first window that does not begin before a moment."""
        first, last = self.span(since)
        if first >= since:
            return first, last
        return self.span(last + _MILLISECOND if self.type == "DURATION_WINDOW" else since + _DAY)

    def _even(self, now: datetime) -> tuple[datetime, datetime]:
        length, local = self.window or _DAY, now.astimezone(self._zone()).replace(tzinfo=None)
        start = _rounded(local, length) + (self.window_advance or timedelta())
        start += (local - start) // length * length  # shifted, it may have left the present behind, or be ahead of it
        return in_zone(start, self._zone()), in_zone(start + length - _MILLISECOND, self._zone())

    def _today(self, now: datetime, at: time) -> datetime:
        where = at.tzinfo or self._zone()
        return in_zone(datetime.combine(now.astimezone(where).date(), at.replace(tzinfo=None)), where)

    def _zone(self) -> tzinfo:
        return UTC if self.timezone is None else zone(self.timezone)


def _rounded(local: datetime, length: timedelta) -> datetime:
    """Return the even time at or before a local time, as the length of the window asks for."""
    if length >= _DAY:
        return local.replace(hour=0, minute=0, second=0, microsecond=0)
    if length >= _HOUR:
        return local.replace(minute=0, second=0, microsecond=0)
    if length >= _MINUTE:
        minutes = length // _MINUTE
        return local.replace(minute=local.minute // minutes * minutes, second=0, microsecond=0)
    return local
