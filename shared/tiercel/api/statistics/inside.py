"""Task runs and log lines over time (api.md, 12): nobody counts them, so the executions of the span are read.

Promise: one request reads `MOST_READ` executions at most, those that were created in the span.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tiercel.api.bodies import read_json_if_any
from tiercel.api.calls import Call
from tiercel.api.executions.loglines import entries
from tiercel.api.executions.searching import EXECUTIONS, headers
from tiercel.api.failures import UnprocessableError
from tiercel.api.filters import read_filter
from tiercel.api.routing import routes
from tiercel.api.statistics.stats import JSON, Sought, listed, meant, read_span, states_of
from tiercel.model.execution import Execution
from tiercel.model.instants import iso
from tiercel.model.states import Level
from tiercel.model.tallies import Tallies, count, flow_name
from tiercel.ports import Where
from tiercel.statistics.series import Series, Stretch, series_json
from tiercel.statistics.stretches import beginning, cut, kind_for

MOST_READ = 1_000
"""Executions whose task runs and lines one request counts (docs/limits.md)."""


class SoughtLines(Sought):
    """Which log lines are counted."""

    logLevel: str | None = None  # noqa: N815 - as clients write it
    """Those of this level at least."""


@dataclass(frozen=True)
class Inside:
    """The executions of a span, and the stretches into which it is cut."""

    kind: str
    stretches: list[datetime]
    executions: Iterator[Execution]

    def stretch(self, at: float) -> datetime:
        """Return the stretch in which a time lies; the last one for what came after the span."""
        return min(beginning(self.kind, datetime.fromtimestamp(at, UTC)), self.stretches[-1])


def _inside(call: Call, sought: Sought) -> Inside:
    """Return the executions that are asked for, by flow, labels and dates.

    Raises:
        ValueError: A value cannot be read, or the span is out of range.
        UnprocessableError: They are too many to be read.
    """
    start, end = read_span(sought, call.site.parts.lanes.now())
    kind, is_meant = kind_for(end - start), meant(sought)
    has_labels = EXECUTIONS.test(read_filter({"labels": [each for each in listed(sought.labels) if each]}, 0.0))
    index: Where = {
        "within": sought.namespace or None,
        "flow_id": sought.flowId or None,
        "since": start.timestamp(),
        "until": end.timestamp(),
    }
    store = call.site.parts.store
    if store.count("execution", **index) > MOST_READ:
        raise UnprocessableError(
            "task runs and log lines are not counted: their executions are read, and here are more than "
            f"{MOST_READ:,}. Narrow them down by namespace or flow, or to a shorter time"
        )
    found = headers(store, index, newest_first=False)
    chosen = (each for each in found if is_meant(each.namespace, each.flow_id) and has_labels(each))
    return Inside(kind, cut(kind, start, end), chosen)


@routes.route("POST", "/stats/taskruns/daily", body=JSON, shape=Sought)
def taskruns_over_time(call: Call) -> object:
    """Return task runs over time, by their states: those of the executions that were created in the span."""
    sought = read_json_if_any(call, Sought)
    try:
        inside, states = _inside(call, sought), states_of(sought)
    except ValueError as error:
        raise UnprocessableError(str(error)) from None
    found: dict[datetime, Tallies] = {at: {} for at in inside.stretches}
    for header in inside.executions:
        for run in call.site.parts.view.runs(header, None):
            state, began, last = run.state, run.at[0][1], run.at[-1][1]
            if not states or state in states:
                took = max(last - began, 0.0) if state.is_terminal else 0.0
                count(found[inside.stretch(began)], flow_name(header), str(state), took)
    return series_json(Series(inside.kind, [Stretch(at, flows) for at, flows in found.items()]))


@routes.route("POST", "/stats/logs/daily", body=JSON, shape=SoughtLines)
def logs_over_time(call: Call) -> object:
    """Return log lines over time, by level: those of the executions that were created in the span."""
    sought = read_json_if_any(call, SoughtLines)
    try:
        inside, states, least = _inside(call, sought), states_of(sought), _least(sought)
    except ValueError as error:
        raise UnprocessableError(str(error)) from None
    found = {at: dict.fromkeys(map(str, Level), 0) for at in inside.stretches}
    for header in inside.executions:
        if not states or header.state in states:
            for entry in entries(call.site.parts.view, header, None):
                if entry.line.level.rank >= least:
                    found[inside.stretch(entry.line.at)][str(entry.line.level)] += 1
    return [_counted(at, counts, inside.kind) for at, counts in found.items()]


def _least(sought: SoughtLines) -> int:
    if sought.logLevel and sought.logLevel not in frozenset(Level):
        raise ValueError(f"logLevel is '{sought.logLevel}', wanted one of {', '.join(Level)}")
    return Level(sought.logLevel).rank if sought.logLevel else 0


def _counted(at: datetime, counts: dict[str, int], kind: str) -> dict[str, Any]:
    return {"timestamp": iso(at.timestamp()), "counts": counts, "groupBy": kind}
