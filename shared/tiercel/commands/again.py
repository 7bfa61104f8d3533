"""Restart and replay: an execution goes on from its failed tasks, or a new one begins in the middle of an old one.

A task run of an ended execution that is given another state by hand is of the same kind: what is around it goes on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tiercel.archive import StoredExecution, counted_anew, envelope, header_index
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
from tiercel.model.flow import Flow
from tiercel.model.ids import derived_id, fresh_id
from tiercel.model.labels import merged_labels
from tiercel.model.messages import ExecutionEnded, KillExecution, Message, StartExecution
from tiercel.model.states import State, allow
from tiercel.planner.breakpoints import refuse_unknown
from tiercel.planner.following import successors
from tiercel.planner.marking import in_errors_of_iteration, obstacle
from tiercel.planner.rework import Rework, failed_runs, fitting, replayed_run
from tiercel.ports import Create, Delete, Merge, Put, Refused, Update, Write

RESTARTED = "system.restarted"


@dataclass(frozen=True)
class Differently:
    """What a replay does otherwise than the execution that it replays."""

    revision: int | None = None
    """The flow's revision; that of the old execution by default."""
    inputs: Mapping[str, object] | None = None
    """All inputs anew, those that are not named by their defaults; None takes over the old ones."""
    local_files: bool = False
    """Whether the value of a FILE input is a path on this machine: only for whoever sits at it."""
    breakpoints: tuple[str, ...] = ()
    """Where the new execution stops; the breakpoints of the old one are not taken over."""


AS_BEFORE = Differently()


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
    header, version = header_of(stored, execution)
    flow, runs, again = failed_of(lanes, header)
    now = lanes.now()
    _begin_again(header, now)
    header.attempt_number += 1
    header.labels = merged_labels(header.labels, [(RESTARTED, "true")])
    header.caller = caller or header.caller
    rework = Rework(flow, execution, runs, again, now)
    try:
        _commit(lanes, _instead(stored, header, version), rework, header)
    except Refused:
        raise _overtaken(execution) from None


def failed_of(lanes: Lanes, header: Execution) -> tuple[Flow, dict[str, TaskRun], set[str]]:
    """Return the flow of an execution that can be restarted, its runs, and the keys of those that failed.

    Raises:
        ConflictError: It still runs, or nothing of it failed.
    """
    _refuse_running(header)
    if header.resting:
        raise ConflictError(f"execution {header.id} is PAUSED as a whole; resume it, or kill it and restart it then")
    flow = lanes.flows.get(header.namespace, header.flow_id, header.revision)
    runs = current(lanes.stored(header.id).everything())
    failed = failed_runs(flow, runs)
    if not failed:
        raise _nothing_failed(header)
    return flow, runs, failed


def _overtaken(execution: str) -> ConflictError:
    return ConflictError(f"execution {execution} is changed by somebody else at this moment; try again")


def _refuse_running(header: Execution) -> None:
    if not header.state.is_terminal and header.state is not State.PAUSED:
        raise ConflictError(f"execution {header.id} is {header.state}; only one that has ended can be restarted")


def _nothing_failed(header: Execution) -> ConflictError:
    return ConflictError(f"No task found to restart execution from! Execution {header.id} is {header.state}")


def restart_on(lanes: Lanes, intake: Intake, execution: str, revision: int) -> str:
    """Begin a new execution on another revision of the flow, from the tasks of an old one that failed.

    Returns:
        The new execution's id.

    Raises:
        NotFoundError: There is no such execution, or no such revision.
        ConflictError: It still runs, or nothing of it failed that the revision has too.
    """
    stored = lanes.stored(execution)
    header, _ = header_of(stored, execution)
    _refuse_running(header)
    flow = lanes.flows.get(header.namespace, header.flow_id, revision)
    runs = fitting(flow, current(stored.everything()))
    again = failed_runs(flow, runs)
    if not again:
        raise _nothing_failed(header)
    fresh, now = fresh_id(), lanes.now()
    _begin_within(lanes, intake.replayed(header, fresh, now, RESTARTED), flow, runs, again)
    return fresh


def replay(
    lanes: Lanes,
    intake: Intake,
    execution: str,
    task: str | None,
    values: list[str],
    change: Differently = AS_BEFORE,
) -> str:
    """Begin a new execution like an old one, from its start or from one of its task runs.

    Args:
        lanes: Where executions are.
        intake: Accepts the new execution.
        execution: The old one.
        task: The task, or the id of the task run, from which to begin; None begins at the start.
        values: The values of the loops around the task, outermost first.
        change: What is different.

    Returns:
        The new execution's id.

    Raises:
        NotFoundError: There is no such execution, no such revision, or no such run in it.
        ConflictError: The revision has the task at another place, or not at all.
        InputError: One of the new inputs is missing or does not validate; or a breakpoint is at no task.
    """
    stored = lanes.stored(execution)
    header, _ = header_of(stored, execution)
    new, flow = _changed(lanes, intake, header, change)
    if task is None:
        intake.start(new)
        return new.id
    everything = current(stored.everything())
    key = choose(execution, everything, task, values)
    runs = fitting(flow, everything) if change.revision is not None else everything
    _refuse_replay(flow, runs, key, new.revision)
    key = replayed_run(flow, runs, key)
    later = successors(flow, runs, key)
    kept = {name: run for name, run in runs.items() if name not in later}
    _begin_within(lanes, new, flow, kept, {key}, whole=True)
    return new.id


def _refuse_replay(flow: Flow, runs: Mapping[str, TaskRun], key: str, revision: int) -> None:
    """Raise ConflictError where no execution can begin from a run of an old one."""
    task = split_key(key)[0]
    if key not in runs:
        raise ConflictError(f"task '{task}' does not stand in revision {revision} where it stood when it ran")
    if flow.nodes[task].is_late:
        raise ConflictError(f"task '{task}' ran after the execution had ended; replay an earlier task")
    if in_errors_of_iteration(flow.nodes[task]):
        raise ConflictError(f"task '{task}' ran because an iteration had failed; replay the task that failed")


def _changed(lanes: Lanes, intake: Intake, old: Execution, change: Differently) -> tuple[Execution, Flow]:
    """Return the header of an execution that replays another one differently, and its flow."""
    new = intake.replayed(old, fresh_id(), lanes.now())
    if change.revision is not None:
        new.revision = change.revision
    flow = lanes.flows.get(old.namespace, old.flow_id, new.revision)
    refuse_unknown(flow, change.breakpoints)
    new.breakpoints = list(change.breakpoints)
    if change.inputs is not None:
        given, local = change.inputs, change.local_files
        new.inputs = intake.resolve(flow, flow.inputs, given, new.id, old.trigger, local_files=local) or None
    return new, flow


def _begin_within(
    lanes: Lanes, new: Execution, flow: Flow, runs: dict[str, TaskRun], again: set[str], *, whole: bool = False
) -> None:
    """Store a new execution that has some runs already, and begins some of them again."""
    now = new.at[0][1]
    new.revision = flow.revision
    new.at.append((State.RESTARTED, now))
    create = Create(header_key(new.id), encode(new), header_index(new))
    _commit(lanes, [create], Rework(flow, new.id, runs, again, now, whole=whole), new)


def mark(lanes: Lanes, execution: str, key: str, state: State) -> None:
    """Give a task run of an ended execution another state; the execution goes on from there.

    Raises:
        ConflictError: It has not come to rest yet, or the run is none from which a flow can go on.
    """
    stored = lanes.stored(execution)
    header, version = header_of(stored, execution)
    flow = lanes.flows.get(header.namespace, header.flow_id, header.revision)
    runs, now = current(stored.everything()), lanes.now()
    run = runs[key]
    node = flow.nodes[run.task]
    if not header.finished or header.state is State.RETRIED:
        wanted = "one that has come to its end can go on from a task whose state is changed"
        raise ConflictError(f"execution {execution} is {header.state}, and what follows it is at work; {wanted}")
    _end_run(run, allow(state, node.allow_failure, node.allow_warning), now)
    why = obstacle(flow, runs, key) if state is not State.CANCELLED else None
    if why is not None:
        raise ConflictError(f"task '{node.id}' is none that the execution can go on from: {why}")
    _begin_again(header, now)
    messages: list[Message] | None = None
    if state is State.CANCELLED:
        header.become(state, now)
        messages = [KillExecution(execution, cascade=False, state=state), ExecutionEnded(execution)]
    rework = Rework(flow, execution, runs, set(), now, marked=key)
    try:
        _commit(lanes, _instead(stored, header, version), rework, header, messages)
    except Refused:
        raise _overtaken(execution) from None


def _end_run(run: TaskRun, state: State, now: float) -> None:
    if run.attempts and run.attempts[-1].state is not state:
        run.attempts[-1].at.append((state, now))
    run.become(state, now)


def _instead(stored: StoredExecution, header: Execution, version: int) -> list[Write]:
    """Return the writes that keep a changed header, and clear what else there is of its execution."""
    clear: list[Write] = [Delete(key) for key in stored.record_keys()]
    return [*clear, Update(header_key(header.id), encode(header), version, header_index(header)), counted_anew(header)]


def header_of(stored: StoredExecution, execution: str) -> tuple[Execution, int]:
    """Return a header with its version, or raise NotFoundError."""
    found = stored.header()
    if found is None:
        raise NotFoundError(f"there is no execution '{execution}' in this store")
    return found


def _begin_again(header: Execution, now: float) -> None:
    header.become(State.RESTARTED, now)
    header.outputs, header.finished = None, False
    header.paused.clear()
    header.suspended.clear()


def choose(execution: str, runs: dict[str, TaskRun], task: str, values: list[str]) -> str:
    """Return the key of the run that its id names, or a task and the values around it.

    Raises:
        NotFoundError: There is no such run.
    """
    named = [key for key in runs if task == derived_id(execution, key)]
    if named:
        return named[0]
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


def _commit(
    lanes: Lanes,
    first: list[Write],
    rework: Rework,
    header: Execution,
    messages: Sequence[Message] | None = None,
) -> None:
    """Store what a rework made; the messages are those that have it walked, where no others are given."""
    writes, execution = first, header.id
    writes += [Put(lane_key(execution, lane.key), encode(lane)) for lane in rework.lanes]
    for (fork, level, number), entries in rework.leaves.items():
        body = {branch: encode(end) for branch, end in entries.items()}
        writes.append(Merge(leaf_key(execution, fork, level, number), body))
    for segment, runs in rework.segments().items():
        writes.append(Merge(segment_key(execution, segment), {key: encode(run) for key, run in runs.items()}))
    if messages is None:
        messages = [StartExecution(execution), *rework.messages]
    lanes.commit(writes, [envelope(message) for message in messages] + lanes.news(header))
