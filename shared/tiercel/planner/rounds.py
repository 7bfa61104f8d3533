"""Loops that stay in their lane: one round after the other."""

from __future__ import annotations

from datetime import timedelta

from tiercel.errors import ExpressionError, TaskError
from tiercel.expressions import is_truthy_text
from tiercel.flowables.core import LoopUntil
from tiercel.model.execution import Frame, TaskRun, split_key
from tiercel.model.flow import MAIN, Node
from tiercel.model.messages import TaskDue
from tiercel.model.states import Level, State, seen
from tiercel.planner import geometry
from tiercel.planner.walk import Walk


def next_round(walk: Walk, frame: Frame) -> bool:
    """Begin the loop's next value, if there is one."""
    run = walk.run_of(frame)
    assert frame.round is not None
    if frame.round + 1 >= len(run.values or ()):
        return False
    frame.round += 1
    frame.index = 0
    return True


def until_round(walk: Walk, frame: Frame) -> bool:
    """Ask a LoopUntil's condition after a round; tell whether the loop goes on, or waits to go on."""
    assert frame.task is not None
    node, run = walk.flow.nodes[frame.task], walk.run_of(frame)
    try:
        task = walk.renderer.plugin(node, run)
        spent = _spent(walk, task, run)
        if spent is None and is_truthy_text(walk.renderer.text(task.condition, run)):
            return False
    except (ExpressionError, TaskError) as error:
        run.log(walk.now, Level.ERROR, walk.renderer.masked(str(error)))
        frame.seen |= seen(State.FAILED)
        return False
    if spent is not None:
        run.log(walk.now, Level.WARN, spent)
        if task.fail_on_max_reached:
            frame.seen |= seen(State.FAILED)
        return False
    _wait(walk, run, task.check_frequency.interval)
    return True


def _spent(walk: Walk, task: LoopUntil, run: TaskRun) -> str | None:
    """Return why the loop gives up, or None while it may go on."""
    frequency = task.check_frequency
    rounds = (run.outputs or {}).get("iterationCount", 1)
    if frequency.max_iterations is not None and rounds >= frequency.max_iterations:
        return f"the condition does not hold after {rounds} iterations, the most that are allowed"
    if frequency.max_duration is not None and walk.now >= run.at[0][1] + frequency.max_duration.total_seconds():
        return f"the condition does not hold after {frequency.max_duration}, the longest that is allowed"
    return None


def _wait(walk: Walk, run: TaskRun, interval: timedelta) -> None:
    """Stand still until the next round is due."""
    run.become(State.PAUSED, walk.now)
    run.due = walk.now + interval.total_seconds()
    walk.lane.current = run.key
    walk.become(State.PAUSED)
    walk.transition.send(TaskDue(walk.header.id, walk.lane.key, run.key, "interval", len(run.at)), run.due)


def round_is_due(walk: Walk, node: Node, run: TaskRun) -> None:
    """Begin the next round of a LoopUntil: the runs of the last one go."""
    frame = walk.lane.frames[-1]
    rounds = (run.outputs or {}).get("iterationCount", 1)
    run.outputs = {**(run.outputs or {}), "iterationCount": rounds + 1}
    run.become(State.RUNNING, walk.now)
    run.due = None
    if not walk.header.paused and walk.header.state is State.PAUSED:
        walk.become(walk.header.stands)
    assert run.until is not None
    _forget(walk, node, (*split_key(run.key)[1], run.until))
    run.until += 1
    frame.round, frame.index, frame.seen, frame.stopped = run.until, 0, 0, False
    walk.lane.current = None


def _forget(walk: Walk, node: Node, rounds: tuple[int, ...]) -> None:
    """Remove the runs of a LoopUntil's round: from the lane, and from the segments that no other round will use.

    The lanes of forks inside stay where they are until the execution is purged: nobody looks at an earlier round.
    """
    for key in [key for key in walk.lane.runs if split_key(key)[1][: len(rounds)] == rounds]:
        if node in walk.flow.nodes[walk.lane.runs[key].task].ancestors():
            del walk.lane.runs[key]
    for child in node.branches[MAIN]:
        segment = geometry.segment_of(child, rounds)
        if segment != geometry.segment_of(child, (*rounds[:-1], rounds[-1] + 1)):
            walk.transition.dropped.append(segment)
