"""What people decide over the engine's head: states, labels, and that something runs now."""

from __future__ import annotations

from collections.abc import Sequence

from tiercel import slots
from tiercel.archive import envelope
from tiercel.commands import again, resting
from tiercel.errors import ConflictError, InputError
from tiercel.lanes import Lanes
from tiercel.model.execution import Execution, TaskRun, current, split_key
from tiercel.model.flow import Node
from tiercel.model.labels import merged_labels
from tiercel.model.messages import EndRest, KillExecution, MarkTask, Message, ResumeTask, StartExecution
from tiercel.model.states import State
from tiercel.planner.geometry import lane_of
from tiercel.planner.plan import is_at

pause = resting.pause
unqueue = slots.unqueue

ENDS = (State.SUCCESS, State.WARNING, State.FAILED, State.KILLED, State.CANCELLED)
"""The states that an execution may be given by hand."""

RUN_ENDS = (*ENDS, State.SKIPPED)
"""The states that a task run may be given by hand."""


def change_status(lanes: Lanes, execution: str, state: State) -> None:
    """Give an ended execution another terminal state, and nothing else; the one that it has is no change.

    Raises:
        NotFoundError: There is no such execution.
        ConflictError: It has not ended, or the state is none in which one can end.
    """
    _refuse_other(state, ENDS)

    def change(header: Execution) -> list[Message] | None:
        if header.state is State.RETRIED:
            raise ConflictError(f"execution {execution} is RETRIED: change the one that has taken its place")
        if not header.state.is_terminal:
            wanted = "only the status of one that has ended can be changed; kill it first"
            raise ConflictError(f"execution {execution} is {header.state}; {wanted}")
        if header.state is state:
            return None
        header.become(state, lanes.now())
        return []

    lanes.change_header(execution, change)


def set_labels(lanes: Lanes, execution: str, labels: list[tuple[str, str]]) -> None:
    """Add labels to an execution in any state; one of the same key is replaced.

    Raises:
        NotFoundError: There is no such execution.
        InputError: A label belongs to the system, or has no key or no value.
    """
    refuse_labels(labels)

    def change(header: Execution) -> list[Message] | None:
        merged = merged_labels(header.labels, labels)
        if merged == header.labels:
            return None
        header.labels = merged
        return []

    lanes.change_header(execution, change)


def refuse_labels(labels: Sequence[tuple[str, str]]) -> None:
    """Raise InputError for labels that a person cannot give: the system's, and those without a key or a value."""
    for key, value in labels:
        if key.startswith("system."):
            raise InputError(f"label '{key}' belongs to the system; a key of your own does not begin with 'system.'")
        if not key.strip() or not value:
            raise InputError(f"found the label '{key}:{value}', wanted a key and a value")


def force_run(lanes: Lanes, execution: str) -> None:
    """Have an execution run now: before its date, past its limit, out of its pause; else its message is sent again.

    Raises:
        NotFoundError: There is no such execution.
        ConflictError: It has ended.
    """

    def change(header: Execution) -> list[Message]:
        if header.state.is_terminal:
            raise ConflictError(f"execution {execution} is {header.state}; only one that has not ended can be run")
        if header.state in (State.CREATED, State.RESTARTED, State.QUEUED):
            header.become(State.RUNNING, lanes.now())
        return [_onward(header)]

    lanes.change_header(execution, change)


def _onward(header: Execution) -> Message:
    """Return the message that brings an execution on."""
    if header.paused:
        key, lane = next(iter(header.paused.items()))
        return ResumeTask(header.id, lane, key)
    if header.resting:
        return EndRest(header.id, len(header.at))
    return (
        KillExecution(header.id)
        if header.state is State.KILLING
        else StartExecution(header.id, f"forced/{len(header.at)}")
    )


def change_state(lanes: Lanes, execution: str, task: str, values: list[str], state: State) -> None:
    """Give a task run a terminal state; the flow goes on from there. The state that it has is no change.

    An ended execution is RESTARTED, and what ran for its end (errors, finally, afterExecution) is removed, but for the
    branch in which the run itself lies. In one that has not ended, a run that is open ends in the state, and what its
    worker says later is not listened to.

    Args:
        lanes: Where executions are.
        execution: The execution's id.
        task: The task's id, or the task run's.
        values: The values of the loops around the task, outermost first.
        state: The state.

    Raises:
        NotFoundError: There is no such execution, or no such run in it.
        ConflictError: The flow cannot go on from the run as things stand, or the state is none in which one can end.
    """
    _refuse_other(state, RUN_ENDS)
    header, _ = again.header_of(lanes.stored(execution), execution)
    runs = current(lanes.stored(execution).everything())
    run = runs[again.choose(execution, runs, task, values)]
    if run.state is state:
        return
    if header.state.is_terminal and (header.finished or not _node(lanes, header, run).is_late):
        again.mark(lanes, execution, run.key, state)
    else:
        lanes.commit([], [envelope(_end_open(lanes, header, run, state))])


def _end_open(lanes: Lanes, header: Execution, run: TaskRun, state: State) -> Message:
    """Return the message that ends an open run."""
    if run.key in header.paused:
        return ResumeTask(header.id, header.paused[run.key], run.key, state)
    task, rounds = split_key(run.key)
    node = _node(lanes, header, run)
    token = lanes.load(header.id, lane_of(node, rounds))
    open_run = token.lane.runs.get(run.key) if token is not None else None
    if token is None or open_run is None or not is_at(token.lane, open_run):
        found = f"execution {header.id} is {header.state} and task '{task}' is {run.state}"
        raise ConflictError(f"{found}; wanted an execution that has ended, or a task that is at work itself")
    return MarkTask(header.id, token.lane.key, run.key, state, len(open_run.at))


def _node(lanes: Lanes, header: Execution, run: TaskRun) -> Node:
    """Return the task of a run."""
    return lanes.flows.get(header.namespace, header.flow_id, header.revision).nodes[run.task]


def _refuse_other(state: State, wanted: tuple[State, ...]) -> None:
    if state not in wanted:
        raise ConflictError(f"found the state {state}, wanted one of {', '.join(wanted)}")
