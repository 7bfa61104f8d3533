"""The places that the contract suites run in: one class for each set of adapters.

A further adapter is one more class here and one more name in `PLACES`. What it truly cannot do is a flag, on which
single tests are skipped by name.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from clocks import HandClock
from tiercel.adapters.local.bus import OutboxBus
from tiercel.adapters.local.objects import FolderObjects
from tiercel.adapters.local.store import SqliteStore
from tiercel.ports import MessageBus, ObjectStore, StateStore


class Place(Protocol):
    """One store, its bus and its objects, as one process at a time sees them."""

    clock: HandClock
    exact_counts: bool
    """A repeated merge does not raise the count."""
    one_of_two_waiting: bool
    """A message that is committed again while it waits is delivered once."""
    in_order_of_due: bool
    """Messages that are due come in the order of their due times."""

    @property
    def store(self) -> StateStore:
        """The state store, open."""

    @property
    def bus(self) -> MessageBus:
        """The bus that carries what the store commits."""

    @property
    def objects(self) -> ObjectStore:
        """The internal storage."""

    def reopen(self) -> None:
        """End the process, as it were, and start the next one."""

    def close(self) -> None:
        """Leave nothing open."""


class LocalPlace:
    """SQLite, its outbox, a folder."""

    exact_counts = True
    one_of_two_waiting = True
    in_order_of_due = True

    def __init__(self, folder: Path) -> None:
        self.clock = HandClock()
        self.folder = folder
        self.objects = FolderObjects(folder)
        self._open()

    def _open(self) -> None:
        self.store = SqliteStore(self.folder)
        self.bus = OutboxBus(self.store, self.clock)
        self.clock.listeners[:] = [self.bus.wake]

    def reopen(self) -> None:
        self.close()
        self._open()

    def close(self) -> None:
        self.bus.close()
        self.store.close()


PLACES: dict[str, Callable[[Path], Place]] = {"local": LocalPlace}
