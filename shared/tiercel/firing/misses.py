"""Windows of Flow triggers that have ended: one in which something is missing makes an execution that has failed.

Promise: a window is judged once, whoever looks, for the execution's id follows from the trigger and the window, and it
is stored with the record that names the next one. A window that began before the trigger was there, or was enabled, is
not judged; of several that ended while nobody looked, the latest is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from tiercel.errors import ExpressionError
from tiercel.firing.occurrences import Declared, Keeper
from tiercel.model.ids import derived_id
from tiercel.ports import Refused
from tiercel.starts import Manner
from tiercel.triggerrecords import GRACE, TriggerState, moment, state_write
from tiercel.triggers.base import label_texts
from tiercel.triggers.flow import Flow as FlowTrigger
from tiercel.triggers.flow import Gathering
from tiercel.triggers.schedule import zoned_text
from tiercel.triggerstates import windows

_AFTER = timedelta(milliseconds=1)


def judge(keeper: Keeper, declared: Declared, state: TriggerState, version: int, now: float) -> None:
    """Judge the window that has ended; store when the next one is judged.

    Raises:
        Refused: Somebody else has changed the record.
    """
    trigger = declared.trigger
    assert isinstance(trigger, FlowTrigger)
    watched = trigger.watched()
    assert watched is not None
    assert state.next is not None
    own = watched.window.span(moment(round(state.next - GRACE, 3)))
    first, last = max(own, watched.window.latest(moment(now - GRACE)))
    following = watched.window.following(last + _AFTER)
    state.date, state.evaluated, state.next = last.timestamp(), now, following[1].timestamp() + GRACE
    window = windows.load(keeper.lanes.store, declared.flow, state.trigger, watched.id).window
    if windows.is_met(window, last) or not _fail(
        keeper, declared, state, version, _reason(watched, window, first, last)
    ):
        keeper.states.save(state, version, wake=False)
    keeper.states.flows.alarm.ring(state.due)


def _fail(keeper: Keeper, declared: Declared, state: TriggerState, version: int, reason: str) -> bool:
    """Make the execution that says what has not happened; False where it was there already.

    Raises:
        Refused: Somebody else has changed the record.
    """
    assert state.date is not None
    before, state.triggered = state.triggered, state.evaluated
    execution = derived_id("missed", state.namespace, state.flow_id, state.trigger, f"{state.date:.3f}")
    manner = Manner(labels=_labels(keeper, declared), also=[state_write(state, version)])
    try:
        declared.start(keeper.starter, manner).failed({"date": zoned_text(moment(state.date))}, execution, reason)
    except Refused as refused:
        if refused.key == state.key:
            raise
        state.triggered = before
        return False
    return True


def _labels(keeper: Keeper, declared: Declared) -> Sequence[tuple[str, str]]:
    """Return the labels that `onMiss` gives; none where they cannot be rendered."""
    try:
        rendered = declared.start(keeper.starter, Manner()).sight.rendered(FlowTrigger)
    except ExpressionError:
        return []
    return [] if rendered.on_miss is None else label_texts(rendered.on_miss.labels)


def _reason(watched: Gathering, window: windows.Window, first: datetime, last: datetime) -> str:
    """Say what has not happened."""
    held = window.held if abs(window.end - last.timestamp()) < 0.5 else []
    missing = ", ".join(watched.titles.get(name, name) for name in watched.entries if name not in held)
    count = f"{len(held)} of the {watched.needed or len(watched.entries)} that are needed"
    return (
        f"the window from {zoned_text(first)} to {zoned_text(last)} has ended with {count}; not seen in it: {missing}"
    )
