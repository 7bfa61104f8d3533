"""Opening a store for reading, wherever it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tiercel.cli.where import LOCAL, Where
from tiercel.errors import NotFoundError

if TYPE_CHECKING:
    from tiercel.assembly import Parts


def folder_of(where: Where) -> Path:
    """Return the folder that was asked for, or the default one."""
    if where.folder is not None:
        return where.folder
    from tiercel.runtime import DEFAULT_STORE

    return DEFAULT_STORE


def existing(where: Where) -> Where:
    """Return the place, if there is a store.

    Raises:
        NotFoundError: There is none in that folder.
    """
    folder = folder_of(where)
    if where.on == LOCAL and not (folder / "tiercel.db").is_file():
        raise NotFoundError(f"there is no store in {folder}: `tiercel run` makes one, --store names another")
    return where


@contextmanager
def reading(where: Where) -> Iterator[Parts]:
    """Open a store that is there without handling its messages, or taking over those of processes that died."""
    existing(where)
    if where.on != LOCAL:
        from tiercel.cli.remote import connected

        with connected(where) as cloud:
            yield cloud.parts
        return
    from tiercel.runtime import embedded

    runtime = embedded(folder_of(where), adopt=False)
    try:
        yield runtime
    finally:
        runtime.close()
