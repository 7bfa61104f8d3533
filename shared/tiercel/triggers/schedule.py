"""Starting a flow at dates: `Schedule` and `ScheduleOnDates` (flow specification, 8.2 and 8.3)."""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from functools import partial
from typing import Annotated, Any, ClassVar, Literal, Protocol

from pydantic import BeforeValidator, Field, field_validator, model_validator

from tiercel.conditions import is_daily
from tiercel.errors import ExpressionError
from tiercel.expressions.isotime import in_zone, read_date, read_date_time
from tiercel.expressions.zones import zone
from tiercel.model.durations import Duration
from tiercel.model.plugin import Outputs, Rendered
from tiercel.triggers.base import Trigger, ZoneId
from tiercel.triggers.cron import YEARS, Cron, parse_cron

MOST_LOOKED_AT = 10_000
"""Dates that a search for one at which the conditions hold looks at, before it finds none."""

Recover = Literal["ALL", "LAST", "NONE"]


def _no_interval(value: object) -> None:
    if value is not None:
        raise ValueError(f"must be null, found '{value}': 'cron' says when; remove 'interval'")


class Dates(Outputs):
    """What an execution of a date sees."""

    date: datetime
    """The date for which it was started, in the trigger's time zone."""
    next: datetime
    """The date after it, where there is one."""
    previous: datetime
    """The date before it, where there is one."""


class Dated(Trigger):
    """Base of the triggers that fire at dates."""

    gives = Dates

    timezone: ZoneId = "UTC"
    """The time zone in which dates are reckoned and shown."""
    inputs: Rendered[dict[str, Any] | None] = None
    """The execution's inputs; they see `trigger.date`, `trigger.next` and `trigger.previous`."""
    recover_missed_schedules: Recover | None = None
    """Which of the dates that nobody was there for are made up for; all by default."""

    @property
    def zone(self) -> tzinfo:
        """The time zone."""
        return zone(self.timezone)


class Schedule(Dated):
    """Start an execution whenever a cron expression says so."""

    deprecated: ClassVar[Mapping[str, str]] = {
        "scheduleConditions": "use 'conditions'",
        "backfill": "it has no effect here: create a backfill on the trigger",
    }
    cron: str
    """Minute, hour, day of month, month and day of week; or a nickname such as `@daily`."""
    with_seconds: bool = False
    """Whether the expression has six fields, the seconds first."""
    schedule_conditions: list[dict[str, Any]] = Field(default_factory=list)
    """More conditions."""
    late_maximum_delay: Duration | None = None
    """Dates that are later than this are skipped."""
    backfill: dict[str, Any] | None = None
    """Ignored."""
    interval: Annotated[None, BeforeValidator(_no_interval)] = None
    """Must be null."""

    @model_validator(mode="after")
    def _cron_is_right(self) -> Schedule:
        self.calendar()
        return self

    def calendar(self) -> Cron:
        """Return the dates that the expression names."""
        return parse_cron(self.cron, self.zone, with_seconds=self.with_seconds)


class ScheduleOnDates(Dated):
    """Start an execution at each date of a list."""

    dates: Rendered[str | list[str]]
    """The dates, with their zones; or an expression that gives a list of them."""

    @field_validator("dates")
    @classmethod
    def _dates_are_dates(cls, dates: str | list[str]) -> str | list[str]:
        for date in dates if isinstance(dates, list) else []:
            if "{" not in date:
                read_moment(date, UTC)
        return dates


class Calendar(Protocol):
    """The dates of a trigger."""

    def next(self, after: datetime) -> datetime | None:
        """Return the first date after a moment."""

    def previous(self, before: datetime) -> datetime | None:
        """Return the last date before a moment."""


class ListedDates:
    """Dates that were listed."""

    def __init__(self, dates: Sequence[datetime]) -> None:
        self._dates = sorted(dates)

    def next(self, after: datetime) -> datetime | None:
        """Return the first date after a moment."""
        place = bisect_right(self._dates, after)
        return self._dates[place] if place < len(self._dates) else None

    def previous(self, before: datetime) -> datetime | None:
        """Return the last date before a moment."""
        place = bisect_left(self._dates, before)
        return self._dates[place - 1] if place else None


Judge = Callable[[Mapping[str, object]], bool]
"""Tells whether a trigger's conditions hold for the variables of a date; raises ExpressionError."""


@dataclass(frozen=True)
class Almanac:
    """A trigger's dates with its conditions."""

    dates: Calendar
    zone: tzinfo
    holds: Judge | None = None
    """None where there are no conditions."""
    day_holds: Judge | None = None
    """Asks only those conditions whose answer is the same for all times of a day; None where there are none."""
    neighbours: bool = True
    """Whether the conditions look at the next or the previous date."""

    def variables(self, date: datetime) -> dict[str, object] | None:
        """Return what an execution of this date sees as `trigger`, or None when the conditions do not hold.

        Raises:
            ExpressionError: A condition cannot be judged for this date.
        """
        if self.holds is None:
            return self.plain(date)
        if not self.holds(self.plain(date)):
            return None
        return _shown(date.astimezone(self.zone), self._true(date, forward=True), self._true(date, forward=False))

    def plain(self, date: datetime) -> dict[str, object]:
        """Return the variables of a date, whatever the conditions say."""
        return _shown(date.astimezone(self.zone), self.dates.next(date), self.dates.previous(date))

    def _true(self, date: datetime, *, forward: bool) -> datetime | None:
        """Return the nearest date at which the conditions hold, or None when there is none near enough."""
        step = self.dates.next if forward else self.dates.previous
        last = date + timedelta(days=365.25 * YEARS) * (1 if forward else -1)
        found = step(date)
        for _ in range(MOST_LOOKED_AT):
            if found is None or ((found > last) if forward else (found < last)):
                return None
            if self.day_holds is not None and not self._would_hold(self.day_holds, found):
                found = step(self._beyond(found, forward))
            elif self._would_hold(self.holds, found):
                return found
            else:
                found = step(found)
        return None

    def _would_hold(self, judge: Judge | None, date: datetime) -> bool:
        """Tell whether conditions hold for another date; where that is in doubt, they do not."""
        assert judge is not None
        try:
            return judge(self.plain(date) if self.neighbours else _shown(date, None, None))
        except ExpressionError:
            return False

    def _beyond(self, date: datetime, forward: bool) -> datetime:
        """Return the moment from which to go on where a day is none: its end or its beginning."""
        day = date.astimezone(self.zone).date() + timedelta(days=1 if forward else 0)
        edge = in_zone(datetime.combine(day, time()), self.zone)
        return edge - timedelta(microseconds=1) if forward else edge


def almanac_of(
    trigger: Dated,
    listed: Sequence[datetime],
    holds: Callable[[Sequence[Mapping[str, Any]], Mapping[str, object]], bool],
    when: Judge | None,
) -> Almanac:
    """Return a trigger's dates with its conditions.

    Args:
        trigger: The trigger.
        listed: Its dates, where it lists them.
        holds: Tells whether conditions hold for the variables of a date.
        when: Tells whether the trigger's own `when` is true; None where it has none.
    """
    conditions = [*trigger.conditions, *getattr(trigger, "schedule_conditions", ())]

    def judge(variables: Mapping[str, object]) -> bool:
        return holds(conditions, variables) and (when is None or when(variables))

    neighbours = any(word in f"{conditions} {trigger.when}" for word in ("next", "previous"))
    daily = [each for each in conditions if is_daily(each)]
    by_day = partial(holds, daily) if daily else None
    dates = trigger.calendar() if isinstance(trigger, Schedule) else ListedDates(listed)
    return Almanac(dates, trigger.zone, judge if conditions or when is not None else None, by_day, neighbours)


def _shown(date: datetime, following: datetime | None, previous: datetime | None) -> dict[str, object]:
    dates = {"date": date, "next": following, "previous": previous}
    return {name: zoned_text(moment.astimezone(date.tzinfo)) for name, moment in dates.items() if moment is not None}


def zoned_text(moment: datetime) -> str:
    """Return a date-time as ISO text with its offset: `2024-01-01T09:00:00+01:00`, `2024-01-01T08:00:00Z`."""
    spec = "milliseconds" if moment.microsecond else "seconds"
    text = moment.isoformat(timespec=spec)
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text


def read_moment(text: str, where: tzinfo) -> datetime:
    """Return the date-time that an ISO text says; one without an offset, and a plain date, lie in the zone given.

    Raises:
        ValueError: It is none.
    """
    moment = read_date_time(text.strip())
    if moment is None and (day := read_date(text.strip())) is not None:
        moment = datetime.combine(day, time())
    if moment is None:
        raise ValueError(f"'{text[:60]}' is not a date; write a date and time with its zone: 2024-01-31T10:00:00Z")
    return moment if moment.tzinfo is not None else in_zone(moment, where)


def read_dates(found: object, where: tzinfo) -> list[datetime]:
    """Return the dates of a list, or of a text that is one in JSON; those without an offset lie in the zone given.

    Raises:
        ValueError: It is no such list, or one is no date.
    """
    listed = found if isinstance(found, list) else json.loads(str(found))
    if not isinstance(listed, list):
        raise ValueError(f"a list of dates is wanted, found {str(found)[:80]!r}")
    return [read_moment(str(date), where) for date in listed]
