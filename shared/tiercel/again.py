"""Restart and replay: an execution goes on from its failed tasks, or a new one begins in the middle of an old one."""

from __future__ import annotations

from tiercel.archive import StoredExecution, envelope, header_index
from tiercel.errors import ConflictError, NotFoundError
from tiercel.intake import Intake
from tiercel.lanes import Lanes
from tiercel.model.execution import (
    Caller,
    Execution,
    TaskRun,
    current,
    encode,
    header_key,
    lane_key,
    leaf_key,
    segment_key,
    split_key,
)
from tiercel.model.ids import fresh_id
from tiercel.model.messages import StartExecution
from tiercel.model.states import State
from tiercel.planner.changes import merged_labels
from tiercel.planner.rework import Rework, failed_runs, successors
from tiercel.ports import Create, Delete, Merge, Put, Update, Write


def restart(lanes: Lanes, execution: str, caller: Caller | None = None) -> None:
    """Let an execution go on from the tasks that failed.

    Args:
        lanes: Where executions are.
        execution: The execution's id.
        caller: The task run that waits for it from now on; None leaves that as it is.

    Raises:
        NotFoundError: There is no such execution.
        ConflictError: It still runs, or nothing of it failed.

    """
    stored = lanes.stored(execution)
    header, version = _header(stored, execution)
    if not header.state.is_terminal and header.state is not State.PAUSED:
        raise ConflictError(f"execution {execution} is {header.state}; only one that has ended can be restarted")
    flow = lanes.flows.get(header.namespace, header.flow_id, header.revision)
    runs = current(stored.everything())
    again = failed_runs(flow, runs)
    if not again:
        raise ConflictError(f"No task found to restart execution from! Execution {execution} is {header.state}")
    now = lanes.now()
    _begin_again(header, now)
    header.labels = merged_labels(header.labels, [("system.restarted", "true")])
    header.caller = caller or header.caller
    rework = Rework(flow, execution, runs, again, now)
    clear: list[Write] = [Delete(key) for key in stored.record_keys()]
    keep = Update(header_key(execution), encode(header), version, header_index(header))
    _commit(lanes, [*clear, keep], rework, header)


def replay(lanes: Lanes, intake: Intake, execution: str, task: str | None, values: list[str]) -> str:
    """Begin a new execution like an old one, from its start or from one of its task runs.

    Args:
        lanes: Where executions are.
        intake: Accepts the new execution.
        execution: The old one.
        task: The task from which to begin; None begins at the start.
        values: The values of the loops around the task, outermost first.

    Returns:
        The new execution's id.

    Raises:
        NotFoundError: There is no such execution, or no such run in it.

    """
    stored = lanes.stored(execution)
    header, _ = _header(stored, execution)
    fresh = fresh_id()
    if task is None:
        intake.replay(header, fresh, lanes.now())
        return fresh
    flow = lanes.flows.get(header.namespace, header.flow_id, header.revision)
    runs = current(stored.everything())
    key = _choose(runs, task, values)
    later = successors(flow, runs, key)
    kept = {name: run for name, run in runs.items() if name not in later}
    now = lanes.now()
    new = intake.replayed(header, fresh, now)
    new.at.append((State.RESTARTED, now))
    rework = Rework(flow, fresh, kept, {key}, now)
    _commit(lanes, [Create(header_key(fresh), encode(new), header_index(new))], rework, new)
    return fresh


def _header(stored: StoredExecution, execution: str) -> tuple[Execution, int]:
    found = stored.header()
    if found is None:
        raise NotFoundError(f"there is no execution '{execution}' in this store")
    return found


def _begin_again(header: Execution, now: float) -> None:
    header.become(State.RESTARTED, now)
    header.attempt_number += 1
    header.outputs, header.finished = None, False
    header.paused.clear()


def _choose(runs: dict[str, TaskRun], task: str, values: list[str]) -> str:
    """Return the key of the run that a task and the values around it name."""
    found = [key for key, run in runs.items() if run.task == task and _values(runs, run)[: len(values)] == values]
    if not found:
        known = ", ".join(sorted({run.task for run in runs.values()}))
        place = f" for the values {values}" if values else ""
        raise NotFoundError(f"task '{task}' has no task run{place} in this execution; those that have: {known}")
    return min(found, key=lambda key: (split_key(key)[1], key))


def _values(runs: dict[str, TaskRun], run: TaskRun | None) -> list[str]:
    chain: list[str] = []
    while run is not None:
        if run.value is not None:
            chain.insert(0, run.value)
        run = runs.get(run.parent) if run.parent is not None else None
    return chain


def _commit(lanes: Lanes, first: list[Write], rework: Rework, header: Execution) -> None:
    writes, execution = first, header.id
    writes += [Put(lane_key(execution, lane.key), encode(lane)) for lane in rework.lanes]
    for (fork, level, number), entries in rework.leaves.items():
        body = {branch: encode(end) for branch, end in entries.items()}
        writes.append(Merge(leaf_key(execution, fork, level, number), body))
    for segment, runs in rework.segments().items():
        writes.append(Merge(segment_key(execution, segment), {key: encode(run) for key, run in runs.items()}))
    messages = [StartExecution(execution), *rework.messages]
    lanes.commit(writes, [envelope(message) for message in messages] + lanes.news(header))
