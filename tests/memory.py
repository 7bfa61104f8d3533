"""The ports in memory: plain dicts, one thread, nothing that a test does not decide.

`Memory` is what outlives a process; `MemoryStore`, `MemoryBus` and `MemoryObjects` are one process's doors to it.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Unpack

from clocks import HandClock
from tiercel.errors import NotFoundError
from tiercel.ports import (
    Create,
    Delete,
    Delivery,
    Envelope,
    Index,
    Merge,
    Put,
    Refused,
    Reply,
    Stored,
    StoredFile,
    Update,
    Where,
    Write,
)

Choose = Callable[[int], int]
"""Picks one of so many messages that are ready."""


def first(count: int) -> int:
    """Pick the oldest message."""
    return 0


@dataclass
class Document:
    """A stored document."""

    body: bytes
    version: int
    index: Index | None


@dataclass
class Letter:
    """A message that was not acknowledged yet."""

    key: str
    body: bytes
    due: float
    attempt: int = 1


@dataclass
class Memory:
    """What outlives a process: documents, maps, messages, files, and who is known to have ended."""

    clock: HandClock = field(default_factory=HandClock)
    documents: dict[str, Document] = field(default_factory=dict)
    maps: dict[str, dict[str, bytes]] = field(default_factory=dict)
    letters: list[Letter] = field(default_factory=list)
    flights: list[Letter] = field(default_factory=list)
    """Messages that somebody has and did not acknowledge."""
    files: dict[str, bytes] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    sent: list[Envelope] = field(default_factory=list)
    """Every message that was ever sent."""
    counts: Counter[str] = field(default_factory=Counter)
    """What the ports were asked for: writes, documents, entries, bytes, reads, queried, messages, refused."""
    written: Counter[str] = field(default_factory=Counter)
    """How often each document or map was written."""
    largest: int = 0
    """Bytes of the largest document."""

    def die(self, owner: str) -> None:
        """End a process: what it did not acknowledge comes again."""
        self.gone.add(owner)
        for letter in self.flights:
            letter.attempt += 1
        self.letters += self.flights
        self.flights = []


class MemoryStore:
    """Implements `StateStore`."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def get(self, keys: Sequence[str]) -> list[Stored | None]:
        self._memory.counts["reads"] += len(keys)
        found = [(key, self._memory.documents.get(key)) for key in keys]
        return [None if each is None else Stored(key, each.body, each.version) for key, each in found]

    def entries(self, key: str) -> dict[str, bytes]:
        self._memory.counts["reads"] += 1
        return dict(sorted(self._memory.maps.get(key, {}).items()))

    def scan(self, prefix: str) -> Iterator[Stored]:
        for key in sorted(self._memory.documents):
            if key.startswith(prefix):
                self._memory.counts["reads"] += 1
                yield Stored(key, self._memory.documents[key].body, self._memory.documents[key].version)

    def scan_entries(self, prefix: str) -> Iterator[tuple[str, str, bytes]]:
        for key in sorted(self._memory.maps):
            if key.startswith(prefix):
                self._memory.counts["reads"] += 1
                for entry, body in sorted(self._memory.maps[key].items()):
                    yield key, entry, body

    def query(
        self,
        kind: str,
        *,
        newest_first: bool = False,
        after: tuple[float, str] | None = None,
        limit: int = 1000,
        **where: Unpack[Where],
    ) -> list[Stored]:
        found = self._chosen(kind, where)
        found.sort(key=lambda row: row[:2], reverse=newest_first)
        if after is not None:
            found = [row for row in found if (row[:2] < after if newest_first else row[:2] > after)]
        self._memory.counts["queried"] += max(1, len(found[:limit]))
        return [Stored(key, each.body, each.version) for _, key, each in found[:limit]]

    def count(self, kind: str, **where: Unpack[Where]) -> int:
        self._memory.counts["counted"] += 1
        return len(self._chosen(kind, where))

    def _chosen(self, kind: str, where: Where) -> list[tuple[float, str, Document]]:
        found = []
        states, within = where.get("states", ()), where.get("within")
        since, until = where.get("since"), where.get("until")
        equal = (where.get("namespace"), where.get("flow_id"), where.get("owner"))
        for key, each in self._memory.documents.items():
            index = each.index
            if index is None or index.kind != kind or (states and index.state not in states):
                continue
            if (since is not None and index.date < since) or (until is not None and index.date > until):
                continue
            if within is not None and not f"{index.namespace}.".startswith(f"{within}."):
                continue
            has = (index.namespace, index.flow_id, index.owner)
            if all(value is None or value == own for value, own in zip(equal, has, strict=True)):
                found.append((index.date, key, each))
        return found

    def commit(self, writes: Sequence[Write], messages: Sequence[Envelope] = ()) -> list[Reply]:
        for write in writes:
            self._check(write)
        replies = [self._write(write) for write in writes]
        for message in messages:
            if message.kept:
                self._send(message)
        for message in messages:
            if not message.kept:
                self.publish(message)
        return replies

    def publish(self, message: Envelope) -> None:
        """Send a message that no commit keeps: a process may die before it comes to that."""
        self._send(message)

    def is_gone(self, owner: str) -> bool:
        return owner in self._memory.gone

    def _check(self, write: Write) -> None:
        stored = self._memory.documents.get(getattr(write, "key", ""))
        absent = isinstance(write, Create) and stored is not None
        version = write.version if isinstance(write, Update | Delete) else 0
        named = isinstance(write, Update) or version > 0
        stale = named and (stored is None or stored.version != version)
        if absent or stale:
            self._memory.counts["refused"] += 1
            raise Refused(write.key)

    def _write(self, write: Write) -> Reply:
        memory = self._memory
        memory.counts["writes"] += 1
        memory.written[write.key] += 1
        match write:
            case Merge(key, entries):
                memory.counts["entries"] += len(entries)
                memory.counts["bytes"] += sum(map(len, entries.values()))
                memory.maps.setdefault(key, {}).update(entries)
                return Reply(count=len(memory.maps[key]))
            case Delete(key):
                memory.counts["deletes"] += 1
                memory.documents.pop(key, None)
                memory.maps.pop(key, None)
                return Reply()
            case Create() | Update() | Put():
                memory.counts["documents"] += 1
                memory.counts["bytes"] += len(write.body)
                memory.largest = max(memory.largest, len(write.body))
                stored = memory.documents.get(write.key)
                version = 1 if stored is None else stored.version + 1
                memory.documents[write.key] = Document(write.body, version, write.index)
                return Reply(version=version)

    def _send(self, message: Envelope) -> None:
        self._memory.counts["messages"] += 1
        self._memory.sent.append(message)
        if all(letter.key != message.key for letter in self._memory.letters):
            self._memory.letters.append(Letter(message.key, message.body, message.due))


class MemoryBus:
    """Implements `MessageBus`: delivers in the order that a test chooses, and never waits."""

    def __init__(self, memory: Memory, choose: Choose = first) -> None:
        self._memory = memory
        self._choose = choose

    def receive(self, timeout: float | None) -> Delivery | None:
        now = self._memory.clock.now().timestamp()
        ready = [letter for letter in self._memory.letters if letter.due <= now]
        if not ready:
            return None
        letter = ready[self._choose(len(ready))]
        self._memory.letters.remove(letter)
        self._memory.flights.append(letter)
        return Delivery(letter.key, letter.body, letter.attempt)

    def acknowledge(self, delivery: Delivery) -> None:
        self._land(delivery)

    def later(self, delivery: Delivery, seconds: float) -> None:
        letter = self._land(delivery)
        if letter is not None:
            now = self._memory.clock.now().timestamp()
            again = Letter(letter.key, letter.body, now + seconds, letter.attempt + 1)
            self._memory.letters.append(again)

    def _land(self, delivery: Delivery) -> Letter | None:
        for letter in self._memory.flights:
            if letter.key == delivery.key:
                self._memory.flights.remove(letter)
                return letter
        return None


class MemoryObjects:
    """Implements `ObjectStore`."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def open(self, uri: str) -> BinaryIO:
        if uri not in self._memory.files:
            raise NotFoundError(f"there is no file '{uri}'")
        return io.BytesIO(self._memory.files[uri])

    def write(self, uri: str, content: BinaryIO | bytes) -> int:
        body = content if isinstance(content, bytes) else content.read()
        self._memory.files[uri] = body
        return len(body)

    def size(self, uri: str) -> int:
        return len(self.open(uri).read())

    def list(self, prefix: str) -> Iterator[str]:
        yield from sorted(uri for uri in self._memory.files if uri.startswith(prefix))

    def describe(self, uri: str) -> StoredFile:
        return StoredFile(uri, self.size(uri), self._memory.clock.now().timestamp())

    def look(self, prefix: str) -> Iterator[StoredFile]:
        return map(self.describe, self.list(prefix))

    def folders(self, prefix: str) -> Iterator[str]:
        below = prefix if prefix.endswith("/") else f"{prefix}/"
        inside = (uri.removeprefix(below) for uri in self.list(below))
        yield from sorted({path.split("/")[0] for path in inside if "/" in path})

    def delete(self, uri: str) -> bool:
        return self._memory.files.pop(uri, None) is not None

    def local_path(self, uri: str) -> Path | None:
        return None
