"""Messages that go out with a commit: they stand in a document of it until they are sent.

The message that is being handled stands behind most of what a commit asks for; the outbox stands behind the rest.
A message that is kept by its lane (`Envelope.kept` is False) is not noted: it would cost a write and repeat nothing.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from tiercel.adapters.gcp.bodies import BODY, DATE, new_write
from tiercel.ports import Clock, Envelope

Pb = Any

COLLECTION = "outbox"

PATIENCE = 30.0
"""Seconds after which messages that still stand in the outbox are sent again by the sweep."""

_encode = msgspec.json.encode
_decode = msgspec.json.Decoder(list[tuple[str, bytes, float, bool]]).decode
_log = logging.getLogger("tiercel")


class Outbox:
    """Notes messages, sends them, and remembers which notes are to be removed."""

    def __init__(self, root: str, publish: Callable[[Sequence[Envelope]], None], clock: Clock) -> None:
        self._root = root
        self._publish = publish
        self._clock = clock
        self._lock = threading.Lock()
        self._sent: list[Pb] = []

    def note(self, messages: Sequence[Envelope]) -> Pb | None:
        """Return the write that notes messages; None when there is nothing to note."""
        noted = [(each.key, each.body, each.due, each.works) for each in messages if each.kept]
        if not noted:
            return None
        write = new_write()
        write.update.name = f"{self._root}/{COLLECTION}/{secrets.token_hex(12)}"
        write.update.fields[BODY].bytes_value = _encode(noted)
        write.update.fields[DATE].double_value = self.now() + PATIENCE
        write.current_document.exists = False
        return write

    def send(self, note: Pb | None, messages: Sequence[Envelope]) -> None:
        """Send messages whose commit was done; where that fails, the note stays, and the sweep sends them."""
        if not messages:
            return
        try:
            self._publish(messages)
        except Exception as error:
            if note is None:
                raise
            _log.warning("%d messages are sent later: %s: %s", len(messages), type(error).__name__, error)
            return
        if note is not None:
            with self._lock:
                self._sent.append(removal(note.update.name))

    def now(self) -> float:
        """Return the time in seconds since the epoch."""
        return self._clock.now().timestamp()

    def sent(self) -> list[Pb]:
        """Return the writes that remove notes whose messages were sent."""
        with self._lock:
            return list(self._sent)

    def forget(self, removed: Sequence[Pb]) -> None:
        """Take note that notes were removed."""
        with self._lock:
            self._sent = [each for each in self._sent if not any(each is gone for gone in removed)]


def removal(name: str) -> Pb:
    """Return the write that removes a document."""
    write = new_write()
    write.delete = name
    return write


def envelopes_in(document: Pb) -> list[Envelope]:
    """Return the messages of a note."""
    noted = _decode(document.fields[BODY].bytes_value)
    return [Envelope(key, body, due, works=works) for key, body, due, works in noted]
