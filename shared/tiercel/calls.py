"""Executions that cause executions: subflows, retries of whole executions, and the news that one has ended."""

from __future__ import annotations

from functools import partial

from tiercel.archive import envelope
from tiercel.intake import Intake
from tiercel.lanes import Lanes
from tiercel.model.execution import Execution
from tiercel.model.ids import derived_id
from tiercel.model.messages import CallFlow, ChildEnded
from tiercel.model.states import State
from tiercel.planner import plan
from tiercel.planner.transition import Outcome


def call(lanes: Lanes, intake: Intake, message: CallFlow) -> None:
    """Start the execution that a Subflow asks for."""
    raise NotImplementedError("subflows come with the next part of the language")


def answer(lanes: Lanes, message: ChildEnded) -> None:
    """Tell a Subflow that its execution has ended."""
    found = lanes.stored(message.child).header()
    if found is None:
        return
    child = found[0]
    outputs = {"executionId": child.id, "state": str(child.state), "outputs": child.outputs or {}}
    outcome = Outcome(child.state, outputs, child=child.id)
    lanes.advance(message.execution, message.lane, partial(plan.call_answered, key=message.run, outcome=outcome))


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
    if found is None or not found[0].state.is_terminal:
        return
    _wake_caller(lanes, found[0])


def _wake_caller(lanes: Lanes, header: Execution) -> None:
    caller = header.caller
    if caller is not None and caller.wait:
        news = ChildEnded(caller.execution, caller.lane, caller.run, header.id)
        lanes.commit([], [envelope(news)])
