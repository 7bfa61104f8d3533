"""Statistics of executions (api.md, 12), from the counters that are kept by hour, flow and state.

Who asks for labels has the executions of the span read, 20,000 at most: the counters do not know them. Task runs and
log lines are read too (`inside.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from tiercel.api.bodies import read_json, read_json_if_any
from tiercel.api.calls import Call
from tiercel.api.executions.reading import LATEST, FlowName, latest_of
from tiercel.api.executions.searching import EXECUTIONS
from tiercel.api.failures import UnprocessableError
from tiercel.api.filters import read_filter
from tiercel.api.matching import is_within, scope_of
from tiercel.api.parameters import read_date
from tiercel.api.routing import routes
from tiercel.errors import TransientError
from tiercel.model.durations import parse_duration
from tiercel.model.states import State
from tiercel.ports import Where
from tiercel.statistics.series import (
    Chosen,
    Series,
    by_namespace,
    counts,
    execution_series,
    flow_names,
    series_json,
)
from tiercel.statistics.stretches import span

JSON = "application/json"
BY_DEFAULT = timedelta(days=30)


class Sought(msgspec.Struct, forbid_unknown_fields=True):
    """Which executions are counted."""

    q: str | None = None
    """A part of the flow's namespace or id."""
    scope: str | list[str] | None = None
    namespace: str | None = None
    """This one and those below it."""
    flowId: str | None = None  # noqa: N815 - as clients write it
    startDate: str | None = None  # noqa: N815
    endDate: str | None = None  # noqa: N815
    timeRange: str | None = None  # noqa: N815
    state: str | list[str] | None = None
    flows: list[FlowName] | None = None
    """Only these."""
    labels: str | list[str] | None = None
    """`key:value`, or `key` alone; all of them."""


class Summed(msgspec.Struct, forbid_unknown_fields=True):
    """What is summed up."""

    namespace: str | None = None


class Flows(msgspec.Struct, forbid_unknown_fields=True):
    """Flows that are named."""

    flows: list[FlowName]


@routes.route("POST", "/stats/summary", body=JSON, shape=Summed)
def summary(call: Call) -> object:
    """Return how many flows there are, and how many triggers they have."""
    where = read_json_if_any(call, Summed).namespace
    records = [each for each in call.site.parts.flows.all() if not where or is_within(each.namespace, where)]
    return {"flows": len(records), "triggers": sum(len(each.triggers) for each in records)}


def read_series(call: Call, sought: Sought) -> Series:
    """Return the executions that are asked for, over time.

    Raises:
        UnprocessableError: A value cannot be read, the span is too long, or labels are asked of too many executions.
        TransientError: They are so many that they could not all be counted by now.
    """
    now, store = call.site.parts.lanes.now(), call.site.parts.store
    try:
        start, end = read_span(sought, now)
        states = states_of(sought)
        found = execution_series(store, now, start, end, meant(sought), states, chosen=_chosen(sought, states))
    except ValueError as error:
        raise UnprocessableError(str(error)) from None
    if not found.complete:
        raise TransientError("the executions of this span are still being counted; ask again in a moment")
    return found


def read_span(sought: Sought, now: float) -> tuple[datetime, datetime]:
    """Return the span that is asked for, thirty days by default.

    Raises:
        ValueError: A date cannot be read, or the span is out of range.
    """
    return span(_date(sought.startDate), _date(sought.endDate), now, _length(sought))


def _date(text: str | None) -> datetime | None:
    return read_date(text) if text else None


def _length(sought: Sought) -> timedelta:
    if not sought.timeRange:
        return BY_DEFAULT
    if sought.startDate:
        raise ValueError("timeRange and startDate exclude one another: give one of them")
    return parse_duration(sought.timeRange)


def listed(value: str | list[str] | None) -> list[str]:
    """Return what may be given alone, or as several."""
    return [value] if isinstance(value, str) else value or []


def states_of(sought: Sought) -> list[str]:
    """Return the states that are asked for; none for all.

    Raises:
        ValueError: One of them is no state.
    """
    found = listed(sought.state)
    for state in found:
        if state not in frozenset(State):
            raise ValueError(f"state is '{state}', wanted one of {', '.join(State)}")
    return found


def _chosen(sought: Sought, states: Sequence[str]) -> Chosen | None:
    """Return which executions are to be read; None where the counters know."""
    labels = [each for each in listed(sought.labels) if each]
    if not labels:
        return None
    where: Where = {"within": sought.namespace or None, "flow_id": sought.flowId or None}
    if sought.flows is not None and len(sought.flows) == 1 and not sought.flowId:
        where |= {"namespace": sought.flows[0].namespace, "flow_id": sought.flows[0].id}
    return Chosen(EXECUTIONS.test(read_filter({"labels": labels}, 0.0)), {**where, "states": tuple(states)})


def meant(sought: Sought) -> Callable[[str, str], bool]:
    """Return what tells whether a flow is meant, by its namespace and id.

    Raises:
        ValueError: A scope is none.
    """
    scopes, part = listed(sought.scope), (sought.q or "").lower()
    for scope in scopes:
        if scope not in ("USER", "SYSTEM"):
            raise ValueError(f"scope is '{scope}', wanted USER or SYSTEM")
    named = None if sought.flows is None else {(each.namespace, each.id) for each in sought.flows}

    def is_meant(namespace: str, flow: str) -> bool:
        return (
            (not sought.namespace or is_within(namespace, sought.namespace))
            and sought.flowId in (None, "", flow)
            and (not scopes or scope_of(namespace) in scopes)
            and part in f"{namespace}.{flow}".lower()
            and (named is None or (namespace, flow) in named)
        )

    return is_meant


@routes.route("POST", "/stats/executions/daily", body=JSON, shape=Sought)
def executions_over_time(call: Call) -> object:
    """Return executions over time, by state."""
    return series_json(read_series(call, read_json_if_any(call, Sought)))


@routes.route("POST", "/stats/executions/daily/group-by-flow", body=JSON, shape=Sought)
def executions_by_flow(call: Call) -> object:
    """Return executions over time, by namespace, flow and state."""
    series = read_series(call, read_json_if_any(call, Sought))
    found: dict[str, dict[str, Any]] = {}
    for namespace, flow in flow_names(series):
        found.setdefault(namespace, {})[flow] = series_json(series.of(f"{namespace}/{flow}"))
    return found


@routes.route("POST", "/stats/executions/daily/group-by-namespace", body=JSON, shape=Sought)
def executions_by_namespace(call: Call) -> object:
    """Return executions by namespace and state."""
    flows = read_series(call, read_json_if_any(call, Sought)).flows()
    return {
        namespace: {"counts": counts(tally), "total": sum(each.number for each in tally.values())}
        for namespace, tally in by_namespace(flows).items()
    }


@routes.route("POST", "/stats/executions/latest/group-by-flow", body=JSON, shape=Flows)
def latest_by_flow(call: Call) -> object:
    """Return the latest execution of each flow that is named; those that have none are left out."""
    names = read_json(call, Flows).flows
    if len(names) > LATEST:
        raise UnprocessableError(f"{len(names)} flows are named, more than {LATEST}")
    return latest_of(call, names)
