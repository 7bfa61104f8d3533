"""Opening a store: for reading, or with the engine at work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tiercel.errors import NotFoundError

if TYPE_CHECKING:
    from tiercel.runtime import Runtime


def folder_of(store: Path | None) -> Path:
    """Return the folder that was asked for, or the default one."""
    if store is not None:
        return store
    from tiercel.runtime import DEFAULT_STORE

    return DEFAULT_STORE


def existing(store: Path | None) -> Path:
    """Return the folder of a store that is there.

    Raises:
        NotFoundError: There is none in that folder.
    """
    folder = folder_of(store)
    if not (folder / "tiercel.db").is_file():
        raise NotFoundError(f"there is no store in {folder}: `tiercel run` makes one, --store names another")
    return folder


@contextmanager
def reading(store: Path | None) -> Iterator[Runtime]:
    """Open a store that is there without handling its messages, or taking over those of processes that died."""
    folder = existing(store)
    from tiercel.runtime import embedded

    runtime = embedded(folder, adopt=False)
    try:
        yield runtime
    finally:
        runtime.close()
