"""What charts show of the executions of a span: over time, by flow, by namespace. Both doors for people call these.

Promise: they read the counters (`hours.py`). The executions themselves are read, `MOST` at most, where somebody asks
for more than an hour's counter knows: of an hour or less, to cut it into minutes; of any span, to choose by labels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tiercel.model.durations import format_duration
from tiercel.model.execution import Execution, decode_execution
from tiercel.model.instants import iso
from tiercel.model.states import State
from tiercel.model.tallies import Sums, Tallies, Tally, count, duration_of, flow_name, merge_states
from tiercel.ports import StateStore, Where
from tiercel.statistics.hours import BATCH, MOST, count_hours
from tiercel.statistics.stretches import beginning, cut, kind_for

LONGEST = timedelta(days=400)
"""Of a span whose hours are counted."""

FINE = timedelta(hours=1)
"""A span up to this length is cut into minutes."""

IsMeant = Callable[[str, str], bool]
"""Tells whether a flow is meant, by its namespace and id."""


@dataclass(frozen=True)
class Chosen:
    """Executions that are told from others by what no counter knows."""

    is_meant: Callable[[Execution], bool] = lambda _header: True
    where: Where = field(default_factory=Where)
    """What holds of all of them and the index knows: fewer are read."""


@dataclass(frozen=True)
class Stretch:
    """The executions that were created in a stretch of time."""

    start: datetime
    flows: Tallies

    def tally(self) -> Tally:
        """Return them by state."""
        found: Tally = {}
        for tally in self.flows.values():
            merge_states(found, tally)
        return found


@dataclass(frozen=True)
class Series:
    """Executions over time."""

    kind: str
    """`minute`, `hour`, `day`, `week` or `month`: how long a stretch is."""
    stretches: Sequence[Stretch]
    complete: bool = True
    """False: not all of them were counted yet; who asks again has more."""

    def flows(self) -> Tallies:
        """Return the executions of the whole span by flow and state."""
        found: Tallies = {}
        for stretch in self.stretches:
            for name, tally in stretch.flows.items():
                merge_states(found.setdefault(name, {}), tally)
        return found

    def tally(self) -> Tally:
        """Return the executions of the whole span by state."""
        return Stretch(datetime.min.replace(tzinfo=UTC), self.flows()).tally()

    def of(self, flow: str) -> Series:
        """Return the series of one flow, `namespace/id`."""
        kept = [Stretch(each.start, {flow: each.flows[flow]} if flow in each.flows else {}) for each in self.stretches]
        return Series(self.kind, kept, self.complete)


def execution_series(
    store: StateStore,
    now: float,
    start: datetime,
    end: datetime,
    is_meant: IsMeant = lambda _namespace, _flow: True,
    states: Sequence[str] = (),
    kind: str = "",
    chosen: Chosen | None = None,
) -> Series:
    """Return the executions of a span over time; stretches without any are there too.

    Args:
        store: Where they are.
        now: The time, in seconds since the epoch.
        start: The span's beginning; what is cut by hours counts the whole hour in which it lies.
        end: Its end, likewise.
        is_meant: Which flows.
        states: Which states; () for all.
        kind: How long a stretch is; by the span's length where nobody says it.
        chosen: Which executions, by more than the counters know: exactly those of the span.

    Raises:
        ValueError: The span is too long, or there are too many executions to choose from.
    """
    if end - start > LONGEST:
        raise ValueError(f"{(end - start).days} days are too many, more than {LONGEST.days}")
    short = kind in ("", "minute") and end - start <= FINE
    read = _read(store, start, end, chosen) if short or chosen is not None else None
    if read is None and chosen is not None:
        raise ValueError(_TOO_MANY.format(MOST))
    kind = "minute" if short and read is not None else (kind_for(end - start) if kind in ("", "minute") else kind)
    counted = count_hours(store, now, start.timestamp(), end.timestamp()) if read is None else None
    found: dict[datetime, Tallies] = {at: {} for at in cut(kind, start, end)}
    for at, flows in (counted.hours if counted is not None else read or {}).items():
        into = found.setdefault(beginning(kind, datetime.fromtimestamp(at, UTC)), {})
        for name, tally in flows.items():
            if is_meant(*name.split("/", 1)):
                merge_states(into.setdefault(name, {}), tally, states or None)
    kept = [Stretch(at, {name: each for name, each in flows.items() if each}) for at, flows in sorted(found.items())]
    return Series(kind, kept, counted is None or counted.complete)


_TOO_MANY = (
    "labels are not counted: they are looked for in the executions themselves, and here are more than {:,}. "
    "Narrow them down by namespace, flow or state, or to a shorter time"
)


def _read(store: StateStore, start: datetime, end: datetime, chosen: Chosen | None) -> dict[float, Tallies] | None:
    """Return the executions of a span by the minute; None where they are too many to be read each time."""
    chosen = chosen or Chosen()
    where: Where = {**chosen.where, "since": start.timestamp(), "until": end.timestamp()}
    if store.count("execution", **where) > MOST:
        return None
    found: dict[float, Tallies] = {}
    behind: tuple[float, str] | None = None
    while True:
        some = store.query("execution", **where, after=behind, limit=BATCH)
        for stored in some:
            header = decode_execution(stored.body)
            at = header.at[0][1]
            behind = at, stored.key
            if chosen.is_meant(header):
                count(found.setdefault(at // 60 * 60, {}), flow_name(header), str(header.state), duration_of(header))
        if len(some) < BATCH:
            return found


# ------------------------------------------------------------------ as clients read them


def series_json(series: Series) -> list[dict[str, Any]]:
    """Return a series as `[{startDate, duration, executionCounts, groupBy}]` (api.md, 12)."""
    return [
        {
            "startDate": iso(each.start.timestamp()),
            "duration": durations(each.tally()),
            "executionCounts": counts(each.tally()),
            "groupBy": series.kind,
        }
        for each in series.stretches
    ]


def counts(tally: Tally) -> dict[str, int]:
    """Return how many executions are in each state, all states included."""
    return {str(state): tally[state].number if state in tally else 0 for state in State}


def durations(tally: Tally) -> dict[str, Any]:
    """Return how long executions took that have ended: `{min, avg, max, sum}` as ISO durations, and their `count`."""
    ended = ended_of(tally)
    mean = ended.total / ended.number if ended.number else 0.0
    found = {"min": ended.least, "avg": mean, "max": ended.most, "sum": ended.total}
    return {**{name: format_duration(timedelta(seconds=value)) for name, value in found.items()}, "count": ended.number}


def ended_of(tally: Tally) -> Sums:
    """Return the executions that have ended, together."""
    found = Sums()
    for state, sums in tally.items():
        if State(state).is_terminal:
            found.merge(sums)
    return found


def by_namespace(flows: Mapping[str, Tally]) -> dict[str, Tally]:
    """Return executions by namespace and state, the namespaces sorted."""
    found: dict[str, Tally] = {}
    for name in sorted(flows):
        merge_states(found.setdefault(name.partition("/")[0], {}), flows[name])
    return found


def flow_names(series: Series) -> Iterator[tuple[str, str]]:
    """Yield the namespace and the id of every flow of a series, sorted."""
    for name in sorted(series.flows()):
        namespace, _, flow_id = name.partition("/")
        yield namespace, flow_id
