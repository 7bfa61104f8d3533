"""Counted executions, as the charts draw them: from the statistics of the API, never from the executions themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tiercel.errors import NotFoundError, TiercelError
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


def totals(rows: list[dict[str, Any]]) -> dict[str, int]:
    """Return how many executions came to each state; states of none are left out."""
    found: dict[str, int] = {}
    for row in rows:
        for state, count in row["executionCounts"].items():
            if count:
                found[state] = found.get(state, 0) + count
    return found
