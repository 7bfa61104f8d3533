"""What travels: requests in the imperative, news in the past tense. Each is named from its cause.

A message is decoded, handled and acknowledged last; handling it twice changes nothing.
"""

from __future__ import annotations

from typing import Any

import msgspec

from tiercel.model.execution import Execution, Lane
from tiercel.model.states import State


class _Message(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """Base of all messages."""

    execution: str


class StartExecution(_Message, frozen=True):
    """Begin an execution whose header was just written, or let a queued one through."""

    nonce: str = ""
    """Tells one that somebody forces from the one that waits for its date."""


class Snapshot(msgspec.Struct, frozen=True):
    """A lane and its header as whoever hands the lane over has stored them: the next one need not read them."""

    header: Execution
    header_version: int
    lane: Lane
    lane_version: int


class WalkLane(_Message, frozen=True):
    """Take the lane where it stands and go on."""

    lane: str
    nonce: str = ""
    """Tells one request from an earlier one to the same lane."""
    snapshot: Snapshot | None = None
    """What stood there; a claim insists on the versions, so one that is out of date is refused and read anew."""


class OpenBranches(_Message, frozen=True):
    """Start some branches of a fork."""

    lane: str
    """The parent's lane."""
    run: str
    branches: list[int]


class BranchEnded(_Message, frozen=True):
    """A branch of a counted fork has ended."""

    lane: str
    run: str
    branch: int
    seen: int


class StopBranches(_Message, frozen=True):
    """End the branches of a fork that still run: one of them has failed."""

    lane: str
    """The parent's lane."""
    run: str


class TaskDue(_Message, frozen=True):
    """A wait is over: a retry, a pause, a timeout, a loop's interval."""

    lane: str
    run: str
    why: str
    """`retry`, `pause`, `timeout`, `interval`."""
    number: int = 0
    """Tells this wait from earlier ones of the same run."""


class ResumeTask(_Message, frozen=True):
    """Let a paused task run go on."""

    lane: str
    run: str
    state: State = State.SUCCESS
    outputs: dict[str, Any] | None = None
    by: str | None = None
    """Who says so; None where nobody is known by a name."""


class MarkTask(_Message, frozen=True):
    """End an open task run in a state that somebody gives, whatever its worker says later."""

    lane: str
    run: str
    state: State
    number: int = 0
    """Tells this run of the task from one that a restart began again."""


class RestLanes(_Message, frozen=True):
    """Have every token look at the header again: the execution is paused as a whole."""

    number: int


class EndRest(_Message, frozen=True):
    """Let an execution that is paused as a whole go on."""

    number: int
    """Tells this rest from later ones."""


class ChildEnded(_Message, frozen=True):
    """The execution that a Subflow waits for has ended."""

    lane: str
    run: str
    child: str


class CallFlow(_Message, frozen=True):
    """Start the execution that a Subflow asks for."""

    lane: str
    run: str
    attempt: int
    child: str
    """The execution's id."""
    namespace: str
    flow_id: str
    revision: int | None = None
    inputs: dict[str, Any] = {}
    labels: list[tuple[str, str]] = []
    inherit_labels: bool = False
    wait: bool = True
    outputs: dict[str, Any] | None = None
    schedule_date: str | None = None
    transmit: bool = True
    """Whether its failure is the task's failure."""
    again: bool = False
    """Restart the execution, which failed before, instead of starting a new one."""


class RetryExecution(_Message, frozen=True):
    """Start a new execution in place of one that is RETRIED."""


class ExecutionEnded(_Message, frozen=True):
    """An execution has come to a terminal state: wake its caller, its followers, the queue."""


class ExecutionChanged(_Message, frozen=True):
    """An execution entered a state at which Flow triggers look."""

    state: State
    number: int


class CheckSla(_Message, frozen=True):
    """Look whether a service level is kept."""

    sla: str


class KillExecution(_Message, frozen=True):
    """End an execution now, or what is left of one that has ended."""

    cascade: bool = True
    state: State = State.KILLED
    """The state of what is ended."""
    interrupts: bool = True
    """Whether tasks at work are stopped; else they go on to their end, and nothing follows them."""


class ExecutionFinished(_Message, frozen=True):
    """The last task after an execution that had ended is done: what it locked is free."""


class TriggerDue(_Message, frozen=True):
    """Look at a trigger: a date has come, a backfill goes on, or what locks it may have ended. No execution yet."""

    trigger: str
    """The key of its record."""
    date: float
    """When it was due, in seconds since the epoch."""


class PollDue(_Message, frozen=True):
    """Ask a trigger that polls, where tasks are run. No execution yet."""

    trigger: str
    date: float


Message = (
    StartExecution
    | WalkLane
    | OpenBranches
    | BranchEnded
    | StopBranches
    | TaskDue
    | ResumeTask
    | MarkTask
    | RestLanes
    | EndRest
    | ChildEnded
    | CallFlow
    | RetryExecution
    | ExecutionEnded
    | ExecutionChanged
    | CheckSla
    | KillExecution
    | ExecutionFinished
    | TriggerDue
    | PollDue
)

_CAUSES = frozenset(
    {
        "lane",
        "run",
        "nonce",
        "branch",
        "branches",
        "why",
        "number",
        "attempt",
        "child",
        "state",
        "sla",
        "cascade",
        "trigger",
        "date",
    }
)
"""The fields that say what caused a message; the others only say what to do."""

encode_message = msgspec.json.Encoder().encode
decode_message = msgspec.json.Decoder(Message).decode


def message_key(message: Message) -> str:
    """Return the message's name: the same cause gives the same name, so sending twice is sending once."""
    parts = [type(message).__name__, message.execution]
    for field in message.__struct_fields__[1:]:
        if field not in _CAUSES:
            continue
        value = getattr(message, field)
        parts.append(",".join(map(str, value)) if isinstance(value, list) else str(value))
    return "/".join(parts)
