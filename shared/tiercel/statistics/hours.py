"""Executions counted by the hour, flow and state (`model/tallies.py`), when somebody asks.

Promise: an execution that has ended is read once for its hour's record, however often somebody asks; nothing is written
when an execution runs. What one request reads is bounded: the next one goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf, nextafter

from tiercel.archive import hour_index
from tiercel.model.execution import Execution, decode_execution, header_key
from tiercel.model.tallies import (
    HOUR,
    KIND,
    Hour,
    Standing,
    Tallies,
    count,
    decode_hour,
    duration_of,
    encode_hour,
    flow_name,
    hour_key,
    hour_of,
)
from tiercel.ports import Create, Refused, StateStore, Update, Write

SETTLED = 120.0
"""Seconds after which no execution of an earlier date is committed any more: its process had read the clock before."""

MOST = 20_000
"""Executions that one request reads (docs/limits.md)."""

BATCH = 300
"""Executions that are read in one go."""

TOGETHER = 100
"""Hours that are stored in one commit."""

RECORDS = 1000
"""Hours that are read in one go."""

WORTH = 50
"""Executions that must be new to a record for it to be written while its hour goes on."""

COSTLY = 100
"""Records of a look that is not repeated at once."""

PER_SECOND = 50
"""Records that may be read for an hour in a second: a look that took 5,000 holds for 100 seconds."""


@dataclass(frozen=True)
class Counted:
    """The executions of a span."""

    hours: Mapping[float, Tallies]
    """By the beginning of their hour, in that order; hours without any may be left out."""
    complete: bool = True
    """Whether all of them were counted; who asks again has more counted."""


@dataclass
class _Open:
    """An hour of which something may change."""

    hour: Hour
    version: int
    new: int = 0
    """How much more its record would know."""
    cost: int = 0


def count_hours(store: StateStore, now: float, since: float, until: float, most: int = MOST) -> Counted:
    """Count the executions of the hours in which a span begins and ends, and of those between.

    Args:
        store: Where they are.
        now: The time.
        since: The span's beginning.
        until: Its end.
        most: Executions that are read at most.
    """
    first, last = hour_of(since), hour_of(min(until, now))
    stored = {hour.at: (hour, version) for hour, version in _stored(store, first, last)}
    found = {at: hour.tallies() for at, (hour, _) in stored.items() if hour.closed}
    work = [_Open(hour, version) for hour, version in stored.values() if not hour.closed]
    work += [_Open(Hour(at), 0) for at in _missing(store, first, last, stored)]
    work.sort(key=lambda each: each.hour.at)
    counting = _Counting(store, now, most)
    complete = counting.count(work)
    found.update((each.hour.at, each.hour.tallies()) for each in work)
    return Counted(dict(sorted(found.items())), complete)


def _stored(store: StateStore, first: float, last: float) -> Iterator[tuple[Hour, int]]:
    behind: tuple[float, str] | None = None
    while True:
        found = store.query(KIND, since=first, until=last, after=behind, limit=RECORDS)
        for each in found:
            hour = decode_hour(each.body)
            behind = hour.at, each.key
            yield hour, each.version
        if len(found) < RECORDS:
            return


def _missing(store: StateStore, first: float, last: float, stored: Mapping[float, object]) -> list[float]:
    """Return the hours that have no record, from the first one on in which there is an execution."""
    missing = [at for at in _hours(first, last) if at not in stored]
    if not missing:
        return []
    oldest = store.query("execution", limit=1)
    begin = hour_of(decode_execution(oldest[0].body).at[0][1]) if oldest else inf
    return [at for at in missing if at >= begin]


def _hours(first: float, last: float) -> Iterator[float]:
    at = first
    while at <= last:
        yield at
        at += HOUR


class _Counting:
    """Brings hours up to date, and stores what is new."""

    def __init__(self, store: StateStore, now: float, most: int) -> None:
        self._store = store
        self._now = now
        self._left = most

    def count(self, work: Sequence[_Open]) -> bool:
        """Count hours, the oldest first; return whether all of them could be."""
        due = [each for each in work if self._now - each.hour.looked >= _rest(each.hour)]
        self._look_again(due)
        whole = [self._read(stretch) for stretch in _stretches(due)]
        self._keep(due)
        return all(whole)

    def _look_again(self, work: Sequence[_Open]) -> None:
        """Look at the executions that had not ended."""
        named = [(each, name) for each in work for name in each.hour.open][: self._left]
        stored = self._store.get([header_key(name) for _, name in named]) if named else []
        self._left -= len(named)
        for (each, name), found in zip(named, stored, strict=True):
            each.cost += 1
            if found is None:  # removed before its end was seen
                del each.hour.open[name]
                each.new += 1
                continue
            header = decode_execution(found.body)
            if header.state.is_terminal:
                del each.hour.open[name]
                _count(each.hour.flows, header)
                each.new += 1
            else:
                each.hour.open[name].state = str(header.state)

    def _read(self, stretch: Sequence[_Open]) -> bool:
        """Read the executions of consecutive hours that were not looked at; return whether that was all of them."""
        by_hour = {each.hour.at: each for each in stretch}
        first, until = stretch[0].hour, nextafter(stretch[-1].hour.at + HOUR, 0.0)
        behind, reached, whole = first.behind, first.at, False
        if self._left > 0:
            for each in stretch:
                each.hour.young = {}
        while not whole and self._left > 0:
            found = self._store.query("execution", since=first.at, until=until, after=behind, limit=BATCH)
            whole = len(found) < BATCH
            self._left -= len(found)
            for stored in found:
                header = decode_execution(stored.body)
                behind = header.at[0][1], stored.key
                reached = hour_of(behind[0])
                self._add(by_hour[reached], header, behind)
        for each in stretch:
            if each.hour.at + HOUR + SETTLED <= self._now and (whole or each.hour.at < reached):
                each.hour.done = True
                each.new += WORTH
        return whole

    def _add(self, each: _Open, header: Execution, place: tuple[float, str]) -> None:
        each.cost += 1
        hour = each.hour
        if place[0] > self._now - SETTLED:
            _count(each.hour.young, header)
            return
        hour.behind = place
        each.new += 1
        if header.state.is_terminal:
            _count(hour.flows, header)
        else:
            hour.open[header.id] = Standing(flow_name(header), str(header.state))

    def _keep(self, work: Sequence[_Open]) -> None:
        """Store what is new; where another process was first, it has counted the same."""
        writes: list[Write] = []
        for each in work:
            hour = each.hour
            if each.new >= WORTH or (each.new and hour.closed) or each.cost >= COSTLY:
                hour.looked, hour.cost = self._now, each.cost
                key, body, index = hour_key(hour.at), encode_hour(hour), hour_index(hour)
                writes.append(Update(key, body, each.version, index) if each.version else Create(key, body, index))
        for first in range(0, len(writes), TOGETHER):
            some = writes[first : first + TOGETHER]
            if not self._commit(some):
                for write in some:
                    self._commit([write])

    def _commit(self, writes: Sequence[Write]) -> bool:
        try:
            self._store.commit(writes)
        except Refused:
            return False
        return True


def _rest(hour: Hour) -> float:
    """Return for how many seconds the latest look at an hour holds."""
    return hour.cost / PER_SECOND if hour.cost >= COSTLY else 0.0


def _count(tallies: Tallies, header: Execution) -> None:
    count(tallies, flow_name(header), str(header.state), duration_of(header))


def _stretches(work: Sequence[_Open]) -> Iterator[list[_Open]]:
    """Yield the hours that are not done, those together that follow one another and can be read in one go."""
    stretch: list[_Open] = []
    for each in work:
        if each.hour.done:
            continue
        if stretch and (each.hour.behind is not None or each.hour.at != stretch[-1].hour.at + HOUR):
            yield stretch
            stretch = []
        stretch.append(each)
    if stretch:
        yield stretch
