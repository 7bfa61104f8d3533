"""Counted executions, as the charts draw them: from the statistics of the API alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from tiercel.errors import NotFoundError, TiercelError
from tiercel.ui.asking import with_query
from tiercel.ui.formats import NOTHING
from tiercel.ui.visit import Visit


def counted(visit: Visit, path: str, body: Mapping[str, object]) -> Any:
    """Return statistics; None where this installation keeps none.

    Raises:
        TiercelError: What the route raises, but that it is not there.
    """
    try:
        return visit.api.post(path, body=dict(body))
    except TiercelError as error:
        if isinstance(error, NotFoundError) or getattr(error, "status", 0) == 404:
            return None
        raise


def executions_daily(visit: Visit, query: Mapping[str, object]) -> list[dict[str, Any]]:
    """Return rows of `/stats/executions/daily`: `{startDate, duration, executionCounts}` each."""
    found: list[dict[str, Any]] = counted(visit, "/stats/executions/daily", query) or []
    return found


DIRECT = ("q", "namespace", "flowId", "scope", "startDate", "endDate", "timeRange")
_EXACT = ("filters[namespace][EQUALS]", "filters[flowId][EQUALS]")


def sought(filters: Sequence[tuple[str, str]]) -> dict[str, object] | None:
    """Return a list's filter as statistics take it; None where they do not know something of it."""
    others = [(name, value) for name, value in filters if name != "labels"]
    given = dict(others)
    found: dict[str, object] = {name: given.pop(name) for name in DIRECT if name in given}
    if len(others) < len(filters):
        found["labels"] = [value for name, value in filters if name == "labels"]
    if "state" in given:
        found["state"] = given.pop("state").split(",")
    if all(name in given for name in _EXACT):
        namespace, flow = (given.pop(name) for name in _EXACT)
        found["flows"] = [{"namespace": namespace, "id": flow}]
    return found if not given and len(dict(others)) == len(others) else None


def chart_of(visit: Visit, filters: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Return the chart above a list: its `rows`, or a `hint` why there is none."""
    wanted = sought(filters)
    if wanted is None:
        return {
            "rows": [],
            "hint": "Executions are counted by flow, state and hour: there is no chart for this filter.",
        }
    return drawn(visit, wanted)


def drawn(visit: Visit, wanted: Mapping[str, object], path: str = "/stats/executions/daily") -> dict[str, Any]:
    """Return what a chart shows, as statistics are asked for it: its `rows`, or a `hint` why there are none."""
    try:
        return {"rows": counted(visit, path, wanted) or [], "hint": ""}
    except TiercelError as error:
        return {"rows": [], "hint": str(error)}


STEP, TALL = 8, 20
"""Units of a small chart: a day with the gap after it, and the highest bar."""


def sparks(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a small chart of the days of `rows`: `width`, `bars` (x, y, height, state), and what they say in words."""
    most = max((sum(row["executionCounts"].values()) for row in rows), default=0) or 1
    bars = []
    for place, row in enumerate(rows):
        top = float(TALL)
        for state, count in row["executionCounts"].items():
            if count:
                height = max(1.5, count / most * TALL)
                top = max(0.0, top - height)
                bars.append({"x": place * STEP, "y": round(top, 1), "height": round(height, 1), "state": state})
    said = ", ".join(f"{count} {state}" for state, count in totals(rows).items())
    return {"width": len(rows) * STEP, "bars": bars, "said": f"{len(rows)} days: {said}"}


def totals(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Return how many executions came to each state; states of none are left out."""
    found: dict[str, int] = {}
    for row in rows:
        for state, count in row["executionCounts"].items():
            if count:
                found[state] = found.get(state, 0) + count
    return found


GOOD, BAD, OTHER = ("SUCCESS", "WARNING"), ("FAILED",), ("KILLED", "CANCELLED")


def ratios(counts: Mapping[str, int], address: str) -> list[tuple[str, str, str]]:
    """Return the shares of what has ended, each a card: the figure, its text, and the list behind it.

    Args:
        counts: How many came to each state.
        address: The list of all of them; a query that it has stays.
    """
    ended = sum(counts.get(state, 0) for state in (*GOOD, *BAD, *OTHER))
    found = []
    for states, text in ((GOOD, "succeeded"), (BAD, "failed")):
        share = f"{sum(counts.get(state, 0) for state in states) / ended:.0%}" if ended else NOTHING
        path, _, query = address.partition("?")
        found.append((share, text, with_query(path, [*parse_qsl(query), ("state", ",".join(states))])))
    return found
