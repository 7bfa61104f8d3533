"""What the engine's parts share: files, keys, secrets, the clock. Built once, by the runtime."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tiercel.errors import TaskError
from tiercel.keyvalues import KeyValues
from tiercel.model.execution import Execution
from tiercel.namespacefiles import NamespaceFiles
from tiercel.paths import execution_folder
from tiercel.ports import Clock, ObjectStore


class Secrets(Protocol):
    """Where secrets come from."""

    def get(self, key: str) -> str:
        """Return a secret's value, or raise ExpressionError."""


@dataclass(frozen=True)
class Services:
    """The shared parts."""

    objects: ObjectStore
    files: NamespaceFiles
    keys: KeyValues
    secrets: Secrets
    clock: Clock
    cache_dir: Path
    """A folder for what may be made again."""
    encryption_key: str
    surroundings: Mapping[str, object] = field(default_factory=dict)
    """`envs`, `globals` and the like."""


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
