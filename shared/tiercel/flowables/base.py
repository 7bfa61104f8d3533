"""What a flowable is, and the few ways in which it can open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar

from tiercel.model.flow import MAIN
from tiercel.model.nesting import Nested, Part
from tiercel.model.states import State
from tiercel.model.task import Task


@dataclass(frozen=True, slots=True)
class Walk:
    """Go through one branch in order."""

    branch: str | None = MAIN
    """None when there is nothing to do: the flowable succeeds at once."""
    outputs: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Loop:
    """Go through the main branch once for each value."""

    values: tuple[str, ...]
    limit: int = 1
    """How many values at once; 0 means all."""
    ordered: bool = True
    """False when the tasks of one value run in parallel too."""
    uri: str | None = None
    """The file that holds the values, in place of `values`."""


@dataclass(frozen=True, slots=True)
class Batches:
    """Go through the main branch once for each line of a file, all lines at once."""

    uri: str
    """The file; all its lines have the same length."""
    size: int
    """How many lines it has."""


@dataclass(frozen=True, slots=True)
class Fork:
    """Start the tasks of the main branch side by side."""

    limit: int = 0
    """How many at once; 0 means all."""
    graph: bool = False
    """True when tasks wait for those they depend on."""
    fail_fast: bool = False
    """True when the first task that fails ends the others."""


@dataclass(frozen=True, slots=True)
class Rest:
    """Stand still until somebody resumes the task, or a time is over."""

    duration: timedelta | None = None
    """After this time it goes on by itself, in `then`."""
    then: State = State.SUCCESS
    timeout: timedelta | None = None
    """After this time it fails."""


@dataclass(frozen=True, slots=True)
class Call:
    """Start another flow's execution, and perhaps wait for it."""

    namespace: str
    flow_id: str
    revision: int | None = None
    inputs: Mapping[str, object] = field(default_factory=dict)
    labels: tuple[tuple[str, str], ...] = ()
    inherit_labels: bool = False
    wait: bool = True
    transmit_failed: bool = True
    outputs: Mapping[str, object] | None = None
    """Deprecated: rendered in the child's context when the child declares no outputs."""
    schedule_date: str | None = None
    restart: str = "RETRY_FAILED"
    """Whether a restart begins the failed execution again (`RETRY_FAILED`) or a new one (`NEW_EXECUTION`)."""


@dataclass(frozen=True, slots=True)
class Change:
    """Change the execution itself (labels, variables, state), then end at once."""

    labels: tuple[tuple[str, str], ...] = ()
    set_variables: Mapping[str, object] | None = None
    overwrite: bool = True
    unset_variables: tuple[str, ...] = ()
    ignore_missing: bool = False
    exit_state: State | None = None
    """End the whole execution in this state."""
    cascade: bool = False
    """Whether the executions that it has called are killed then."""


Opening = Walk | Loop | Batches | Fork | Rest | Call | Change


class FlowableTask(Task):
    """A task that decides which tasks come next."""

    nested: ClassVar[Mapping[str, Nested]] = {MAIN: Nested.REQUIRED}
    """The properties that hold tasks; `errors` and `finally` come besides."""
    has_branches: ClassVar[bool] = True
    """False for a task that has no branches at all (Subflow, Labels, Exit...)."""
    valued: ClassVar[bool] = False
    """True when its children run once for each value (`taskrun.value`)."""
    retried: ClassVar[bool] = False
    """True when the task itself may be retried (Subflow)."""
    default_failure_allowed: ClassVar[bool] = False
    """True when FAILED becomes WARNING without being asked for (AllowFailure)."""

    @classmethod
    def parts(cls, name: str, properties: Mapping[str, object]) -> tuple[Part, ...]:  # noqa: ARG003 - for those that have
        """Return the tasks of which a task is made: with any, it becomes their sequence when the flow is read.

        Args:
            name: The task's id.
            properties: Its properties as authored.
        """
        return ()

    @classmethod
    def added(cls, name: str, properties: Mapping[str, object]) -> Mapping[str, Part]:  # noqa: ARG003 - likewise
        """Return hidden tasks that belong to a task besides those of its author, each by the branch that it ends."""
        return {}

    def open(self) -> Opening:
        """Say what happens next; values are rendered.

        Raises:
            TaskError: The flowable fails.
        """
        raise NotImplementedError
