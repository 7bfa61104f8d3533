"""The iterations of a Loop: how they end, what the loop says of them, and when it breaks off.

An iteration is a branch of a fork, in a lane of its own, whatever the limit. What fails in it is dealt with in it.
"""

from __future__ import annotations

from tiercel.errors import ExpressionError, TaskError
from tiercel.flowables.base import Loop as Opening
from tiercel.flowables.loop import GATHERING, ITERATION, Loop, items_in
from tiercel.model.execution import Frame, Join, TaskRun, split_key
from tiercel.model.flow import ERRORS, MAIN, Node
from tiercel.model.states import State, guess, seen
from tiercel.planner import geometry
from tiercel.planner.batches import total
from tiercel.planner.walk import Walk


def values_of(walk: Walk, run: TaskRun, opening: Opening) -> tuple[str, ...]:
    """Return the values of a loop; those in a file are read now.

    Raises:
        TaskError: The file cannot be read, or holds what is no value.
    """
    if opening.uri is None:
        return opening.values
    try:
        text = walk.renderer.context(run).world.read_file(opening.uri, None)
    except ExpressionError as error:
        raise TaskError(f"'values' of the loop: {error}") from None
    return items_in(text, opening.uri)


def begin(run: TaskRun, size: int, running: int) -> None:
    """Note in a loop's run what it is going to do.

    Args:
        run: The loop's run.
        size: How many iterations there are.
        running: How many have begun.
    """
    run.outputs = {"iterationCount": size, "runningIterations": running, "terminatedIterations": {}}
    run.outputs_uri = None
    if size == 0:
        run.outputs["outputs"] = []


def goes_on(walk: Walk, frame: Frame) -> bool:
    """Go over to what follows the tasks of an iteration: what runs after a failure, then the iteration's last task."""
    assert frame.task is not None
    node = walk.flow.nodes[frame.task]
    if not geometry.isolates(node) or frame.seen & seen(State.KILLED):
        return False
    last = last_task(node)
    if last is not None and walk.scene.find(geometry.run_key(last, walk.rounds())) is not None:
        return False
    if frame.branch == MAIN and frame.seen & seen(State.FAILED) and node.branches.get(ERRORS):
        walk.enter(frame, ERRORS)
        return True
    if last is None:
        return False
    walk.enter(frame, MAIN)
    frame.index = last.index
    return True


def last_task(loop: Node) -> Node | None:
    """Return the hidden task that ends each iteration of a loop, where it has one."""
    found = loop.branches.get(MAIN, ())
    return found[-1] if found and found[-1].id == f"{loop.id}{ITERATION}" else None


def note_running(run: TaskRun, running: int) -> None:
    """Note in a loop's run how many of its iterations are under way."""
    run.outputs = {**(run.outputs or {}), "runningIterations": running}


def end_one(loop: Node, run: TaskRun, mask: int) -> int:
    """Count the end of an iteration that the loop's lane counts; return its states, as far as they concern the loop."""
    _count(run, {str(guess(mask)): 1})
    return transmitted(loop, mask)


def break_off(walk: Walk, loop: Node, run: TaskRun, join: Join, branch: int) -> None:
    """Have no further iteration begin, where the one that has ended says so."""
    last = last_task(loop)
    if last is None or "breakWhen" not in last.properties:
        return
    if broke(walk.scene.find(geometry.run_key(last, (*split_key(run.key)[1], branch)))):
        join.next = join.size


def broke(last: TaskRun | None) -> bool:
    """Tell whether the last run of an iteration broke its loop off."""
    return last is not None and bool((last.outputs or {}).get("broke"))


def end_all(loop: Node, run: TaskRun, counts: dict[str, int], mask: int) -> int:
    """Count the ends of iterations that leaves have counted; return their states, as far as they concern the loop."""
    _count(run, counts)
    note_running(run, 0)
    return transmitted(loop, mask)


def _count(run: TaskRun, more: dict[str, int]) -> None:
    outputs = dict(run.outputs or {})
    outputs["terminatedIterations"] = total([outputs.get("terminatedIterations", {}), more])
    run.outputs = outputs


def transmitted(loop: Node, mask: int) -> int:
    """Return the states of iterations as far as they concern the loop: none, where it does not transmit failures."""
    return mask if Loop.transmits(loop.properties) else 0


def gathers(walk: Walk, frame: Frame) -> bool:
    """Go over to the gathering of what the iterations gave, and take what was gathered; tell whether it is to begin."""
    if frame.task is None or not geometry.isolates(walk.flow.nodes[frame.task]):
        return False
    run = walk.run_of(frame)
    if frame.branch == MAIN and walk.branches(frame).get(GATHERING):
        walk.enter(frame, GATHERING)
        return True
    if frame.branch == GATHERING:
        gathered = walk.scene.find(geometry.run_key(walk.branches(frame)[GATHERING][0], walk.rounds()))
        if gathered is not None and gathered.state is State.SUCCESS:
            run.outputs, run.outputs_uri = gathered.outputs, gathered.outputs_uri
    elif frame.branch == MAIN:
        run.outputs = {**(run.outputs or {}), "outputs": []}
    return False
