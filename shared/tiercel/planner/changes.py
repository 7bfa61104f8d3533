"""What tasks change about the execution itself: labels, variables, its end."""

from __future__ import annotations

from typing import Any

from tiercel.errors import TaskError
from tiercel.flowables.base import Change
from tiercel.model.labels import merged_labels
from tiercel.model.messages import KillExecution
from tiercel.model.states import State, seen
from tiercel.model.structures import deep_merge
from tiercel.planner.ending import finish
from tiercel.planner.walk import Walk


def apply(walk: Walk, change: Change) -> None:
    """Change the execution's labels and variables.

    Raises:
        TaskError: A system label, a variable that may not be set, or one that is not there.
    """
    if change.labels:
        walk.header.labels = merged_labels(walk.header.labels, change.labels)
        walk.transition.header_changed = True
    if change.set_variables is not None or change.unset_variables:
        variables = dict(walk.header.variables if walk.header.variables is not None else walk.flow.variables or {})
        _set(variables, change)
        _unset(variables, change)
        walk.header.variables = variables
        walk.transition.header_changed = True


def _set(variables: dict[str, Any], change: Change) -> None:
    taken = [name for name in change.set_variables or {} if name in variables]
    if taken and not change.overwrite:
        raise TaskError(f"the variable '{taken[0]}' exists already; set 'overwrite: true' to replace it")
    for name, value in (change.set_variables or {}).items():
        variables[name] = deep_merge(variables.get(name), value)


def _unset(variables: dict[str, Any], change: Change) -> None:
    for path in change.unset_variables:
        *above, last = path.split(".")
        place: Any = variables
        for part in above:
            place = place.get(part) if isinstance(place, dict) else None
        if isinstance(place, dict) and last in place:
            del place[last]
        elif not change.ignore_missing:
            known = ", ".join(map(str, place)) if isinstance(place, dict) else ""
            raise TaskError(f"there is no variable '{path}' to unset; known are: {known or 'none'}")


def leave(walk: Walk, state: State, *, interrupts: bool = True, cascade: bool = False) -> None:
    """End the whole execution in a state: the lane's open task runs end in it too, and nothing more begins.

    Args:
        walk: The token that has come to the end.
        state: The state.
        interrupts: Whether what is at work in other lanes is stopped; else it goes on to its end.
        cascade: Whether the executions that this one has called are killed.
    """
    walk.end_runs(state)
    walk.header.outputs = None
    finish(walk, state)
    walk.lane.current = None
    walk.transition.send(KillExecution(walk.header.id, cascade=cascade, state=state, interrupts=interrupts))


def leave_late(walk: Walk, state: State) -> None:
    """End what this lane runs after the execution's end: the execution itself stays as it is."""
    walk.end_runs(state)
    bottom = walk.lane.frames[0]
    walk.lane.frames[:] = [bottom]
    bottom.stopped, bottom.join = True, None
    bottom.seen |= seen(state)
    walk.lane.current = None
