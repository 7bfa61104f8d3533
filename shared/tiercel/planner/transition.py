"""What a plan decides: the changes are in the records of the scene, everything else is here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tiercel.model.execution import LogLine, TaskRun
from tiercel.model.flow import Node
from tiercel.model.messages import Message
from tiercel.model.states import State


@dataclass(slots=True)
class Work:
    """A task run that is to be run now; its attempt has begun."""

    node: Node
    run: TaskRun


@dataclass(slots=True)
class Outcome:
    """How an attempt ended, or the execution that a Subflow started."""

    state: State
    outputs: dict[str, Any] | None = None
    outputs_uri: str | None = None
    logs: list[LogLine] = field(default_factory=list)
    log_uri: str | None = None
    metrics: list[dict[str, Any]] = field(default_factory=list)
    retryable: bool = True
    children: list[TaskRun] = field(default_factory=list)
    """The runs of a WorkingDirectory's tasks."""
    child: str | None = None
    """The execution that answers, for a Subflow."""
    first_child: str | None = None
    """The execution in whose place that one was started, where it was retried as a whole."""


@dataclass(slots=True)
class Transition:
    """The outcome of planning one event."""

    messages: list[tuple[Message, float]] = field(default_factory=list)
    """What is to be sent, each with the time before which it is not (0: at once)."""
    archived: dict[str, dict[str, TaskRun]] = field(default_factory=dict)
    """The runs that left the lane, by segment."""
    dropped: list[str] = field(default_factory=list)
    """Segments that nobody will look at again."""
    header_changed: bool = False

    @property
    def left(self) -> list[TaskRun]:
        """The runs that left the lane."""
        return [run for runs in self.archived.values() for run in runs.values()]

    def send(self, message: Message, due: float = 0.0) -> None:
        """Have a message sent with the commit."""
        self.messages.append((message, due))
