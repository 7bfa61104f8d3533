"""What must be under way for a lane as it stands: told from its record alone, so that a lost message can be sent again.

Everything here may be sent twice: a message that was overtaken changes nothing.
"""

from __future__ import annotations

from tiercel.flowables.execution import Pause
from tiercel.model.execution import Join, Lane, TaskRun
from tiercel.model.flow import Flow, Node
from tiercel.model.messages import BranchEnded, Message, OpenBranches, TaskDue, WalkLane
from tiercel.model.states import State
from tiercel.planner.openings import CHUNK

Due = tuple[Message, float]
"""A message, and the time before which it is not sent (0: at once)."""


def outstanding(flow: Flow, lane: Lane, nonce: str) -> list[Due]:
    """Return the messages that must be under way for a lane, or what makes up for them.

    Args:
        flow: The lane's flow.
        lane: The lane as it is stored.
        nonce: Tells this look at the lane from others.
    """
    if lane.ended:
        if lane.parent is None or lane.fork is None or lane.size:
            return []
        return [(BranchEnded(lane.execution, lane.parent, lane.fork, lane.branch, lane.seen), 0.0)]
    run = lane.runs.get(lane.current) if lane.current is not None else None
    if run is None:
        return [(WalkLane(lane.execution, lane.key, nonce), 0.0)]
    node = flow.nodes[run.task]
    if run.state is State.RETRYING:
        return [(TaskDue(lane.execution, lane.key, run.key, "retry", len(run.at)), run.due or 0.0)]
    if run.state is State.PAUSED:
        due = TaskDue(lane.execution, lane.key, run.key, _why(node, run), len(run.at))
        return [] if run.due is None else [(due, run.due)]
    join = lane.frames[-1].join
    if join is not None:
        return [(OpenBranches(lane.execution, lane.key, run.key, each), 0.0) for each in _branches(join)]
    return [(WalkLane(lane.execution, lane.key, nonce), 0.0)]


def _why(node: Node, run: TaskRun) -> str:
    """Return what a paused run waits for."""
    if run.until is not None:
        return "interval"
    is_timed = node.plugin is Pause and not {"pauseDuration", "delay"} & node.properties.keys()
    return "timeout" if is_timed else "pause"


def _branches(join: Join) -> list[list[int]]:
    """Return the branches that have not ended, as far as the parent's lane knows, a list for each message."""
    if join.limit:
        return [[branch] for branch in join.active]
    return [list(range(first, min(first + CHUNK, join.size))) for first in range(0, join.size, CHUNK)]
