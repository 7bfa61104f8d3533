"""What a person asks of an execution, on any runtime; the command line and the API call these."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tiercel import evaluating, purging
from tiercel.archive import envelope
from tiercel.assembly import Parts
from tiercel.commands import again, byhand, killing, resuming
from tiercel.errors import ConflictError, NotFoundError, TransientError
from tiercel.inputs import InputReport
from tiercel.model.execution import Execution, header_key
from tiercel.model.flow import Flow
from tiercel.model.inputs import InputBase
from tiercel.model.messages import KillExecution
from tiercel.model.states import State
from tiercel.tasks.core.services import Purge, Purged

if TYPE_CHECKING:
    from tiercel.firing.webhooks import HookCall, Started

SOONEST = 0.002
"""Seconds between two looks at an execution that somebody waits for, at first."""
LATEST = 0.5
"""The same, later."""
LOOKS = 16
"""A wait is seen to be over when it has lasted a sixteenth more."""


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


def resume_inputs(rt: Parts, header: Execution) -> Sequence[InputBase]:
    """Return the inputs that the first paused task of an execution asks for, or raise ConflictError."""
    return resuming.asked(rt.flows, header)


def examine_resume(rt: Parts, header: Execution, inputs: Mapping[str, object]) -> Sequence[InputReport]:
    """Return what would become of the inputs with which an execution is resumed, or raise ConflictError."""
    return resuming.examine(rt.intake, rt.flows, header, inputs)


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


def kill(rt: Parts, execution: str, *, cascade: bool = True, also_ended: bool = False) -> None:
    """End an execution and what it waits for; it is KILLING when this returns.

    Args:
        rt: The runtime.
        execution: The execution's id.
        cascade: Whether the executions that it called are killed too.
        also_ended: Whether one that has ended is none to complain of: what it called is killed.

    Raises:
        NotFoundError: There is no such execution.
        ConflictError: It has ended.
    """
    header = rt.view.header(execution)
    if header.state.is_terminal and not also_ended:
        raise ConflictError(f"execution {execution} has ended already: it is {header.state}")
    rt.store.commit([], [envelope(KillExecution(execution, cascade=cascade))])
    with suppress(TransientError):  # the message does it again
        killing.mark(rt.lanes, execution)


def delete(rt: Parts, execution: str, seconds: float, what: Purge = Purge()) -> None:  # noqa: B008 - it is frozen
    """Remove an execution; one that has not ended is killed first.

    Args:
        rt: The runtime.
        execution: The execution's id.
        seconds: How long to wait for its end.
        what: What of it is removed with it.

    Raises:
        NotFoundError: There is no such execution.
        ConflictError: It does not end in time, or somebody restarts it.
    """
    header = rt.view.header(execution)
    if not header.state.is_terminal:
        kill(rt, execution, also_ended=True)
    if not header.finished:
        wait(rt, execution, seconds, lambda header: header.finished)
    purging.purge(rt.store, rt.services.objects, execution, what, Purged())
    if rt.store.get([header_key(execution)])[0] is not None:
        raise ConflictError(f"execution {execution} has been killed and has not come to its end yet; try again")


def delete_logs(rt: Parts, execution: str, is_meant: purging.Meant) -> int:
    """Delete log lines of an execution that has ended; return how many.

    Raises:
        NotFoundError: There is no such execution.
        ConflictError: It has not ended.
    """
    header = rt.view.header(execution)
    if not (header.state.is_terminal and header.finished):
        raise ConflictError(f"execution {execution} is {header.state}: its logs can be deleted once it has ended")
    return purging.purge_logs(rt.store, rt.services.objects, execution, is_meant)


def has_come_to_rest(header: Execution) -> bool:
    """Tell whether an execution has ended, or waits for a person."""
    return header.state.is_terminal or header.state in (State.PAUSED, State.BREAKPOINT)


def wait(
    rt: Parts, execution: str, seconds: float, until: Callable[[Execution], bool] = has_come_to_rest
) -> Execution | None:
    """Wait until an execution stands as wanted; return it then, or as it is when the time is over.

    It is looked at more and more rarely: what is over soon is seen soon, and a long wait costs few reads.

    Args:
        rt: The runtime.
        execution: The execution's id.
        seconds: How long to wait at most.
        until: Tells whether it stands as wanted.

    Returns:
        The execution; None when somebody has removed it.
    """
    begun = time.monotonic()
    while True:
        found = rt.lanes.stored(execution).header()
        waited = time.monotonic() - begun
        if found is None or until(found[0]) or waited >= seconds:
            return None if found is None else found[0]
        time.sleep(min(max(waited / LOOKS, SOONEST), LATEST, seconds - waited))


def call_webhook(rt: Parts, namespace: str, flow_id: str, key: str, call: HookCall) -> Started:
    """Start a flow by the webhook that a key opens.

    Raises:
        NotFoundError: There is no such flow, or the key opens nothing; the text does not say which.
        ConflictError: The trigger, or the flow, is disabled.
        InputError: Its inputs cannot be rendered or do not validate.
    """
    from tiercel.firing import webhooks
    from tiercel.starts import Starter

    try:
        flow = rt.flows.latest(namespace, flow_id)
    except NotFoundError:
        raise webhooks.unknown() from None
    starter = Starter(rt.lanes, rt.intake, rt.intake.worlds, rt.services.surroundings)
    return webhooks.start(starter, flow, key, call)


def evaluate(rt: Parts, execution: str, text: str, run: str | None = None) -> str:
    """Return what an expression gives in an execution, or in the place of one of its runs; secrets are stars.

    Raises:
        NotFoundError: There is no such execution, or no such run in it.
        ExpressionError: The expression cannot be rendered.
    """
    return evaluating.evaluate(rt.lanes, rt.services, execution, text, run)


def evaluator(rt: Parts, execution: str) -> Callable[[str], str]:
    """Return what renders expressions in an execution as it is now, secrets hidden; NotFoundError where it is not."""
    return evaluating.evaluator(rt.lanes, rt.services, execution)


def flow_evaluator(rt: Parts, flow: Flow) -> Callable[[str], str]:
    """Return what renders expressions of a flow that need no execution, secrets hidden."""
    return evaluating.flow_evaluator(rt.services, flow)


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
