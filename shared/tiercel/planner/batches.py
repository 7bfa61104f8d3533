"""The batches of a ForEachItem: how many ended in which state, and what that makes of the whole.

A batch is a branch of a fork whose only task calls a flow. Its end is counted in the join's leaves, so the counts of
10,000 batches come together without a record that all of them write.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import or_

from tiercel.flowables.foreachitem import BATCH
from tiercel.model.execution import Attempt, BranchEnd, TaskRun
from tiercel.model.states import State, guess, seen
from tiercel.paths import task_folder
from tiercel.planner.walk import Walk

_WORST_FIRST = (State.FAILED, State.KILLED, State.WARNING)


def begin(walk: Walk, run: TaskRun, uri: str, size: int) -> None:
    """Note in the run of `<id>_items` what it is going to call."""
    run.values_uri, run.size = uri, size
    run.attempts.append(Attempt([(State.CREATED, walk.now), (State.RUNNING, walk.now)]))
    if size == 0:
        run.attempts[-1].at.append((State.SUCCESS, walk.now))
        return
    header = walk.header
    folder = task_folder(header.namespace, header.flow_id, header.id, run.task, walk.scene.run_id(run.key))
    run.outputs = {
        "numberOfBatches": size,
        "iterations": {"CREATED": 0, "RUNNING": size},
        "subflowOutputsBaseUri": folder.removesuffix("/"),
    }


def end(walk: Walk, run: TaskRun, counts: dict[str, int], mask: int) -> int:
    """Note how the batches ended.

    Args:
        walk: The walk of the parent's lane.
        run: The run of `<id>_items`.
        counts: How many executions ended in which state.
        mask: The states in which the batches ended, after `transmitFailed`.

    Returns:
        The state of the whole, as a mask: where some failed and some were killed, it failed.
    """
    run.outputs = {**(run.outputs or {}), "iterations": {"CREATED": 0, "RUNNING": 0, **counts}}
    state = next((state for state in _WORST_FIRST if mask & seen(state)), State.SUCCESS)
    if run.attempts[-1].state.is_terminal:  # a restart opened it again
        run.attempts.append(Attempt([(State.CREATED, walk.now), (State.RUNNING, walk.now)]))
    run.attempts[-1].at.append((state, walk.now))
    return seen(state)


def counts_of(runs: Iterable[TaskRun]) -> dict[str, int]:
    """Return the state of a batch's execution with the number 1; empty for the runs of any other branch."""
    return {str((run.outputs or {}).get("state", run.state)): 1 for run in runs if run.task.endswith(BATCH)}


def together(ends: Sequence[BranchEnd]) -> BranchEnd:
    """Return how branches ended, all of them as one; a branch that counts nothing itself counts as one."""
    counts = total(end.counts or {str(guess(end.seen)): 1} for end in ends)
    return BranchEnd(reduce(or_, (end.seen for end in ends)), counts=counts)


def total(parts: Iterable[dict[str, int]]) -> dict[str, int]:
    """Return the sum of counts, by state."""
    found: dict[str, int] = {}
    for counts in parts:
        for state, number in counts.items():
            found[state] = found.get(state, 0) + number
    return found
