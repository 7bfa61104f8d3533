"""Executions that cause executions: subflows, retries of whole executions, and the news that one has ended."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from functools import partial

from tiercel import slots
from tiercel.archive import Token, envelope
from tiercel.commands import again
from tiercel.errors import (
    ConflictError,
    ExpressionError,
    FlowError,
    InputError,
    NotFoundError,
    TaskError,
    TransientError,
)
from tiercel.flowables.foreachitem import BATCH
from tiercel.intake import Intake, Request, successor_id
from tiercel.lanes import Lanes
from tiercel.model.execution import MAIN_LANE, Caller, Execution, LogLine, TaskRun, Trigger, is_hidden, split_key
from tiercel.model.flow import Flow
from tiercel.model.messages import CallFlow, ChildEnded, KillExecution
from tiercel.model.states import Level, State
from tiercel.planner import plan
from tiercel.planner.openings import child_id
from tiercel.planner.transition import Outcome
from tiercel.ports import Refused
from tiercel.triggerstates import locks
from tiercel.triggerstates.changes import TriggerStates


def call(lanes: Lanes, intake: Intake, message: CallFlow) -> None:
    """Start the execution that a Subflow asks for; a failure to start it is the task's failure."""
    token = lanes.load(message.execution, message.lane)
    run = None if token is None else token.lane.runs.get(message.run)
    if token is None or run is None or run.state is not State.RUNNING or len(run.attempts) != message.attempt:
        lanes.advance(message, message.lane, plan.nothing)  # perhaps a worker went on from here, and died
        return
    try:
        child, before = _child(lanes, intake, token.header, run, message)
    except (NotFoundError, ConflictError, InputError, FlowError) as error:
        line = LogLine(lanes.now(), Level.ERROR, _masked(lanes, token, run, str(error)))
        _fold(lanes, message, Outcome(State.FAILED, logs=[line]))
        return
    found = lanes.stored(message.execution).header()
    if found is None or found[0].state in (State.KILLING, State.KILLED):  # killed before the child could be seen
        lanes.commit([], [envelope(KillExecution(child))])
    latest = _latest(lanes, before) if message.wait else None
    if latest is not None and latest.state.is_terminal:
        answer(lanes, ChildEnded(message.execution, message.lane, message.run, latest.id))  # the news may be lost
    if not message.wait:
        outputs = None if is_hidden(run.task) else {"executionId": child}
        _fold(lanes, message, Outcome(State.SUCCESS, outputs, child=child))


def _latest(lanes: Lanes, header: Execution | None) -> Execution | None:
    """Return the execution that has taken the place of one, and of that one; None when it is still to come."""
    while header is not None and header.state is State.RETRIED:
        found = lanes.stored(successor_id(header)).header()
        header = None if found is None else found[0]
    return header


def _masked(lanes: Lanes, token: Token, run: TaskRun, text: str) -> str:
    """Hide the secrets that went into a call: rendering it once more tells which they are."""
    scene, renderer = lanes.scene(token)
    with suppress(ExpressionError, TaskError):
        renderer.plugin(scene.flow.nodes[run.task], run)
    return renderer.masked(text)


def _child(
    lanes: Lanes, intake: Intake, parent: Execution, run: TaskRun, message: CallFlow
) -> tuple[str, Execution | None]:
    """Start the execution that is called, or restart the one that failed before.

    Returns:
        Its id, and its header where an earlier copy of the message has started it.
    """
    if message.again and _restarted(lanes, message):
        return message.child, None
    child = child_id(parent.id, run)
    found = lanes.stored(child).header()
    if found is None:
        intake.accept(_flow(lanes, message), _request(lanes, parent, message, child))
    return child, None if found is None else found[0]


def _restarted(lanes: Lanes, message: CallFlow) -> bool:
    """Restart the execution of the attempt before; tell whether its answer can be waited for."""
    found = lanes.stored(message.child).header()
    if found is None:
        return False
    header = found[0]
    if header.state is State.KILLING:
        raise TransientError(f"execution {message.child} is being killed; it is restarted afterwards")
    if not header.state.is_terminal or (header.caller is not None and header.caller.attempt == message.attempt):
        return True  # somebody else was first; or this message comes for the second time
    if header.state is State.SUCCESS:  # somebody has repaired it meanwhile
        lanes.commit([], [envelope(ChildEnded(message.execution, message.lane, message.run, message.child))])
        return True
    try:
        again.restart(lanes, message.child, _caller(message))
    except ConflictError:
        return False  # nothing in it failed by itself
    except Refused:
        raise TransientError(f"execution {message.child} is changed by somebody else") from None
    return True


def _fold(lanes: Lanes, message: CallFlow | ChildEnded, outcome: Outcome) -> None:
    lanes.advance(message, message.lane, partial(plan.call_answered, key=message.run, outcome=outcome))


def _flow(lanes: Lanes, message: CallFlow) -> Flow:
    if message.revision is None:
        return lanes.flows.latest(message.namespace, message.flow_id)
    return lanes.flows.get(message.namespace, message.flow_id, message.revision)


def _caller(message: CallFlow) -> Caller:
    place = (message.execution, message.lane, message.run)
    return Caller(*place, message.wait, message.outputs, message.transmit, message.attempt)


def _request(lanes: Lanes, parent: Execution, message: CallFlow, child: str) -> Request:
    node = lanes.flows.get(parent.namespace, parent.flow_id, parent.revision).nodes[split_key(message.run)[0]]
    variables: dict[str, object] = {
        "executionId": parent.id,
        "namespace": parent.namespace,
        "flowId": parent.flow_id,
        "flowRevision": parent.revision,
    }
    inherited = [(key, value) for key, value in parent.labels if not key.startswith("system.")]
    return Request(
        inputs=message.inputs,
        labels=(*(inherited if message.inherit_labels else ()), *message.labels),
        trigger=Trigger(node.id.removesuffix(BATCH), node.type, variables),
        caller=_caller(message),
        owner=parent.id,
        id=child,
        system_labels=[(key, value) for key, value in parent.labels if key.startswith("system.")],
        schedule_date=_instant(message.schedule_date),
    )


def _instant(text: str | None) -> float | None:
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text.strip().partition("[")[0])
    except ValueError:
        raise InputError(
            f"scheduleDate is '{text}', wanted a date with its time and zone: 2026-01-31T08:00:00Z"
        ) from None
    return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).timestamp()


def answer(lanes: Lanes, message: ChildEnded) -> None:
    """Tell a Subflow that its execution has ended."""
    found = lanes.stored(message.child).header()
    token = lanes.load(message.execution, message.lane)
    run = None if token is None else token.lane.runs.get(message.run)
    if found is None or run is None or not found[0].state.is_terminal or found[0].caller is None:
        lanes.advance(message, message.lane, plan.nothing)  # it was answered, or restarted meanwhile and tells again
        return
    child = found[0]
    assert child.caller is not None
    outputs: dict[str, object] = {"state": str(child.state)}
    state = _passed_on(child.state, child.caller.transmit)
    logs: list[LogLine] = []
    if not is_hidden(run.task):  # of many batches only the states are kept: the outputs are the children's own
        outputs = {"executionId": child.id, **outputs, "outputs": child.outputs or {}}
        if child.caller.outputs is not None and child.outputs is None:
            state, logs = _deprecated_outputs(lanes, child, outputs, state)
    first = child.original_id or child.id
    _fold(lanes, message, Outcome(state, outputs, logs=logs, child=child.id, first_child=first))


def _passed_on(state: State, transmit: bool) -> State:
    """Return the state that a Subflow takes from its execution."""
    failing = (State.FAILED, State.KILLED, State.WARNING, State.CANCELLED)
    return state if transmit and state in failing else State.SUCCESS


def _deprecated_outputs(
    lanes: Lanes, child: Execution, outputs: dict[str, object], state: State
) -> tuple[State, list[LogLine]]:
    """Render the Subflow's own `outputs` in the context of its execution."""
    assert child.caller is not None
    token = lanes.load(child.id, MAIN_LANE)
    if token is None:
        return state, []
    _, renderer = lanes.scene(token)
    try:
        outputs["outputs"] = renderer.deep(child.caller.outputs, None)
    except ExpressionError as error:
        return State.FAILED, [LogLine(lanes.now(), Level.ERROR, f"Failed to extract outputs with the error: {error}")]
    return state, []


def retry_execution(lanes: Lanes, intake: Intake, execution: str) -> None:
    """Start a new execution in place of one that was given up, with the same inputs, labels and trigger."""
    found = lanes.stored(execution).header()
    if found is None or found[0].state is not State.RETRIED:
        return
    old = found[0]
    caller = lanes.stored(old.caller.execution).header() if old.caller is not None else None
    if caller is not None and caller[0].state in (State.KILLING, State.KILLED):
        return  # who waited for it was killed, and it with them
    intake.repeat(old, successor_id(old), old.attempt_number + 1)


def execution_ended(lanes: Lanes, states: TriggerStates, execution: str) -> None:
    """Tell whoever waits that an execution has ended."""
    found = lanes.stored(execution).header()
    if found is None or not found[0].state.is_terminal or found[0].state is State.RETRIED:
        return  # a new execution takes the place of one that is RETRIED, its caller's answer included
    _wake_caller(lanes, found[0])
    slots.give_back(lanes, found[0])
    locks.release(lanes, states, found[0])


def execution_finished(lanes: Lanes, states: TriggerStates, execution: str) -> None:
    """Unlock the trigger of an execution whose last task after its end is done."""
    found = lanes.stored(execution).header()
    if found is not None and found[0].state is not State.RETRIED:
        locks.release(lanes, states, found[0])


def _wake_caller(lanes: Lanes, header: Execution) -> None:
    caller = header.caller
    if caller is not None and caller.wait:
        news = ChildEnded(caller.execution, caller.lane, caller.run, header.id)
        lanes.commit([], [envelope(news)])
