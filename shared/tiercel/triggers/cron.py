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
from functools import lru_cache
from typing import Any

YEARS = 10
"""How far away a date is looked for."""

NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
"""What stands for five fields."""
_MONTHS = {
    name: number
    for number, name in enumerate(
        ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"], 1
    )
}
_DAYS = {name: number for number, name in enumerate(["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"])}
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

    fields: str
    """Five fields, or six with the seconds first."""
    zone: tzinfo
    every_hour: bool
    """Whether the hour field names all hours."""

    def next(self, after: datetime) -> datetime | None:
        """Return the first date after a moment, in the zone; None when there is none within ten years."""
        return self._search(after.astimezone(UTC).replace(microsecond=0), forward=True)

    def previous(self, before: datetime) -> datetime | None:
        """Return the last date before a moment, in the zone; None when there is none within ten years."""
        up = _SECOND if before.microsecond else timedelta()
        return self._search(before.astimezone(UTC).replace(microsecond=0) + up, forward=False)

    def _search(self, moment: datetime, *, forward: bool) -> datetime | None:
        try:
            return self._passing(moment, forward) if self.every_hour else self._chosen(moment, forward)
        except OverflowError:  # the calendar's own end
            return None

    def _chosen(self, moment: datetime, forward: bool) -> datetime | None:
        """Search local times, each of which is one moment."""
        settled = self._offset(moment - _MARGIN) == self._offset(moment + _MARGIN)
        back = timedelta() if settled else _MARGIN
        local = self._local(moment)
        for naive in self._walk(local - back if forward else local + back, forward):
            found = self._place(naive)
            if (found > moment) if forward else (found < moment):
                return found
        return None

    def _place(self, naive: datetime) -> datetime:
        """Return a local time in the zone: the first of two; the end of the gap that swallowed it."""
        placed = naive.replace(tzinfo=self.zone)
        there = placed.astimezone(UTC)
        if self._local(there) == naive:
            return placed
        # Python reads a time inside a gap with the offset before it, so the change lies at or before it.
        return self._change(there - _MARGIN, there).astimezone(self.zone)

    def _passing(self, at: datetime, forward: bool) -> datetime | None:
        """Search time as it passes: from one change of clocks to the next, the clock runs evenly."""
        start = self._local(at)
        while True:
            naive = next(self._walk(start, forward), None)
            if naive is None:
                return None
            found = at + (naive - self._local(at))
            if self._offset(found) == self._offset(at):
                return found.astimezone(self.zone)
            if forward:
                at = self._change(at, found)
                start = self._local(at) - _SECOND
            else:
                at = self._change(found, at) - _SECOND
                start = self._local(at) + _SECOND

    def _walk(self, start: datetime, forward: bool) -> Iterator[datetime]:
        """Yield the local times that the expression names, strictly after the start or strictly before it."""
        from croniter import CroniterBadDateError, croniter  # type: ignore[import-untyped]

        walker: Any = croniter(self.fields, start, second_at_beginning=True, max_years_between_matches=YEARS)
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
        """Return the first second, in UTC, from which on the offset is that at the end of a span."""
        wanted = self._offset(high)
        while high - low > _SECOND:
            middle = low + (high - low) // _SECOND // 2 * _SECOND
            if self._offset(middle) == wanted:
                high = middle
            else:
                low = middle
        return high


@lru_cache(maxsize=1024)
def parse_cron(expression: str, zone: tzinfo = UTC, *, with_seconds: bool = False) -> Cron:
    """Return a cron expression in a time zone.

    Raises:
        ValueError: ``invalid cron expression '...': <reason>``.
    """
    try:
        text = _expanded(expression.strip(), with_seconds)
        parts = text.upper().split()
        wanted = _FIELDS if with_seconds else _FIELDS[1:]
        if len(parts) != len(wanted):
            raise ValueError(f"it has {len(parts)} fields, wanted are {len(wanted)} ({_names(wanted)})")
        values = [_field(part, *field) for part, field in zip(parts, wanted, strict=True)]
    except ValueError as error:
        raise ValueError(f"invalid cron expression '{expression[:80]}': {error}") from None
    return Cron(" ".join(parts), zone, every_hour=len(values[-4]) == 24)


def _expanded(text: str, with_seconds: bool) -> str:
    if not text.startswith("@"):
        return text
    known = NICKNAMES.get(text.lower())
    if known is None:
        raise ValueError(f"the nickname is unknown; there are {', '.join(NICKNAMES)}")
    return f"0 {known}" if with_seconds else known


def _names(fields: tuple[tuple[str, int, int, dict[str, int]], ...]) -> str:
    return ", ".join(field[0] for field in fields)


def _field(text: str, name: str, low: int, high: int, words: dict[str, int]) -> set[int]:
    """Return the values that a field names."""
    values: set[int] = set()
    for part in text.split(","):
        found = _PART.fullmatch(part)
        if found is None:
            raise ValueError(f"the {name} '{part}' is none of *, a number, a range a-b, or either with a step /n")
        first, last, step = found.groups()
        begin = low if first is None else _number(first, name, low, high, words)
        end = _number(last, name, low, high, words) if last else (high if step or first is None else begin)
        if end < begin:
            raise ValueError(f"the {name} range '{part}' goes down; write the smaller value first")
        if step is not None and int(step) == 0:
            raise ValueError(f"the {name} step in '{part}' is 0; it must be at least 1")
        values.update(range(begin, end + 1, int(step or 1)))
    return values


def _number(text: str, name: str, low: int, high: int, words: dict[str, int]) -> int:
    value = words.get(text) if text.isalpha() else int(text)
    if value is None:
        known = f"; names are {', '.join(words)}" if words else "; it takes numbers only"
        raise ValueError(f"the {name} '{text}' is unknown{known}")
    if not low <= value <= high:
        raise ValueError(f"the {name} {value} is not in {low} to {high}")
    return value
