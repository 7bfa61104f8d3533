"""What a person asks of an execution, on any runtime; the command line and the API call these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tiercel import again, byhand, resuming
from tiercel.archive import envelope
from tiercel.assembly import Parts
from tiercel.errors import ConflictError
from tiercel.model.flow import Flow
from tiercel.model.messages import KillExecution
from tiercel.model.states import State


def resume(
    rt: Parts,
    execution: str,
    inputs: Mapping[str, object],
    *,
    local_files: bool = False,
    by: str | None = None,
) -> str:
    """Let the first paused task of an execution go on, or the execution where it is paused as a whole.

    Args:
        rt: The runtime.
        execution: The execution's id.
        inputs: Values of the inputs that the pause asks for.
        local_files: Whether the value of a FILE input is a path on this machine: only for whoever sits at it.
        by: The name of whoever asks for it, where it is known.

    Raises:
        NotFoundError: There is no such execution.
        ConflictError: It is not paused.
        InputError: An input of `onResume` is missing or does not validate.
    """
    header = rt.view.header(execution)
    resuming.resume(rt.store, rt.intake, rt.flows, header, inputs, local_files=local_files, by=by)
    return execution


def restart(rt: Parts, execution: str, revision: int | None = None) -> str:
    """Let an execution go on from its failed tasks; on a revision that is named, a new one does. Return its id."""
    if revision is not None:
        return again.restart_on(rt.lanes, rt.intake, execution, revision)
    again.restart(rt.lanes, execution)
    return execution


def replay(
    rt: Parts,
    execution: str,
    task: str | None,
    values: list[str],
    change: again.Differently = again.AS_BEFORE,
) -> str:
    """Begin a new execution from the start or from a task run of an old one; return its id."""
    return again.replay(rt.lanes, rt.intake, execution, task, values, change)


def pause(rt: Parts, execution: str) -> str:
    """Have an execution begin no new task until it is resumed."""
    byhand.pause(rt.lanes, execution)
    return execution


def resume_from_breakpoint(rt: Parts, execution: str, breakpoints: Sequence[str] = ()) -> str:
    """Let an execution go on from the breakpoints at which it stands; others take their place, or none."""
    resuming.resume_from_breakpoint(rt.lanes, execution, breakpoints)
    return execution


def unqueue(rt: Parts, execution: str, state: State = State.RUNNING) -> str:
    """Take an execution out of its flow's queue, into RUNNING, CANCELLED or FAILED."""
    byhand.unqueue(rt.lanes, execution, state)
    return execution


def force_run(rt: Parts, execution: str) -> str:
    """Have an execution run now, whatever it waits for."""
    byhand.force_run(rt.lanes, execution)
    return execution


def change_status(rt: Parts, execution: str, state: State) -> str:
    """Give an ended execution another terminal state."""
    byhand.change_status(rt.lanes, execution, state)
    return execution


def change_state(rt: Parts, execution: str, task: str, values: list[str], state: State) -> str:
    """Give a task run a terminal state, and let the flow go on from there."""
    byhand.change_state(rt.lanes, execution, task, values, state)
    return execution


def set_labels(rt: Parts, execution: str, labels: list[tuple[str, str]]) -> str:
    """Add labels to an execution, or replace those of the same keys."""
    byhand.set_labels(rt.lanes, execution, labels)
    return execution


def kill(rt: Parts, execution: str) -> None:
    """End an execution and what it waits for."""
    header = rt.view.header(execution)
    if header.state.is_terminal:
        raise ConflictError(f"execution {execution} has ended already: it is {header.state}")
    rt.store.commit([], [envelope(KillExecution(execution))])


def start_by_trigger(rt: Parts, flow: Flow, trigger: str, event: Mapping[str, Any] | None) -> str | None:
    """Start a flow as one of its triggers would; None when the trigger's conditions do not hold.

    Args:
        rt: The runtime.
        flow: The flow.
        trigger: The trigger's id.
        event: What it saw; see `starts.Starter.start`.

    Raises:
        NotFoundError: The flow has no such trigger.
        ConflictError: The trigger, or the flow, is disabled.
        InputError: What the trigger saw cannot be, or its inputs do not validate.
    """
    from tiercel.starts import Starter

    worlds = rt.intake.worlds
    return Starter(rt.lanes, rt.intake, worlds, rt.services.surroundings).start(flow, trigger, event)
