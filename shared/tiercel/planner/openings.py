"""How each way of opening a flowable is acted upon."""

from __future__ import annotations

from tiercel.errors import ExpressionError, TaskError, TiercelError
from tiercel.flowables.base import Batches, Call, Change, Fork, Loop, Opening, Rest
from tiercel.flowables.base import Walk as Through
from tiercel.flowables.core import EachParallel, LoopUntil
from tiercel.model.execution import MAIN_LANE, Attempt, Frame, Join, Lane, TaskRun, split_key
from tiercel.model.flow import MAIN, ON_PAUSE, Node
from tiercel.model.ids import derived_id
from tiercel.model.messages import CallFlow, OpenBranches, TaskDue
from tiercel.model.states import State
from tiercel.planner import batches, changes, geometry, iterations
from tiercel.planner.walk import Walk

CHUNK = 128
"""Branches that one message opens: four leaves' worth, so that what it reads of the fork is read once for many."""


ALL_AT_ONCE = Fork()
"""How batches are started."""


def act(walk: Walk, node: Node, run: TaskRun, opening: Opening) -> None:
    """Do what a flowable's opening asks for; the token stands at its run."""
    match opening:
        case Through():
            _through(walk, node, run, opening)
        case Loop():
            _loop(walk, node, run, opening)
        case Batches():
            batches.begin(walk, run, opening.uri, opening.size)
            fork(walk, node, run, opening.size)
        case Fork():
            fork(walk, node, run, len(node.branches.get(MAIN, ())), opening)
        case Rest():
            if node.branches.get(ON_PAUSE):
                walk.push(Frame(node.id, ON_PAUSE))  # the pause begins when that branch has been gone through
            else:
                rest(walk, run, opening)
        case Call():
            _call(walk, run, opening)
        case Change():
            _change(walk, node, run, opening)


def _through(walk: Walk, node: Node, run: TaskRun, opening: Through) -> None:
    branch, outputs = opening.branch, dict(opening.outputs)
    if branch is not None and branch.startswith("cases.") and branch not in node.branches:
        branch, outputs["defaults"] = "defaults", True
        if "defaults" not in node.branches:
            run.outputs = outputs
            cases = ", ".join(name.removeprefix("cases.") for name in node.branches if name.startswith("cases."))
            walk.fail(
                node, run, f"no case is named '{outputs['value']}' and there are no defaults; the cases are: {cases}"
            )
            return
    run.outputs = outputs or None
    if branch is None:
        walk.settle(node, run, State.SUCCESS)
        return
    until = node.plugin is LoopUntil
    run.until = 0 if until else None
    walk.push(Frame(node.id, branch, round=0 if until else None))


def _loop(walk: Walk, node: Node, run: TaskRun, opening: Loop) -> None:
    try:
        run.values = list(iterations.values_of(walk, run, opening))
    except TaskError as error:
        walk.fail(node, run, str(error))
        return
    size = len(run.values)
    if geometry.isolates(node):
        iterations.begin(run, size, min(size, opening.limit or size))
    if size and not geometry.forks(node):
        walk.push(Frame(node.id, MAIN, round=0))
        return
    each = len(node.branches[MAIN]) if node.plugin is EachParallel else 1
    fork(walk, node, run, size * each, Fork(opening.limit))


def fork(walk: Walk, node: Node, run: TaskRun, size: int, opening: Fork = ALL_AT_ONCE) -> None:
    """Start the branches of a fork: all of them, or as many as may run at once."""
    if size == 0:
        walk.settle(node, run, State.SUCCESS)
        return
    limit = 0 if opening.limit >= size else opening.limit
    counted = opening.graph or opening.fail_fast or limit > 0
    join = Join(size, fail_fast=opening.fail_fast)
    run.limit = limit or size if counted else 0
    walk.push(Frame(node.id, MAIN, join=join))
    walk.lane.current = run.key
    if counted:
        join.limit = run.limit
        start_ready(walk, node, run, join)
        return
    for first in range(0, size, CHUNK):
        send_open(walk, run, list(range(first, min(first + CHUNK, size))))


def start_ready(walk: Walk, node: Node, run: TaskRun, join: Join) -> None:
    """Start the branches that may begin now, as long as the limit allows."""
    ready = []
    for branch in candidates(node, join):
        if len(join.active) >= join.limit:
            break
        join.active.append(branch)
        ready.append(branch)
    for branch in ready:
        send_open(walk, run, [branch])


def candidates(node: Node, join: Join) -> list[int]:
    """Return the branches that may begin now, as far as the limit allows."""
    if not any(child.depends_on for child in node.branches.get(MAIN, ())):
        first = join.next
        last = min(join.size, first + join.limit - len(join.active))
        join.next = max(last, first)
        return list(range(first, last))
    children = node.branches[MAIN]
    done = {children[branch].id for branch in join.ended}
    begun = {*join.ended, *join.active}
    return [child.index for child in children if child.index not in begun and done.issuperset(child.depends_on)]


def is_graph(node: Node) -> bool:
    """Tell whether the branches of a fork wait for one another."""
    return any(child.depends_on for child in node.branches.get(MAIN, ()))


def send_open(walk: Walk, run: TaskRun, branches: list[int]) -> None:
    """Ask for some branches of a fork to be started."""
    walk.transition.send(OpenBranches(walk.header.id, walk.lane.key, run.key, branches))


def branch_lane(
    execution: str, parent: str, node: Node, run: TaskRun, join: Join, branch: int, value: str | None = None
) -> Lane:
    """Return the new lane of a fork's branch.

    Args:
        execution: The execution's id.
        parent: The key of the lane in which the fork stands.
        node: The fork.
        run: The fork's run.
        join: How far the fork is.
        branch: The number of the branch.
        value: The loop's value for it, where the fork's run does not hold the values.
    """
    rounds = list(split_key(run.key)[1])
    index = branch
    single = not geometry.is_valued(node) or node.plugin is EachParallel
    if geometry.is_valued(node):
        round_, index = divmod(branch, len(node.branches[MAIN])) if node.plugin is EachParallel else (branch, 0)
        value = run.values[round_] if run.values is not None else value
        rounds.append(round_)
    return Lane(
        execution,
        geometry.lane_name(run.key, branch),
        [Frame(node.id, MAIN, index, part=True, single=single)],
        parent=parent,
        fork=run.key,
        branch=branch,
        rounds=rounds,
        value=value,
        size=0 if join.limit else join.size,
    )


def main_lane(execution: str) -> Lane:
    """Return the lane of the flow's top level, at its beginning."""
    return Lane(execution, MAIN_LANE, [Frame()])


def rest(walk: Walk, run: TaskRun, opening: Rest) -> None:
    """Have the token stand still at a paused run."""
    walk.lane.current = run.key
    run.become(State.PAUSED, walk.now)
    walk.header.paused[run.key] = walk.lane.key
    walk.become(State.PAUSED)
    wait, why = (opening.duration, "pause") if opening.duration is not None else (opening.timeout, "timeout")
    if wait is not None:
        run.due = walk.now + wait.total_seconds()
        walk.transition.send(TaskDue(walk.header.id, walk.lane.key, run.key, why, len(run.at)), run.due)


def child_id(execution: str, run: TaskRun) -> str:
    """Return the id of the execution that the latest attempt of a run starts; a loop's next round starts another."""
    return derived_id("call", execution, run.key, run.at[0][1], len(run.attempts))


def _call(walk: Walk, run: TaskRun, opening: Call) -> None:
    again = _calls_again(run, opening)
    run.attempts.append(Attempt([(State.CREATED, walk.now), (State.RUNNING, walk.now)]))
    run.child = run.child if again and run.child is not None else child_id(walk.header.id, run)
    _send_call(walk, run, opening, run.child, again=again)


def call_again(walk: Walk, node: Node, run: TaskRun) -> None:
    """Send the call of a run's latest attempt once more: it may have been lost, or its answer."""
    try:
        opening = walk.renderer.plugin(node, run).open()
    except (ExpressionError, TaskError):
        return  # it could be rendered when it was sent; its answer is still to come
    if isinstance(opening, Call) and run.child is not None:
        _send_call(walk, run, opening, run.child, again=run.child != child_id(walk.header.id, run))


def _send_call(walk: Walk, run: TaskRun, opening: Call, child: str, *, again: bool) -> None:
    walk.transition.send(
        CallFlow(
            walk.header.id,
            walk.lane.key,
            run.key,
            len(run.attempts),
            child,
            opening.namespace,
            opening.flow_id,
            opening.revision,
            dict(opening.inputs),
            list(opening.labels),
            opening.inherit_labels,
            opening.wait,
            dict(opening.outputs) if opening.outputs is not None else None,
            opening.schedule_date,
            opening.transmit_failed,
            again,
        )
    )


def _calls_again(run: TaskRun, opening: Call) -> bool:
    """Tell whether a restart has begun the run again whose execution failed, so that this one is to be restarted."""
    just_restarted = 0 < run.restarts == len(run.attempts)
    succeeded = (run.outputs or {}).get("state") == State.SUCCESS  # then it was something else that failed
    return just_restarted and opening.restart == "RETRY_FAILED" and run.child is not None and not succeeded


def _change(walk: Walk, node: Node, run: TaskRun, opening: Change) -> None:
    run.attempts.append(Attempt([(State.CREATED, walk.now), (State.RUNNING, walk.now)]))
    try:
        changes.apply(walk, opening)
    except (TaskError, TiercelError) as error:
        run.attempts[-1].at.append((State.FAILED, walk.now))
        walk.fail(node, run, str(error))
        return
    run.attempts[-1].at.append((State.SUCCESS, walk.now))
    if opening.exit_state is not None and walk.in_epilogue():
        changes.leave_late(walk, opening.exit_state)
    elif opening.exit_state is not None:
        stops = opening.exit_state is State.KILLED
        changes.leave(walk, opening.exit_state, interrupts=stops, cascade=opening.cascade)
    if opening.exit_state is not None:
        return
    walk.settle(node, run, State.SUCCESS)
