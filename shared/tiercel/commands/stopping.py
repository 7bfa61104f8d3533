"""Ending the branches of a fork that still run, because one beside them has failed (`Parallel.failFast`)."""

from __future__ import annotations

from collections.abc import Mapping

from tiercel.archive import Token, envelope
from tiercel.errors import TransientError
from tiercel.lanes import Lanes
from tiercel.model.execution import Lane, encode, lane_key
from tiercel.model.messages import BranchEnded, StopBranches
from tiercel.model.states import State, seen
from tiercel.planner import geometry, killing
from tiercel.planner.openings import branch_lane
from tiercel.ports import Create, Refused


def stop_branches(lanes: Lanes, message: StopBranches) -> None:
    """End every lane of the branches that have not ended, and the attempts that run in them."""
    parent = lanes.load(message.execution, message.lane)
    if parent is None or parent.lane.ended or parent.lane.current != message.run:
        return
    join = parent.lane.frames[-1].join
    names = {geometry.lane_name(message.run, branch): branch for branch in (join.active if join else ())}
    stored = {lane.key: lane for lane in lanes.stored(message.execution).lanes()}
    inside = [lane.key for lane in stored.values() if not lane.ended and _is_within(lane, names, stored)]
    lanes.worker.cancel(message.execution, inside)
    for key in inside:
        lanes.change_lane(message.execution, key, killing.stop_lane)
    for name, branch in names.items():
        if name not in stored:
            _bar(lanes, parent, message.run, branch)


def _is_within(lane: Lane, names: Mapping[str, int], stored: Mapping[str, Lane]) -> bool:
    """Tell whether a lane is one of the branches, or lies in one."""
    at: Lane | None = lane
    while at is not None:
        if at.key in names:
            return True
        at = stored.get(at.parent) if at.parent is not None else None
    return False


def _bar(lanes: Lanes, parent: Token, fork: str, branch: int) -> None:
    """Leave an ended lane where a branch has not begun: the message that opens it finds it there."""
    header, run = parent.header, parent.lane.runs[fork]
    node = lanes.flows.get(header.namespace, header.flow_id, header.revision).nodes[run.task]
    join = parent.lane.frames[-1].join
    assert join is not None
    lane = branch_lane(header.id, parent.lane.key, node, run, join, branch)
    lane.ended, lane.seen = True, seen(State.KILLED)
    ended = BranchEnded(header.id, parent.lane.key, fork, branch, lane.seen)
    try:
        lanes.commit([Create(lane_key(header.id, lane.key), encode(lane))], [envelope(ended)])
    except Refused:
        raise TransientError(f"branch {branch} of {fork} in execution {header.id} has just begun") from None
