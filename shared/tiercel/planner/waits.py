"""The ends of waits: a retry, a loop's interval or a pause is due, or somebody lets a paused task go on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tiercel.errors import ExpressionError, TaskError
from tiercel.model.execution import Frame, TaskRun
from tiercel.model.flow import MAIN, Node
from tiercel.model.instants import iso
from tiercel.model.messages import ResumeTask, TaskDue
from tiercel.model.states import Level, State
from tiercel.planner.changes import leave
from tiercel.planner.closing import is_over
from tiercel.planner.plan import begin, go, leave_run
from tiercel.planner.rounds import round_is_due
from tiercel.planner.transition import Work
from tiercel.planner.walk import Walk

ANONYMOUS = "anonymous"
"""Who resumed a task, where nobody is known by a name."""


def task_due(walk: Walk, message: TaskDue) -> Work | None:
    """Fold a wait that is over; a wait that was overtaken changes nothing."""
    run = walk.lane.runs.get(message.run)
    if run is None or walk.lane.current != run.key or len(run.at) != message.number:
        return None
    if is_over(walk):
        return leave_run(walk)
    node = walk.flow.nodes[run.task]
    if message.why == "retry":
        return _try_again(walk, node, run)
    if message.why == "interval":
        round_is_due(walk, node, run)
        return go(walk)
    return _pause_is_over(walk, node, run, message.why)


def _try_again(walk: Walk, node: Node, run: TaskRun) -> Work | None:
    run.become(State.CREATED, walk.now)
    run.due = None
    if walk.header.state is State.RETRYING:
        walk.become(walk.header.stands)
    return begin(walk, node, run) or go(walk)


def _pause_is_over(walk: Walk, node: Node, run: TaskRun, why: str) -> Work | None:
    state, outputs = State.FAILED, None
    if why == "pause":
        try:
            state = walk.renderer.plugin(node, run).open().then
            outputs = _resumed(walk, state)
        except (ExpressionError, TaskError) as error:
            run.log(walk.now, Level.ERROR, walk.renderer.masked(str(error)))
    else:
        run.log(walk.now, Level.ERROR, "Timeout: nobody resumed the task in time")
    return unpause(walk, node, run, state, outputs)


def _resumed(walk: Walk, state: State, by: str | None = None) -> dict[str, Any]:
    """Return the outputs that say when, in which state and by whom a pause ended: by nobody when its time was over."""
    found = {"on": iso(walk.now), "to": str(state)}
    return {"resumed": found if by is None else {"by": by, **found}}


def unpause(walk: Walk, node: Node, run: TaskRun, state: State, outputs: Mapping[str, Any] | None) -> Work | None:
    """Let a paused run go on, and end in the given state."""
    walk.header.paused.pop(run.key, None)
    walk.transition.header_changed = True
    if outputs is not None:
        run.outputs = {**(run.outputs or {}), **outputs}
    if state is State.CANCELLED:
        leave(walk, state, interrupts=False)
        return None
    if not walk.header.paused and walk.header.state is State.PAUSED:
        walk.become(State.RESTARTED)
        walk.become(walk.header.stands)
    if state in (State.SUCCESS, State.WARNING):
        run.become(State.RUNNING, walk.now)
        if node.branches.get(MAIN):
            walk.push(Frame(node.id))
            return go(walk)
    walk.settle(node, run, state)
    return go(walk)


def task_resumed(walk: Walk, message: ResumeTask) -> Work | None:
    """Fold somebody's word that a paused run may go on."""
    run = walk.lane.runs.get(message.run)
    if run is None or run.state is not State.PAUSED or message.run not in walk.header.paused:
        return None
    if is_over(walk):
        return leave_run(walk)
    outputs = {**(message.outputs or {}), **_resumed(walk, message.state, message.by or ANONYMOUS)}
    return unpause(walk, walk.flow.nodes[run.task], run, message.state, outputs)
