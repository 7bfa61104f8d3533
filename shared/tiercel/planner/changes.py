"""What tasks change about the execution itself: labels, variables, its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tiercel.errors import TaskError
from tiercel.flowables.base import Change
from tiercel.model.messages import KillExecution
from tiercel.model.states import State
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


def merged_labels(
    labels: list[tuple[str, str]], more: tuple[tuple[str, str], ...] | list[tuple[str, str]]
) -> list[tuple[str, str]]:
    """Return labels with others added; one of the same key is replaced where it stands."""
    found = dict(labels)
    found.update(more)
    return list(found.items())


def _set(variables: dict[str, Any], change: Change) -> None:
    taken = [name for name in change.set_variables or {} if name in variables]
    if taken and not change.overwrite:
        raise TaskError(f"the variable '{taken[0]}' exists already; set 'overwrite: true' to replace it")
    for name, value in (change.set_variables or {}).items():
        variables[name] = _deep_merge(variables.get(name), value)


def _deep_merge(old: object, new: object) -> object:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return {**old, **{name: _deep_merge(old.get(name), value) for name, value in new.items()}}
    return new


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


def leave(walk: Walk, state: State) -> None:
    """End the whole execution in a state: the lane's open task runs end in it too, and nothing more begins."""
    for open_run in walk.lane.runs.values():
        if not open_run.state.is_terminal:
            open_run.become(state, walk.now)
    walk.header.outputs = None
    finish(walk, state)
    walk.lane.current = None
    walk.transition.send(KillExecution(walk.header.id, cascade=False, state=state))
