"""The list of executions."""

from __future__ import annotations

from typing import Any

from tiercel.model.states import TERMINAL
from tiercel.ui.counting import chart_of
from tiercel.ui.lists import CAUSES, SPANS, STATES, fetched, filters_of, in_words, others
from tiercel.ui.visit import Shown, Visit

BULK = (
    ("restart", "POST", "again", "Restart", "restarted", ""),
    ("replay", "POST", "copy", "Replay", "replayed", ""),
    ("kill", "DELETE", "stop", "Kill", "killed", ""),
    ("pause", "POST", "pause", "Pause", "paused", ""),
    ("resume", "POST", "play", "Resume", "resumed", ""),
    ("unqueue", "POST", "right", "Unqueue", "taken out of the queue", ""),
    ("force-run", "POST", "bolt", "Force run", "forced to run", ""),
    ("change-status", "POST", "edit", "Change state", "changed", "newStatus"),
)
"""What can be done to many: verb, method, icon, button, what is said afterwards, and the field that it takes."""

ENDS = tuple(state for state in STATES if state in TERMINAL)
"""States that can be given to an execution by hand."""

FIELDS = ("q", "namespace", "flowId", "state", "timeRange", "labels", "childFilter", "scope", "triggerExecutionId")
DATES = ("startDate", "endDate")


def show(visit: Visit) -> Shown:
    """Show the executions that the address asks for."""
    return Shown("executions", "Executions", listed(visit, charted=True), section="executions")


def listed(visit: Visit, more: tuple[tuple[str, str], ...] = (), *, charted: bool = False) -> dict[str, Any]:
    """Return what a list of executions shows; `more` narrows it down beside the address."""
    narrowed = [*more, *filters_of(visit)]
    found, place = fetched(visit, "/executions/search", sort="state.startDate:desc", more=more)
    return {
        "executions": found,
        "pages": place,
        "filters": narrowed,
        "words": in_words(narrowed),
        "tasks": visit.api.post("/executions/tasks", body=[each["id"] for each in found]) if found else {},
        "chart": chart_of(visit, narrowed) if charted else None,
        "link": visit.here(page=None, sort=None),
        "bulk": BULK,
        "ends": ENDS,
        "causes": CAUSES,
        "others": others(visit, (*FIELDS, *DATES)),
        "rare": any(visit.given(name) for name in (*FIELDS[6:], *DATES)),
        "states": [(state, state.lower()) for state in STATES],
        "spans": SPANS,
        "own": dict(more),
        "root": f"/ui/{visit.where}",
    }
