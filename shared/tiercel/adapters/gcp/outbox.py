"""Messages that go out with a commit: they stand in a document of it until they are sent.

The message that is being handled stands behind most of what a commit asks for; the outbox stands behind the rest.
A message that is kept by its lane (`Envelope.kept` is False) is not noted: it would cost a write and repeat nothing.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from tiercel.adapters.gcp.bodies import DATE, LONGEST, Bodies, new_write
from tiercel.adapters.gcp.names import DUE
from tiercel.ports import Clock, Envelope, Stored

Pb = Any

COLLECTION = f"outbox/notes/{DUE}"
"""Where notes lie: in a collection called as that of the triggers, so that one query finds what is due of both."""

PATIENCE = 30.0
"""Seconds after which messages that still stand in the outbox are sent again by the sweep."""

_encode = msgspec.json.encode
_decode = msgspec.json.Decoder(list[tuple[str, bytes, float, bool]]).decode
_log = logging.getLogger("tiercel")


class Due(NamedTuple):
    """A page of what has come due: one query finds it."""

    triggers: list[Stored]
    """The records of triggers."""
    notes: list[Pb]
    """Messages of processes that died before they were sent."""


class Outbox:
    """Notes messages, sends them, and remembers which notes are to be removed."""

    def __init__(self, bodies: Bodies, publish: Callable[[Sequence[Envelope]], None], clock: Clock) -> None:
        self._bodies = bodies
        self._publish = publish
        self._clock = clock
        self._lock = threading.Lock()
        self._sent: list[Pb] = []
        self.tidies = False
        """Whether notes are removed at once when they are sent, by a commit of its own."""

    def notes(self, messages: Sequence[Envelope]) -> list[Pb]:
        """Return the writes that note messages, each as much as a document takes; none for nothing to note."""
        return [self._note(some) for some in _portions([each for each in messages if each.kept])]

    def _note(self, messages: Sequence[Envelope]) -> Pb:
        write = new_write()
        write.update.name = f"{self._bodies.root}/{COLLECTION}/{secrets.token_hex(12)}"
        noted = [(each.key, each.body, each.due, each.works) for each in messages]
        self._bodies.fill(write.update.fields, _encode(noted))
        write.update.fields[DATE].double_value = self.now() + PATIENCE
        write.current_document.exists = False
        return write

    def is_note(self, document: Pb) -> bool:
        """Tell whether a document is a note."""
        return str(document.name).startswith(f"{self._bodies.root}/{COLLECTION}/")

    def noted(self, document: Pb) -> list[Envelope]:
        """Return the messages of a note."""
        noted = _decode(self._bodies.body_of(document))
        return [Envelope(key, body, due, works=works) for key, body, due, works in noted]

    def send(self, notes: Sequence[Pb], messages: Sequence[Envelope]) -> None:
        """Send messages whose commit was done; where that fails, their notes stay, and the sweep sends them."""
        if not messages:
            return
        try:
            self._publish(messages)
        except Exception as error:
            if not notes:
                raise
            _log.warning("%d messages are sent later: %s: %s", len(messages), type(error).__name__, error)
            return
        with self._lock:
            self._sent += [removal(note.update.name) for note in notes]

    def now(self) -> float:
        """Return the time in seconds since the epoch."""
        return self._clock.now().timestamp()

    def sent(self) -> list[Pb]:
        """Take the writes that remove notes whose messages were sent: to be committed, or given back."""
        with self._lock:
            taken, self._sent = self._sent, []
            return taken

    def give_back(self, removals: Sequence[Pb]) -> None:
        """Take writes back that could not be committed."""
        with self._lock:
            self._sent += removals


def removal(name: str) -> Pb:
    """Return the write that removes a document."""
    write = new_write()
    write.delete = name
    return write


def _portions(messages: Sequence[Envelope]) -> Iterator[list[Envelope]]:
    """Yield messages in portions that a document takes as they are; one that is too long alone is a portion."""
    some: list[Envelope] = []
    size = 0
    for message in messages:
        more = len(message.key.encode()) + len(message.body) * 4 // 3 + 64  # in Base64, with what stands around it
        if some and size + more > LONGEST:
            yield some
            some, size = [], 0
        some.append(message)
        size += more
    if some:
        yield some
