"""The end of an execution: its final state, its outputs, and what may still run after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tiercel.conditions import Asked, all_hold
from tiercel.errors import ExpressionError, InputError, TiercelError
from tiercel.inputs import convert_output
from tiercel.model.execution import Frame, LogLine, current, refuse_large
from tiercel.model.flow import AFTER
from tiercel.model.messages import ExecutionEnded, ExecutionFinished
from tiercel.model.states import Level, State
from tiercel.planner.walk import Walk


def end_execution(walk: Walk, frame: Frame, state: State) -> None:
    """Give the execution its outputs and its final state, then go over to what runs after it."""
    try:
        outputs = flow_outputs(walk)
    except (ExpressionError, InputError, TiercelError) as error:
        reason = walk.renderer.masked(f"the flow's outputs cannot be made: {error}")
        walk.header.logs.append(LogLine(walk.now, Level.ERROR, reason))
        outputs, state = None, State.FAILED
    walk.header.outputs = outputs
    finish(walk, state)
    begin_epilogue(walk, frame)


def begin_epilogue(walk: Walk, frame: Frame) -> None:
    """Go over to the listeners and afterExecution, or end the lane when there is nothing of the kind."""
    frame.seen = 0
    following = next_epilogue(walk, "")
    if following is not None:
        walk.enter(frame, following)
    else:
        mark_finished(walk)
        walk.end_lane(0)


def mark_finished(walk: Walk) -> None:
    """Say that nothing more of the execution will run; where its end was told before, what it locks must hear it."""
    walk.header.finished = True
    walk.transition.header_changed = True
    told = any(isinstance(message, ExecutionEnded) for message, _ in walk.transition.messages)
    if walk.header.trigger is not None and not told:
        walk.transition.send(ExecutionFinished(walk.header.id))


def finish(walk: Walk, state: State) -> None:
    """Put the execution into its final state and tell everybody."""
    walk.header.paused.clear()
    walk.header.suspended.clear()
    walk.header.resting = False
    walk.become(state)
    walk.transition.send(ExecutionEnded(walk.header.id))


def flow_outputs(walk: Walk) -> dict[str, object] | None:
    """Return the flow's outputs, rendered and converted; None when it declares none."""
    if not walk.flow.outputs:
        return None
    found: dict[str, object] = {}
    for output in walk.flow.outputs:
        try:
            value = walk.renderer.typed(output.value, None)
        except ExpressionError:
            if getattr(output, "required", True):
                raise
            value = None
        found[output.id] = convert_output(output, value, walk.renderer.means())
    refuse_large(found, "the outputs", "put large data into a file and give its URI")
    return found


def next_epilogue(walk: Walk, after: str) -> str | None:
    """Return the branch that runs after the execution and after the given one: listeners first, then afterExecution."""
    names = [listener.branch for listener in walk.flow.listeners]
    begin = names.index(after) + 1 if after in names else (0 if after == "" else len(names))
    for listener in walk.flow.listeners[begin:]:
        if walk.flow.branches.get(listener.branch) and _holds(walk, listener.conditions):
            return listener.branch
    if after != AFTER and walk.flow.branches.get(AFTER):
        return AFTER
    return None


def _holds(walk: Walk, conditions: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether a listener's conditions hold for the execution that has ended; one in doubt does not."""

    def render(value: object, extra: Mapping[str, object] | None = None) -> object:
        return walk.renderer.deep(value, None, extra)

    flow = walk.flow
    try:
        return all_hold(
            conditions,
            Asked(flow.namespace, flow.id, render, walk.header, lambda: current(walk.scene.everything()).values()),
        )
    except ExpressionError as error:
        reason = walk.renderer.masked(f"the conditions of a listener cannot be judged: {error}")
        walk.header.logs.append(LogLine(walk.now, Level.WARN, reason))
        walk.transition.header_changed = True
        return False
