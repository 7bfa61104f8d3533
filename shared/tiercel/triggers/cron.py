"""Cron expressions: which dates they name in a time zone (flow specification, 8.2).

croniter walks the calendar, in local times without a zone; what a change of clocks does to them is decided here:

- a local time that is skipped moves to the next valid one (02:30 becomes 03:00, once);
- a local time that comes twice is taken the first time, unless the expression asks for every hour: then time is
  followed as it passes, with neither a hole nor a pause.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cached_property, lru_cache
from typing import Any

YEARS = 10
"""How far away a date is looked for."""

_NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MONTHS = {name: number for number, name in enumerate("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split(), 1)}
_DAYS = {name: number for number, name in enumerate("SUN MON TUE WED THU FRI SAT".split())}
_FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("second", 0, 59, {}),
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of month", 1, 31, {}),
    ("month", 1, 12, _MONTHS),
    ("day of week", 0, 7, _DAYS),
)
_PART = re.compile(r"(?:\*|([0-9]{1,2}|[A-Z]{3})(?:-([0-9]{1,2}|[A-Z]{3}))?)(?:/([0-9]{1,2}))?", re.ASCII)
_SECOND = timedelta(seconds=1)
_MARGIN = timedelta(hours=3)
"""More than any change of clocks."""


@dataclass(frozen=True)
class Cron:
    """A cron expression in a time zone."""

    expression: str
    """Five fields, or six with the seconds first, as croniter takes them."""
    zone: tzinfo
    with_seconds: bool
    every_hour: bool
    """Whether its hour field names them all."""

    def next(self, after: datetime) -> datetime | None:
        """Return the first date after a moment, in the zone; None when there is none within ten years."""
        return self._running_next(after) if self.every_hour else self._fixed(after, forward=True)

    def previous(self, before: datetime) -> datetime | None:
        """Return the last date before a moment, in the zone; None when there is none within ten years."""
        return self._running_previous(before) if self.every_hour else self._fixed(before, forward=False)

    # ------------------------------------------------------------ hours that are chosen

    def _fixed(self, moment: datetime, *, forward: bool) -> datetime | None:
        local = moment.astimezone(self.zone).replace(tzinfo=None, fold=0)
        for naive in self._walk(local - _MARGIN if forward else local + _MARGIN, forward=forward):
            found = self._place(naive)
            if (found > moment) if forward else (found < moment):
                return found
        return None

    def _place(self, naive: datetime) -> datetime:
        """Return a local time in the zone: the first of two, or the end of the gap that swallowed it."""
        placed = naive.replace(tzinfo=self.zone, fold=0)
        there = placed.astimezone(UTC)
        if there.astimezone(self.zone).replace(tzinfo=None, fold=0) == naive:
            return placed
        # Inside a gap: fold 0 is read with the offset before it, so the gap's end lies at or before `there`.
        return self._change(there - _MARGIN, there).astimezone(self.zone)

    # ------------------------------------------------------------ every hour

    def _running_next(self, moment: datetime) -> datetime | None:
        at, local = _utc(moment), self._local(moment)
        for _ in range(8):  # each round but the last crosses a change of clocks
            naive = next(self._walk(local, forward=True), None)
            if naive is None:
                return None
            found = at + (naive - local)
            if self._offset(found) == self._offset(at):
                return found.astimezone(self.zone)
            change = self._change(at, found)
            at, local = change, self._local(change) - _SECOND
            if (first := next(self._walk(local, forward=True), None)) == local + _SECOND:
                return self._zoned(change, first)
            local += _SECOND
        return None

    def _running_previous(self, moment: datetime) -> datetime | None:
        at, local = _utc(moment), self._local(moment)
        for _ in range(8):
            naive = next(self._walk(local, forward=False), None)
            if naive is None:
                return None
            found = at - (local - naive)
            if self._offset(found) == self._offset(at):
                return found.astimezone(self.zone)
            change = self._change(found, at)
            if change < at and self._offset(change) == self._offset(at):
                first = self._local(change)
                if naive >= first:  # it lies after the change after all
                    return found.astimezone(self.zone)
            before = change - _SECOND
            at, local = before, self._local(before)
            if next(self._walk(local + _SECOND, forward=False), None) == local:
                return before.astimezone(self.zone)
        return None

    def _zoned(self, at: datetime, _: datetime) -> datetime:
        return at.astimezone(self.zone)

    # ------------------------------------------------------------ the calendar and the clock

    def _walk(self, start: datetime, *, forward: bool) -> Iterator[datetime]:
        """Yield the local times that the expression names, strictly after the start or strictly before it."""
        from croniter import CroniterBadDateError, croniter

        walker: Any = croniter(
            self.expression, start, second_at_beginning=True, max_years_between_matches=YEARS, ret_type=datetime
        )
        step = walker.get_next if forward else walker.get_prev
        while True:
            try:
                yield step(datetime)
            except CroniterBadDateError:
                return

    def _local(self, moment: datetime) -> datetime:
        return moment.astimezone(self.zone).replace(tzinfo=None, fold=0)

    def _offset(self, moment: datetime) -> timedelta | None:
        return moment.astimezone(self.zone).utcoffset()

    def _change(self, low: datetime, high: datetime) -> datetime:
        """Return the first second (in UTC) at which the clock shows what it shows at the end of a span."""
        low, high = _utc(low).replace(microsecond=0), _utc(high).replace(microsecond=0)
        wanted = self._offset(high)
        while high - low > _SECOND:
            middle = low + timedelta(seconds=(high - low) // _SECOND // 2)
            if self._offset(middle) == wanted:
                high = middle
            else:
                low = middle
        return high

    @cached_property
    def text(self) -> str:
        """The expression, for messages."""
        return self.expression


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
