"""Executions that cause executions: subflows, retries of whole executions, and the news that one has ended."""

from __future__ import annotations

from functools import partial

from tiercel import slots
from tiercel.archive import envelope
from tiercel.errors import ConflictError, ExpressionError, FlowError, InputError, NotFoundError
from tiercel.intake import CORRELATION, Intake, Request
from tiercel.lanes import Lanes
from tiercel.model.execution import MAIN_LANE, Caller, Execution, LogLine, Trigger
from tiercel.model.flow import Flow
from tiercel.model.ids import derived_id
from tiercel.model.messages import CallFlow, ChildEnded
from tiercel.model.states import Level, State
from tiercel.planner import plan
from tiercel.planner.geometry import split_key
from tiercel.planner.transition import Outcome

SUBFLOW = "io.kestra.plugin.core.flow.Subflow"


def call(lanes: Lanes, intake: Intake, message: CallFlow) -> None:
    """Start the execution that a Subflow asks for; a failure to start it is the task's failure."""
    token = lanes.load(message.execution, message.lane)
    run = None if token is None else token.lane.runs.get(message.run)
    if token is None or run is None or run.state is not State.RUNNING or len(run.attempts) != message.attempt:
        return
    child = derived_id("call", message.execution, message.run, message.attempt)
    try:
        if not lanes.stored(child).header():
            flow = _flow(lanes, message)
            intake.accept(flow, _request(token.header, message, child))
    except (NotFoundError, ConflictError, InputError, FlowError) as error:
        line = LogLine(lanes.now(), Level.ERROR, str(error))
        _fold(lanes, message, Outcome(State.FAILED, logs=[line]))
        return
    if not message.wait:
        _fold(lanes, message, Outcome(State.SUCCESS, {"executionId": child}, child=child))


def _fold(lanes: Lanes, message: CallFlow | ChildEnded, outcome: Outcome) -> None:
    lanes.advance(message, message.lane, partial(plan.call_answered, key=message.run, outcome=outcome))


def _flow(lanes: Lanes, message: CallFlow) -> Flow:
    if message.revision is None:
        return lanes.flows.latest(message.namespace, message.flow_id)
    return lanes.flows.get(message.namespace, message.flow_id, message.revision)


def _request(parent: Execution, message: CallFlow, child: str) -> Request:
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
        trigger=Trigger(split_key(message.run)[0], SUBFLOW, variables),
        caller=Caller(parent.id, message.lane, message.run, message.wait, message.outputs),
        owner=parent.id,
        id=child,
        system_labels=[(key, value) for key, value in parent.labels if key == CORRELATION],
    )


def answer(lanes: Lanes, message: ChildEnded) -> None:
    """Tell a Subflow that its execution has ended."""
    found = lanes.stored(message.child).header()
    token = lanes.load(message.execution, message.lane)
    run = None if token is None else token.lane.runs.get(message.run)
    if found is None or token is None or run is None:
        return
    child = found[0]
    if (child.original_id or child.id) != derived_id("call", message.execution, message.run, len(run.attempts)):
        return  # the child of an attempt that was given up
    task = lanes.flows.get(token.header.namespace, token.header.flow_id, token.header.revision).nodes
    transmit = task[split_key(message.run)[0]].properties.get("transmitFailed", True)
    outputs: dict[str, object] = {"executionId": child.id, "state": str(child.state), "outputs": child.outputs or {}}
    state = _passed_on(child.state, transmit not in (False, "false"))
    logs: list[LogLine] = []
    if child.caller is not None and child.caller.outputs is not None and child.outputs is None:
        state, logs = _deprecated_outputs(lanes, child, outputs, state)
    _fold(lanes, message, Outcome(state, outputs, logs=logs, child=child.id))


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
    intake.repeat(old, derived_id("retry", old.id, old.attempt_number), old.attempt_number + 1)


def execution_ended(lanes: Lanes, execution: str) -> None:
    """Tell whoever waits that an execution has ended."""
    found = lanes.stored(execution).header()
    if found is None or not found[0].state.is_terminal or found[0].state is State.RETRIED:
        return  # a new execution takes the place of one that is RETRIED, its caller's answer included
    _wake_caller(lanes, found[0])
    slots.give_back(lanes, found[0])


def _wake_caller(lanes: Lanes, header: Execution) -> None:
    caller = header.caller
    if caller is not None and caller.wait:
        news = ChildEnded(caller.execution, caller.lane, caller.run, header.id)
        lanes.commit([], [envelope(news)])
