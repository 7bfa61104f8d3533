"""Breakpoints: task runs before which an execution stands still, to be looked at, until somebody lets it go on."""

from __future__ import annotations

from collections.abc import Sequence

from tiercel.errors import InputError
from tiercel.flowables.base import FlowableTask
from tiercel.model.execution import TaskRun
from tiercel.model.flow import Flow
from tiercel.model.states import State
from tiercel.planner.walk import Walk


def refuse_unknown(flow: Flow, breakpoints: Sequence[str]) -> None:
    """Refuse breakpoints at which no execution of a flow could ever stop.

    Args:
        flow: The flow.
        breakpoints: Each a task's id, or one with a loop's value: `load`, `load.2024-05`.

    Raises:
        InputError: The flow has no such task, or it runs inside a WorkingDirectory.
    """
    for each in breakpoints:
        task = each.partition(".")[0]
        node = flow.nodes.get(task)
        if node is None:
            known = ", ".join(sorted(name for name in flow.nodes if "." not in name))
            raise InputError(f"breakpoint '{each}': {flow.namespace}.{flow.id} has no task '{task}'; it has {known}")
        around = [above.id for above in node.ancestors() if not issubclass(above.plugin, FlowableTask)]
        if around:
            found = f"breakpoint '{each}': one worker runs all of '{around[0]}' without a stop"
            raise InputError(f"{found}; set the breakpoint at '{around[0]}'")


def suspend(walk: Walk, run: TaskRun) -> bool:
    """Suspend a run that was created, if a breakpoint is set at it; tell whether it is suspended.

    A run that somebody has let go on from its breakpoint does not stop there again, whatever the new ones are.
    """
    if not walk.header.breakpoints or not _is_met(walk, run):
        return False
    run.become(State.BREAKPOINT, walk.now)
    walk.header.suspended[run.key] = walk.lane.key
    walk.transition.header_changed = True
    walk.become(State.BREAKPOINT)
    return True


def _is_met(walk: Walk, run: TaskRun) -> bool:
    if len(run.at) > 1 and run.at[-2][0] is State.BREAKPOINT:
        return False
    values = [value for task, _, value in map(_cut, walk.header.breakpoints) if task == run.task]
    return "" in values or (bool(values) and _value(walk, run) in values)


def _cut(breakpoint_: str) -> tuple[str, str, str]:
    return breakpoint_.partition(".")


def _value(walk: Walk, run: TaskRun | None) -> str | None:
    """Return the value of the nearest loop around a run."""
    while run is not None:
        if run.value is not None:
            return run.value
        run = walk.scene.find(run.parent) if run.parent is not None else None
    return None
