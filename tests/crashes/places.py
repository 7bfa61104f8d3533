"""Places that survive a crash: the memory, and a folder with SQLite."""

from __future__ import annotations

import itertools
from collections import OrderedDict
from pathlib import Path

from crashes.tripwires import Wire, wired
from machine import Machine
from memory import Memory, MemoryBus, MemoryObjects, MemoryStore
from tiercel.adapters.local.bus import OutboxBus
from tiercel.adapters.local.objects import FolderObjects
from tiercel.adapters.local.store import SqliteStore
from tiercel.model.flow import Flow

Parsed = OrderedDict[tuple[str, str, int], Flow]
"""The flows of one test, parsed once for all its machines: there are thousands of them."""


class MemoryPlace:
    """Dicts; each machine is a new process."""

    def __init__(self, parsed: Parsed) -> None:
        self.memory = Memory()
        self.parsed = parsed
        self._numbers = itertools.count()
        self.machine: Machine | None = None

    def begin(self, wire: Wire) -> Machine:
        """Begin a process."""
        self.machine = Machine(
            self.memory,
            owner=f"process-{next(self._numbers)}",
            store=wired(MemoryStore(self.memory), wire),
            objects=wired(MemoryObjects(self.memory), wire),
            bus=wired(MemoryBus(self.memory), wire),
        )
        self.machine.flows._parsed = self.parsed
        return self.machine

    def die(self) -> None:
        """End the process, as `kill -9` does."""
        assert self.machine is not None
        self.memory.die(self.machine.owner)


class RoutedPlace(MemoryPlace):
    """Dicts; each machine runs tasks only for the messages that ask for it, and may die before it sends them."""

    def begin(self, wire: Wire) -> Machine:
        """Begin a process."""
        store = MemoryStore(self.memory)
        store.publish = wired(store, wire).publish  # type: ignore[method-assign]
        self.machine = Machine(
            self.memory,
            owner=f"process-{next(self._numbers)}",
            store=wired(store, wire),
            objects=wired(MemoryObjects(self.memory), wire),
            bus=wired(MemoryBus(self.memory), wire),
            routed=True,
        )
        self.machine.flows._parsed = self.parsed
        return self.machine


class SqliteMachine(Machine):
    """A machine on a folder."""

    outbox: OutboxBus

    def next_due(self) -> float | None:
        return self.clock.now().timestamp() + 0.5 if self.outbox.pending().later else None


class SqlitePlace:
    """A folder; each machine is a new process in it."""

    def __init__(self, folder: Path, parsed: Parsed) -> None:
        self.parsed = parsed
        self.folder = folder
        self.memory = Memory()
        """Only its clock."""
        self.store: SqliteStore | None = None

    def begin(self, wire: Wire) -> Machine:
        """Begin a process."""
        self.store = SqliteStore(self.folder)
        bus = OutboxBus(self.store, self.memory.clock)
        machine = SqliteMachine(
            self.memory,
            owner=self.store.owner,
            store=wired(self.store, wire),
            objects=wired(FolderObjects(self.folder), wire),
            bus=wired(bus, wire),
        )
        machine.outbox = bus
        machine.flows._parsed = self.parsed
        return machine

    def die(self) -> None:
        """End the process: nothing is written down, and the kernel lets go of its lock."""
        assert self.store is not None
        self.store._database.close()
        self.store._owner.leave(forget=False)
