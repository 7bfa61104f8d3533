"""The triggers of all flows: when each is to fire next, and which need a hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tiercel.ui import formats
from tiercel.ui.lists import fetched, filters_of, in_words
from tiercel.ui.visit import Shown, Visit

LATE = 120.0
"""Seconds after its date from which a trigger counts as late: it is looked at every minute."""

HELD = 600.0
"""Seconds after which an evaluation that has not ended counts as stuck."""


def show(visit: Visit) -> Shown:
    """Show the triggers that the address asks for."""
    found, place = fetched(visit, "/triggers/search", sort="nextExecutionDate:asc")
    rows = [
        {"state": each["state"], "declared": each.get("trigger"), "alarm": alarm(each, visit.now)} for each in found
    ]
    narrowed = filters_of(visit)
    values = {"rows": rows, "pages": place, "words": in_words(narrowed), "filters": narrowed}
    return Shown("triggers", "Triggers", values, section="triggers")


def alarm(each: Mapping[str, Any], now: float) -> tuple[str, str] | None:
    """Return what is wrong with a trigger and the remedy; None for nothing."""
    state = each["state"]
    if not each.get("trigger"):
        return "no flow declares it any more", "delete it"
    if state["disabled"]:
        return None
    evaluating = formats.moment_of(state.get("evaluateRunningDate") or "")
    if evaluating is not None and evaluating.timestamp() < now - HELD:
        return "its evaluation began long ago and has not ended", "unlock it"
    following = formats.moment_of(state.get("nextExecutionDate") or "")
    if following is not None and following.timestamp() < now - LATE and not state.get("locked"):
        return "its date has passed", "see whether the scheduler runs, then restart it"
    return None
