"""What the engine's parts share: files, keys, secrets, the clock. Built once, by the runtime."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from tiercel.errors import TaskError
from tiercel.flows import FlowStore
from tiercel.model.execution import Execution, TaskRun
from tiercel.model.flow import Node
from tiercel.namespaces.files import NamespaceFiles
from tiercel.namespaces.keyvalues import KeyValues
from tiercel.namespaces.records import Namespaces
from tiercel.paths import execution_folder
from tiercel.planner.scene import Scene
from tiercel.ports import Clock, ObjectStore, SecretName
from tiercel.taskcache import TaskCache
from tiercel.tasks.core.services import Executions, Triggers


class Secrets(Protocol):
    """Where secrets come from."""

    def get(self, key: str) -> str:
        """Return a secret's value, or raise ExpressionError."""

    def names(self) -> Sequence[str]:
        """Return the secrets' names in upper case, sorted, or raise ConflictError where they may not be listed."""

    def listed(self) -> Sequence[SecretName]:
        """Return the secrets, sorted by their names, or raise ConflictError where they may not be listed."""

    @property
    def is_writable(self) -> bool:
        """Whether secrets can be made, changed and removed from here."""

    def put(self, key: str, value: str, description: str = "") -> None:
        """Keep a secret, whether it was there or not.

        Raises:
            ConflictError: It may not be written, or is the environment's.
            ValueError: It is not spelled as secrets are, or too long.
        """

    def delete(self, key: str) -> None:
        """Remove a secret.

        Raises:
            NotFoundError: There is none.
            ConflictError: It may not be removed, or is the environment's.
        """


class AllExecutions(Executions, Protocol):
    """The executions of the installation, those that a ForEachItem called among them."""

    def batch_outputs(self, scene: Scene, merge: Node, run: TaskRun) -> Iterator[Mapping[str, Any]]:
        """Yield the outputs of the executions that a ForEachItem called, given its last part and that part's run."""

    def iterations(self, scene: Scene, loop: Node, run: TaskRun) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """Yield the number of each iteration of a Loop that has begun, with what its last task gave."""


@dataclass(frozen=True)
class Services:
    """The shared parts."""

    objects: ObjectStore
    files: NamespaceFiles
    keys: KeyValues
    secrets: Secrets
    namespaces: Namespaces
    clock: Clock
    cache_dir: Path
    """A folder for what may be made again."""
    encryption_key: str
    recursive_rendering: bool = False
    """Whether texts that expressions give are rendered again until they no longer change."""
    surroundings: Mapping[str, object] = field(default_factory=dict)
    """`envs`, `globals` and the like."""
    executions: AllExecutions | None = None
    """The other executions; None where tasks cannot reach them."""
    task_cache: TaskCache | None = None
    """What earlier runs gave; None where nothing is kept."""
    offline: bool = False
    """Whether expressions may ask nobody outside: in a test of a flow."""
    flows: FlowStore | None = None
    """The flows; None where tasks cannot reach them."""
    triggers: Triggers | None = None
    """The triggers of all flows; None where tasks cannot reach them."""


def allowed_uri(header: Execution, uri: str) -> str:
    """Return the URI of an internal file if the execution may read it.

    Raises:
        TaskError: It lies under another execution.
    """
    parts = uri.partition("kestra:///")[2].split("/")
    if ".." in parts:
        raise TaskError(f"the file '{uri}' is refused: '..' may not stand in a path", retryable=False)
    if "executions" not in parts or "_files" in parts:
        return uri
    if any(uri.startswith(folder) for folder in _readable(header)):
        return uri
    raise TaskError(f"the file '{uri}' does not belong to the current execution", retryable=False)


def _readable(header: Execution) -> list[str]:
    folders = [execution_folder(header.namespace, header.flow_id, header.id)]
    if header.original_id is not None:
        folders.append(execution_folder(header.namespace, header.flow_id, header.original_id))
    if header.parent_id is not None:
        folders.append(execution_folder(header.namespace, header.flow_id, header.parent_id))
    source = header.trigger.variables if header.trigger is not None else {}
    if {"namespace", "flowId", "executionId"} <= source.keys():
        folders.append(execution_folder(str(source["namespace"]), str(source["flowId"]), str(source["executionId"])))
    return folders
