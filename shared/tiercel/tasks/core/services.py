"""What the core tasks need of their attempt beyond `RunContext`, and what they say where it is not there.

Whoever runs tasks gives its context these attributes; a plugin of the core asks for them here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, cast

from tiercel.errors import TaskError
from tiercel.flows import FlowStore
from tiercel.model.states import Level, State
from tiercel.namespaces.files import NamespaceFiles
from tiercel.namespaces.keyvalues import KeyValues
from tiercel.ports import RunContext


class StorageContext(RunContext, Protocol):
    """An attempt that may also look at and remove files of its execution in the internal storage."""

    def size(self, uri: str) -> int:
        """Return a file's size in bytes; TaskError where it is not there or not this execution's."""

    def delete(self, uri: str) -> bool:
        """Remove a file; tell whether it was there. TaskError where it is not this execution's."""

    def execution_files(self) -> Iterator[str]:
        """Yield the URIs of every file of this execution."""


class BatchContext(RunContext, Protocol):
    """The attempt of a ForEachItem's last part."""

    def batch_outputs(self) -> Iterator[Mapping[str, Any]]:
        """Yield the outputs of the executions that were called for the batches, in order, where they have some."""


class LoopContext(RunContext, Protocol):
    """The attempt of a hidden task of a Loop."""

    def encrypt(self, text: str) -> str:
        """Return a text encrypted with the installation's key."""

    def values_from_file(self) -> bool:
        """Tell whether the values of the loop around an iteration are the lines of a file."""

    def loop_counts(self) -> Mapping[str, Any]:
        """Return how many iterations the loop has, and how they ended."""

    def iterations(self) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
        """Yield the item of each iteration that has begun, in order, with what its last task gave."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which executions are meant."""

    namespace: str | None = None
    within: bool = False
    """Whether the namespaces below are meant too."""
    flow_id: str | None = None
    states: Sequence[str] = ()
    """None means all."""
    since: datetime | None = None
    """Only those that were created then or later."""
    until: datetime | None = None
    """Only those that were created then or earlier."""


@dataclass(frozen=True, slots=True)
class Purge:
    """What of an execution is to go; the whole of it goes where nothing is left."""

    execution: bool = True
    logs: bool = True
    metrics: bool = True
    files: bool = True


@dataclass(slots=True)
class Purged:
    """How much has gone."""

    executions: int = 0
    logs: int = 0
    metrics: int = 0
    files: int = 0


@dataclass(frozen=True, slots=True)
class Seen:
    """An execution as another one sees it."""

    namespace: str
    flow_id: str
    state: State
    began: datetime
    until: datetime
    """When it entered its state."""
    task: str | None = None
    """The task that failed first, else the one that ran last."""
    failed: bool = False
    """Whether that task failed."""


class Executions(Protocol):
    """The executions of the installation."""

    def look(self, execution: str) -> Seen:
        """Return how an execution stands, or raise NotFoundError."""

    def place(self, execution: str) -> tuple[str, str]:
        """Return the namespace and the flow of an execution, or raise NotFoundError."""

    def logs(self, execution: str, tasks: Collection[str], level: Level) -> Iterator[Mapping[str, Any]]:
        """Yield the log lines of an execution from a level on, oldest first; of all tasks where none is named."""

    def count(self, choice: Choice) -> int:
        """Return how many executions there are."""

    def resume(self, execution: str, inputs: Mapping[str, object]) -> None:
        """Let the first paused task of an execution go on.

        Raises:
            NotFoundError: There is no such execution.
            ConflictError: It is not paused.
            InputError: An input of `onResume` is missing or does not validate.
        """

    def purge(self, choice: Choice, what: Purge) -> Purged:
        """Remove executions that have ended, or parts of them."""

    def purge_logs(self, choice: Choice, levels: Collection[Level], since: float | None, until: float) -> int:
        """Remove the log lines of a time and of some levels (all where none is named) of executions that have ended."""


class Triggers(Protocol):
    """The triggers of all flows."""

    def toggle(self, namespace: str, flow_id: str, trigger: str, *, enabled: bool) -> bool:
        """Let a trigger start executions, or not, whatever revision of its flow there is.

        Returns:
            Whether it does from now on: not where its flow's source says `disabled: true`.

        Raises:
            NotFoundError: There is no such flow, or it has no such trigger.
            TransientError: Its state is changed by too many at once.
        """


def storage_of(ctx: RunContext) -> StorageContext:
    """Return the attempt as one that may remove files."""
    _wanted(ctx, "delete", "remove files of the internal storage")
    return cast(StorageContext, ctx)


def batches_of(ctx: RunContext) -> BatchContext:
    """Return the attempt as one that knows the batches before it."""
    _wanted(ctx, "batch_outputs", "read the outputs of the batches")
    return cast(BatchContext, ctx)


def loop_of(ctx: RunContext) -> LoopContext:
    """Return the attempt as one that knows the loop around it."""
    _wanted(ctx, "iterations", "read the outputs of iterations")
    return cast(LoopContext, ctx)


def executions_of(ctx: RunContext) -> Executions:
    """Return the executions of the installation."""
    return cast(Executions, _wanted(ctx, "executions", "reach other executions"))


def triggers_of(ctx: RunContext) -> Triggers:
    """Return the triggers of all flows."""
    return cast(Triggers, _wanted(ctx, "triggers", "reach the triggers of flows"))


def flows_of(ctx: RunContext) -> FlowStore:
    """Return the flows of the installation."""
    return cast(FlowStore, _wanted(ctx, "flows", "change flows"))


def keys_of(ctx: RunContext) -> KeyValues:
    """Return the key-value store."""
    return cast(KeyValues, _wanted(ctx, "keys", "reach the key-value store"))


def files_of(ctx: RunContext) -> NamespaceFiles:
    """Return the namespaces' files."""
    return cast(NamespaceFiles, _wanted(ctx, "files", "change namespace files"))


def _wanted(ctx: RunContext, name: str, purpose: str) -> object:
    found: object = getattr(ctx, name, None)
    if found is None:
        raise TaskError(f"this task cannot {purpose} where it runs; run it on the engine's own worker", retryable=False)
    return found
