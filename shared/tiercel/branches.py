"""Opening the branches of a fork: many lanes in one commit, each as far as it goes without a worker."""

from __future__ import annotations

import math
from collections.abc import Iterator

from tiercel.archive import Token, archive_writes, envelope, envelopes
from tiercel.errors import TransientError
from tiercel.lanes import TRIES, Lanes
from tiercel.model.execution import Lane, TaskRun, lane_key, leaf_key
from tiercel.model.messages import OpenBranches, WalkLane
from tiercel.planner import geometry, plan
from tiercel.planner.openings import branch_lane
from tiercel.planner.transition import Transition
from tiercel.planner.walk import Walk
from tiercel.ports import Envelope, Merge, Refused, Write


def open_branches(lanes: Lanes, message: OpenBranches) -> None:
    """Start some branches of a fork; those that were started before are left alone."""
    for tries in range(TRIES):
        parent = lanes.load(message.execution, message.lane)
        if parent is None or not _waits(parent.lane, message.run):
            lanes.advance(message, message.lane, plan.nothing)  # perhaps it closed the join, and died beyond it
            return
        try:
            opened = _open(lanes, parent, message, look=tries > 0)
        except Refused:
            continue
        _follow(lanes, parent, message, opened)
        return
    raise TransientError(f"the branches of {message.run} in execution {message.execution} are opened by too many")


def _waits(lane: Lane, run: str) -> bool:
    """Tell whether a lane's token stands at the join of that fork."""
    return not lane.ended and lane.current == run and lane.frames[-1].join is not None


def _open(lanes: Lanes, parent: Token, message: OpenBranches, *, look: bool) -> list[Token]:
    """Walk each branch as far as it goes, and commit all of them together.

    Returns:
        The branches that are to be walked on here: the only one of a message, which needs no other worker.
    """
    fresh = _not_yet(lanes, parent, message, look=look)
    alone = len(message.branches) == 1
    if alone:
        return [Token(parent.header, parent.header_version, lane, 0, b"") for lane in fresh]
    writes: list[Write] = []
    envelopes_: list[Envelope] = []
    header_changed = False
    opened = []
    for lane, walk in _walks(lanes, parent, fresh):
        if walk.handed_over:
            if walk.transition == Transition():  # nothing to remember: whoever runs the task walks there again
                envelopes_.append(envelope(OpenBranches(message.execution, message.lane, message.run, [lane.branch])))
                continue
            walk.transition.send(WalkLane(lane.execution, lane.key))
        token = Token(parent.header, parent.header_version, lane, 0, b"")
        writes += token.lane_writes() + archive_writes(lane.execution, walk.transition)
        envelopes_ += envelopes(walk.transition)
        header_changed = header_changed or walk.transition.header_changed
        opened.append((token, walk.transition))
    writes += parent.header_writes(Transition(header_changed=header_changed))
    lanes.commit(_together(writes), envelopes_)
    for token, transition in opened:
        lanes.seen(token, transition)
    return []


def _walks(lanes: Lanes, parent: Token, fresh: list[Lane]) -> Iterator[tuple[Lane, Walk]]:
    """Yield the lanes of new branches, each with its walk as far as it goes without a worker."""
    scene, renderer = lanes.scene(parent)
    for lane in fresh:
        scene.enter(lane)
        walk = Walk(scene, renderer, lanes.now())
        walk.hands_over = True
        lanes.fold(walk, renderer, plan.go(walk), math.inf)
        yield lane, walk


def _together(writes: list[Write]) -> list[Write]:
    """Return the writes with all entries for the same map in one."""
    merged: dict[str, dict[str, bytes]] = {}
    others: list[Write] = []
    for write in writes:
        if isinstance(write, Merge):
            merged.setdefault(write.key, {}).update(write.entries)
        else:
            others.append(write)
    return others + [Merge(key, entries) for key, entries in merged.items()]


def _not_yet(lanes: Lanes, parent: Token, message: OpenBranches, *, look: bool) -> list[Lane]:
    """Return the new lanes of those branches that were not started before.

    Args:
        lanes: Where lanes are.
        parent: The lane of the fork.
        message: Names the branches.
        look: Read every lane; else only leaves are read, and the commit is refused where a lane is there already.
    """
    header, run = parent.header, parent.lane.runs[message.run]
    join = parent.lane.frames[-1].join
    assert join is not None
    flow = lanes.flows.get(header.namespace, header.flow_id, header.revision)
    node = flow.nodes[run.task]
    done: set[str] = set()
    if not join.limit and len(message.branches) > 1:  # a single one is looked at with its claim
        for number in {branch // geometry.LEAF for branch in message.branches}:
            done.update(lanes.store.entries(leaf_key(header.id, run.key, 0, number)))
    values = _values(lanes, run, message.branches)
    keys = [lane_key(header.id, geometry.lane_name(run.key, branch)) for branch in message.branches]
    stored = lanes.store.get(keys) if look else [None] * len(keys)
    return [
        branch_lane(header.id, parent.lane.key, node, run, join, branch, values.get(branch))
        for branch, lane in zip(message.branches, stored, strict=True)
        if lane is None and str(branch) not in done
    ]


def _values(lanes: Lanes, run: TaskRun, branches: list[int]) -> dict[int, str]:
    """Return the values of some branches, where the values lie in a file: its lines have one length."""
    if run.values_uri is None:
        return {}
    found = {}
    with lanes.objects.open(run.values_uri) as file:
        width = len(file.readline())
        for branch in branches:
            file.seek(branch * width)
            found[branch] = file.read(width).decode().rstrip("\n")
    return found


def _follow(lanes: Lanes, parent: Token, message: OpenBranches, opened: list[Token]) -> None:
    """After the commit: walk what is to be walked here, and close the leaves that are full."""
    for token in opened:
        lanes.run_on(message, token, plan.resume_lane)
    if not opened and len(message.branches) == 1:  # it comes again: did a worker die in the middle of the branch?
        lanes.advance(message, geometry.lane_name(message.run, message.branches[0]), plan.nothing)
    join = parent.lane.frames[-1].join
    if opened or join is None or join.limit:
        return
    for number in sorted({branch // geometry.LEAF for branch in message.branches}):
        lanes.close_leaf(message, parent.lane.key, message.run, join.size, number)
