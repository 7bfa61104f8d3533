"""The logs of all executions, or of those of one flow: the newest lines first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tiercel.ui.lists import LEVELS, SPANS, fetched, filters_of, in_words, others
from tiercel.ui.visit import Shown, Visit

EXECUTION = "filters[executionId][EQUALS]"
FIELDS = ("q", "namespace", "flowId", EXECUTION, "taskId", "triggerId", "minLevel", "timeRange")
RARE = ("startDate", "endDate", "scope")


def show(visit: Visit) -> Shown:
    """Show the lines that the address asks for."""
    return Shown("logs", "Logs", {**listed(visit), "root": "/ui/logs", "fixed": False}, section="logs")


def listed(visit: Visit, more: Sequence[tuple[str, str]] = ()) -> dict[str, Any]:
    """Return what a list of log lines shows; `more` narrows it down beside the address."""
    entries, place = fetched(visit, "/logs/search", sort="timestamp:desc", size=50, more=more)
    narrowed = [*more, *filters_of(visit)]
    return {
        "entries": entries,
        "pages": place,
        "levels": LEVELS,
        "spans": SPANS,
        "filters": narrowed,
        "words": in_words(narrowed),
        "others": others(visit, (*FIELDS, *RARE)),
        "rare": any(visit.given(name) for name in (EXECUTION, "taskId", "triggerId", *RARE)),
    }
