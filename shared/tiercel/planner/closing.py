"""What happens when a branch has been gone through: the next round, the next branch, or the end of its flowable."""

from __future__ import annotations

from tiercel.errors import ExpressionError, TaskError
from tiercel.flowables.core import LoopUntil
from tiercel.model.execution import MAIN_LANE, Frame
from tiercel.model.flow import ERRORS, FINALLY, MAIN, ON_PAUSE, is_late_branch
from tiercel.model.states import State, guess, seen
from tiercel.planner import geometry, iterations
from tiercel.planner.ending import begin_epilogue, end_execution, finish, mark_finished, next_epilogue
from tiercel.planner.openings import rest
from tiercel.planner.rounds import next_round, until_round
from tiercel.planner.walk import Walk, is_main


def close(walk: Walk, frame: Frame) -> None:
    """Close the frame's branch, of which nothing more is to run."""
    if frame.part:
        if not iterations.goes_on(walk, frame):
            walk.end_lane(frame.seen)
    elif frame.task is None and is_late_branch(frame.branch):
        _after(walk, frame)
    elif frame.branch == ON_PAUSE:
        _begin_pause(walk, frame)
    elif not _again(walk, frame) and not _next_branch(walk, frame):
        _finalise(walk, frame)


def _begin_pause(walk: Walk, frame: Frame) -> None:
    """Pause, now that the task has run which was to run before; however it ended, nobody is to miss the pause."""
    assert frame.task is not None
    node, run = walk.flow.nodes[frame.task], walk.run_of(frame)
    walk.lane.frames.pop()
    try:
        rest(walk, run, walk.renderer.plugin(node, run).open())
    except (ExpressionError, TaskError) as error:
        walk.fail(node, run, str(error))


def is_over(walk: Walk) -> bool:
    """Tell whether the execution has ended or is being killed, so that nothing more of this lane may begin."""
    state = walk.header.state
    return (state.is_terminal or state is State.KILLING) and not walk.in_epilogue()


def abandon(walk: Walk) -> None:
    """Leave what remains of a lane whose execution is over; the top level goes over to the epilogue."""
    state = State.KILLED if walk.header.state is State.KILLING else walk.header.state
    for run in walk.lane.runs.values():
        if not run.state.is_terminal:
            run.become(state, walk.now)
    walk.lane.current = walk.lane.claim = None
    if walk.lane.key != MAIN_LANE:
        walk.end_lane(seen(state))
        return
    if not walk.header.state.is_terminal:
        finish(walk, state)
    walk.lane.frames[:] = [Frame()]
    if walk.header.state is State.RETRIED:
        walk.end_lane(0)  # what runs after the end runs after the execution that takes its place
    else:
        begin_epilogue(walk, walk.lane.frames[0])


def _again(walk: Walk, frame: Frame) -> bool:
    """Begin the next round of a loop that stays in its lane; tell whether there is one, or a wait for one."""
    if frame.task is None or frame.branch != MAIN or frame.stopped:
        return False
    if walk.flow.nodes[frame.task].plugin is LoopUntil:
        return until_round(walk, frame)
    return frame.round is not None and next_round(walk, frame)


def _next_branch(walk: Walk, frame: Frame) -> bool:
    """Go over to the errors branch, or to the finally branch; tell whether there was one."""
    branches = walk.branches(frame)
    if frame.seen & seen(State.KILLED):
        return False
    if iterations.gathers(walk, frame):
        return True
    if _has_failed(walk, frame) and branches.get(ERRORS):
        walk.enter(frame, ERRORS)
        return True
    if frame.branch != FINALLY and branches.get(FINALLY):
        walk.enter(frame, FINALLY)
        return True
    return False


def _has_failed(walk: Walk, frame: Frame) -> bool:
    """Tell whether the errors branch is to follow; in a Loop, each iteration that failed has been through it."""
    if frame.task is not None and geometry.isolates(walk.flow.nodes[frame.task]):
        return False
    return is_main(frame.branch) and bool(frame.seen & seen(State.FAILED))


def _finalise(walk: Walk, frame: Frame) -> None:
    """End the frame's flowable in the state that its main tasks ask for; at the bottom, the execution."""
    state = guess(frame.seen)
    if frame.task is None:
        end_execution(walk, frame, state)
        return
    node = walk.flow.nodes[frame.task]
    walk.lane.frames.pop()
    walk.settle(node, walk.run_of(frame), state)


def _after(walk: Walk, frame: Frame) -> None:
    """After listeners or afterExecution: the next such branch, or the end of everything."""
    following = next_epilogue(walk, frame.branch)
    if following is not None:
        walk.enter(frame, following)
        return
    mark_finished(walk)
    walk.end_lane(frame.seen)
