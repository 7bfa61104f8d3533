"""The list of executions."""

from __future__ import annotations

from typing import Any

from tiercel.ui.lists import SPANS, STATES, fetched, filters_of, in_words
from tiercel.ui.visit import Shown, Visit

BULK = (
    ("restart", "POST", "again", "Restart", "restarted"),
    ("replay", "POST", "copy", "Replay", "replayed"),
    ("kill", "DELETE", "stop", "Kill", "killed"),
    ("pause", "POST", "pause", "Pause", "paused"),
    ("resume", "POST", "play", "Resume", "resumed"),
    ("unqueue", "POST", "right", "Unqueue", "taken out of the queue"),
    ("force-run", "POST", "bolt", "Force run", "forced to run"),
)
"""What can be done to many: verb, method, icon, button, and what is said afterwards."""


def show(visit: Visit) -> Shown:
    """Show the executions that the address asks for."""
    return Shown("executions", "Executions", listed(visit), section="executions")


def listed(visit: Visit, more: tuple[tuple[str, str], ...] = ()) -> dict[str, Any]:
    """Return what a list of executions shows; `more` narrows it down beside the address."""
    narrowed = [*more, *filters_of(visit)]
    found, place = fetched(visit, "/executions/search", sort="state.startDate:desc", more=more)
    return {
        "executions": found,
        "pages": place,
        "filters": narrowed,
        "words": in_words(narrowed),
        "bulk": BULK,
        "states": [(state, state.lower()) for state in STATES],
        "spans": SPANS,
        "own": dict(more),
        "root": f"/ui/{visit.where}",
    }
