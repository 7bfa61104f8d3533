"""What a person asks of an execution, on the embedded runtime; the command line and the API call these."""

from __future__ import annotations

from collections.abc import Mapping

from tiercel import again
from tiercel.archive import envelope
from tiercel.errors import ConflictError
from tiercel.model.flow import Flow
from tiercel.model.messages import KillExecution, ResumeTask
from tiercel.model.states import State
from tiercel.resuming import resume_outputs
from tiercel.runtime import Runtime


def resume(rt: Runtime, execution: str, inputs: Mapping[str, object], *, local_files: bool = False) -> str:
    """Let the first paused task of an execution go on.

    Args:
        rt: The runtime.
        execution: The execution's id.
        inputs: Values of the inputs that the pause asks for.
        local_files: Whether the value of a FILE input is a path on this machine: only for whoever sits at it.

    Raises:
        NotFoundError: There is no such execution.
        ConflictError: It is not paused.
        InputError: An input of `onResume` is missing or does not validate.

    """
    header = rt.view.header(execution)
    if not header.paused:
        raise ConflictError(f"The execution is not paused: {execution} is {header.state}")
    key, lane = next(iter(header.paused.items()))
    outputs = resume_outputs(rt.intake, rt.flows, header, key, inputs, local_files=local_files)
    message = ResumeTask(execution, lane, key, State.SUCCESS, outputs)
    rt.store.commit([], [envelope(message)])
    return execution


def restart(rt: Runtime, execution: str) -> str:
    """Let an execution go on from its failed tasks."""
    again.restart(rt.lanes, execution)
    return execution


def replay(rt: Runtime, execution: str, task: str | None, values: list[str]) -> str:
    """Begin a new execution from the start or from a task run of an old one; return its id."""
    return again.replay(rt.lanes, rt.intake, execution, task, values)


def kill(rt: Runtime, execution: str) -> None:
    """End an execution and what it waits for."""
    header = rt.view.header(execution)
    if header.state.is_terminal:
        raise ConflictError(f"execution {execution} has ended already: it is {header.state}")
    rt.store.commit([], [envelope(KillExecution(execution))])


def start_by_trigger(rt: Runtime, flow: Flow, trigger: str, event: Mapping[str, object] | None) -> str | None:
    """Start a flow as one of its triggers would; None when the trigger's conditions do not hold."""
    raise ConflictError(f"trigger '{trigger}' of {flow.id}: starting by a trigger comes with a later version")
