"""Letting a paused task go on, with the inputs that it asks for; and an execution from its breakpoints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tiercel.archive import envelope
from tiercel.errors import ConflictError, InputError
from tiercel.flows import FlowStore
from tiercel.inputs import InputReport
from tiercel.intake import Intake
from tiercel.lanes import Lanes
from tiercel.model.execution import Execution, split_key
from tiercel.model.flow import Flow
from tiercel.model.inputs import InputBase, parse_inputs
from tiercel.model.messages import EndRest, Message, ResumeTask, WalkLane
from tiercel.model.states import State
from tiercel.planner.breakpoints import refuse_unknown
from tiercel.ports import StateStore


def resume(
    store: StateStore,
    intake: Intake,
    flows: FlowStore,
    header: Execution,
    inputs: Mapping[str, object],
    *,
    local_files: bool = False,
    by: str | None = None,
) -> None:
    """Let the first paused task of an execution go on, or the execution itself where it is paused as a whole.

    Args:
        store: Sends the message.
        intake: Converts the inputs.
        flows: Knows which inputs the pause asks for.
        header: The execution.
        inputs: Their values.
        local_files: Whether the value of a FILE input is a path on this machine: only for whoever sits at it.
        by: The name of whoever asks for it, where it is known; the pause has it as an output.

    Raises:
        ConflictError: It is not paused.
        InputError: An input of `onResume` is missing or does not validate.
    """
    if header.resting and not header.paused:
        store.commit([], [envelope(EndRest(header.id, len(header.at)))])
        return
    if not header.paused:
        raise _not_paused(header)
    key, lane = next(iter(header.paused.items()))
    outputs = resume_outputs(intake, flows, header, key, inputs, local_files=local_files)
    store.commit([], [envelope(ResumeTask(header.id, lane, key, State.SUCCESS, outputs, by))])


def resume_outputs(
    intake: Intake, flows: FlowStore, header: Execution, run: str, given: Mapping[str, object], *, local_files: bool
) -> dict[str, Any]:
    """Return the outputs that a paused run has once it is resumed with some inputs.

    Raises:
        InputError: An input is missing or does not validate.
    """
    flow = flows.get(header.namespace, header.flow_id, header.revision)
    inputs = _asked_of(flow, run)
    if not inputs:
        return {}
    return {"onResume": intake.resolve(flow, inputs, given, header.id, local_files=local_files)}


def asked(flows: FlowStore, header: Execution) -> Sequence[InputBase]:
    """Return the inputs that the first paused task of an execution asks for; none where it is paused as a whole.

    Raises:
        ConflictError: It is not paused.
    """
    if not header.paused and not header.resting:
        raise _not_paused(header)
    flow = flows.get(header.namespace, header.flow_id, header.revision)
    return _asked_of(flow, next(iter(header.paused))) if header.paused else ()


def examine(intake: Intake, flows: FlowStore, header: Execution, given: Mapping[str, object]) -> Sequence[InputReport]:
    """Return what would become of the inputs with which an execution is resumed; nothing is stored.

    Raises:
        ConflictError: It is not paused.
    """
    flow = flows.get(header.namespace, header.flow_id, header.revision)
    return intake.examine(flow, asked(flows, header), given, header.id).reports


def _asked_of(flow: Flow, run: str) -> Sequence[InputBase]:
    declared = flow.nodes[split_key(run)[0]].properties.get("onResume") or ()
    inputs, problems = parse_inputs(declared, "onResume") if declared else ([], [])
    if problems:
        raise InputError("; ".join(map(str, problems)))
    return inputs


def _not_paused(header: Execution) -> ConflictError:
    return ConflictError(f"The execution is not paused: {header.id} is {header.state}")


def resume_from_breakpoint(lanes: Lanes, execution: str, breakpoints: Sequence[str] = ()) -> None:
    """Let every run of an execution begin that stands at a breakpoint.

    Args:
        lanes: Where executions are.
        execution: The execution's id.
        breakpoints: Where it is to stop from now on, in place of the breakpoints that it had.

    Raises:
        NotFoundError: There is no such execution.
        ConflictError: None of its runs is suspended.
        InputError: The flow has no such task.
    """

    def change(header: Execution) -> list[Message]:
        if not header.suspended:
            found = f"execution {execution} is {header.state}, and no task run of it stands at a breakpoint"
            raise ConflictError(f"{found}; only one that is BREAKPOINT can go on from there")
        refuse_unknown(lanes.flows.get(header.namespace, header.flow_id, header.revision), breakpoints)
        nonce = f"breakpoint/{len(header.at)}"
        messages: list[Message] = [WalkLane(execution, lane, nonce) for lane in header.suspended.values()]
        header.breakpoints = list(breakpoints)
        header.suspended.clear()
        header.become(header.stands, lanes.now())
        return messages

    lanes.change_header(execution, change)
