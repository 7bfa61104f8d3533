"""What is left when somebody ends a lane, or an execution, before its time."""

from __future__ import annotations

from tiercel.model.messages import KillExecution
from tiercel.model.states import State, seen
from tiercel.planner.closing import abandon
from tiercel.planner.ending import finish
from tiercel.planner.walk import Walk


def kill_lane(walk: Walk, state: State) -> None:
    """End a lane at once: every run of it that is open ends in the state."""
    walk.end_runs(state)
    walk.lane.current = None
    walk.lane.claim = None
    walk.lane.ended = True
    walk.lane.seen = seen(state)


def stop_lane(walk: Walk) -> None:
    """End a lane because a branch beside it has failed; the execution goes on without what it did."""
    children = [run.child for run in walk.lane.runs.values() if run.child is not None and not run.state.is_terminal]
    for key in walk.lane.runs:
        walk.waits_no_longer(key)
    kill_lane(walk, State.KILLED)
    for child in children:
        walk.transition.send(KillExecution(child))
    walk.report_end()


def end_killed(walk: Walk) -> None:
    """Bring a killed execution to its end; what runs after it has its turn still."""
    walk.lane.ended = False
    if not walk.header.state.is_terminal:
        finish(walk, State.KILLED)
    abandon(walk)
