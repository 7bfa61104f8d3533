"""The triggers of all flows: when each is to fire next, and which need a hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tiercel.ui import formats
from tiercel.ui.lists import fetched, filters_of, in_words, others
from tiercel.ui.visit import Shown, Visit

LATE = 120.0
"""Seconds after its date from which a trigger counts as late: it is looked at every minute."""

HELD = 600.0
"""Seconds after which an evaluation that has not ended counts as stuck."""


FIELDS = ("q", "namespace", "flowId", "filters[type][CONTAINS]")


@dataclass(frozen=True)
class Alarm:
    """What is wrong with a trigger, and what helps."""

    what: str
    remedy: str
    """In words, as a button has it."""
    method: str
    verb: str
    """What the remedy asks of the API, below the trigger's address."""
    done: str
    """What is said afterwards."""


GONE = Alarm("no flow declares it any more", "Delete", "DELETE", "", "It is deleted.")
HUNG = Alarm("its evaluation began long ago and has not ended", "Unlock", "POST", "/unlock", "It is unlocked.")
PASSED = Alarm("its date has passed", "Restart", "POST", "/restart", "It begins again with its next date.")


def show(visit: Visit) -> Shown:
    """Show the triggers that the address asks for."""
    found, place = fetched(visit, "/triggers/search", sort="nextExecutionDate:asc")
    rows = [
        {"state": each["state"], "declared": each.get("trigger"), "alarm": alarm(each, visit.now)} for each in found
    ]
    narrowed = filters_of(visit)
    values = {
        "rows": rows,
        "pages": place,
        "words": in_words(narrowed),
        "filters": narrowed,
        "others": others(visit, FIELDS),
    }
    return Shown("triggers", "Triggers", values, section="triggers")


def alarm(each: Mapping[str, Any], now: float) -> Alarm | None:
    """Return what is wrong with a trigger and the remedy; None for nothing."""
    state = each["state"]
    if not each.get("trigger"):
        return GONE
    if state["disabled"]:
        return None
    evaluating = formats.moment_of(state.get("evaluateRunningDate") or "")
    if evaluating is not None and evaluating.timestamp() < now - HELD:
        return HUNG
    following = formats.moment_of(state.get("nextExecutionDate") or "")
    if following is not None and following.timestamp() < now - LATE and not state.get("locked"):
        return PASSED
    return None
