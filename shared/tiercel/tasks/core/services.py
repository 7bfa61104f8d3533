"""What the core tasks need of their attempt beyond `RunContext`, and what they say where it is not there.

Whoever runs tasks gives its context these attributes; a plugin of the core asks for them here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, cast

from tiercel.errors import TaskError
from tiercel.keyvalues import KeyValues
from tiercel.namespacefiles import NamespaceFiles
from tiercel.ports import RunContext


class StorageContext(RunContext, Protocol):
    """An attempt that may also look at and remove files of its execution in the internal storage."""

    def size(self, uri: str) -> int:
        """Return a file's size in bytes; TaskError where it is not there or not this execution's."""

    def delete(self, uri: str) -> bool:
        """Remove a file; tell whether it was there. TaskError where it is not this execution's."""

    def execution_files(self) -> Iterator[str]:
        """Yield the URIs of every file of this execution."""


def storage_of(ctx: RunContext) -> StorageContext:
    """Return the attempt as one that may remove files."""
    _wanted(ctx, "delete", "remove files of the internal storage")
    return cast(StorageContext, ctx)


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
