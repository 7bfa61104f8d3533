"""What follows when the branches of a fork end: the next ones, or the way on behind the join."""

from __future__ import annotations

from tiercel.flowables.foreachitem import ForEachItemExecutable
from tiercel.model.execution import BranchEnd, Frame, Join, TaskRun
from tiercel.model.messages import StopBranches
from tiercel.model.states import State, seen
from tiercel.planner import batches, geometry, iterations
from tiercel.planner.closing import is_over
from tiercel.planner.openings import is_graph, start_ready
from tiercel.planner.plan import go
from tiercel.planner.transition import Work
from tiercel.planner.walk import FAILING, Walk


def branch_ended(walk: Walk, key: str, branch: int, mask: int) -> Work | None:
    """Fold the end of a branch that the parent's lane counts."""
    found = _joining(walk, key)
    if found is None or branch not in found[1].active:
        return None
    frame, join, run = found
    node = walk.flow.nodes[run.task]
    join.active.remove(branch)
    if is_graph(node):
        join.ended.append(branch)
    if geometry.isolates(node):
        iterations.break_off(walk, node, run, join, branch)
        mask = iterations.end_one(node, run, mask)
    if join.fail_fast and frame.stopped:
        mask &= ~seen(State.KILLED)  # it was ended because another one failed, and that is what counts
    frame.seen |= mask
    if join.fail_fast and mask & FAILING and join.active and not frame.stopped:
        walk.transition.send(StopBranches(walk.header.id, walk.lane.key, key))
    frame.stopped = frame.stopped or bool(mask & FAILING) or is_over(walk)
    if not frame.stopped:
        start_ready(walk, node, run, join)
    if geometry.isolates(node):
        iterations.note_running(run, len(join.active))
    return None if join.active else _joined(walk, frame)


def join_closed(walk: Walk, key: str, end: BranchEnd) -> Work | None:
    """Fold the end of a fork whose branches were counted by leaves."""
    found = _joining(walk, key)
    if found is None:
        return None
    frame, _, run = found
    frame.seen |= _states(walk, run, end)
    return _joined(walk, frame)


def _states(walk: Walk, run: TaskRun, end: BranchEnd) -> int:
    """Return the states in which branches ended, as far as they concern their fork; it takes down their number."""
    node = walk.flow.nodes[run.task]
    if geometry.isolates(node):
        return iterations.end_all(node, run, end.counts, end.seen)
    return batches.end(walk, run, end.counts, end.seen) if node.plugin is ForEachItemExecutable else end.seen


def _joining(walk: Walk, key: str) -> tuple[Frame, Join, TaskRun] | None:
    """Return the fork at which the lane waits, if it is this one."""
    frame = walk.lane.frames[-1]
    run = walk.lane.runs.get(key)
    if frame.join is None or run is None or walk.lane.current != key or walk.lane.ended:
        return None
    return frame, frame.join, run


def _joined(walk: Walk, frame: Frame) -> Work | None:
    frame.join = None
    frame.stopped = True  # nothing of the main branch is left to start
    walk.lane.current = None
    return go(walk)
