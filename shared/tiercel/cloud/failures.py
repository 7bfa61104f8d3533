"""How often messages have failed: counted where the next delivery, perhaps to another process, finds it.

A delivery attempt is no such count: a message that was given back because its lane was busy has failed at nothing.
"""

from __future__ import annotations

import hashlib
import logging
from typing import Protocol

from tiercel.errors import TiercelError
from tiercel.ports import Delete, Merge, StateStore

_log = logging.getLogger("tiercel")


class Failures(Protocol):
    """Counts the failures of messages."""

    def note(self, message: str, attempt: int) -> int:
        """Note a failure of a message, by its name, at a delivery attempt; return how many there were."""

    def forget(self, message: str) -> None:
        """Forget a message that is done with."""


class StoredFailures:
    """A map for each message that has failed, with an entry for each delivery: a write for a failure, and no read."""

    def __init__(self, store: StateStore) -> None:
        self._store = store

    def note(self, message: str, attempt: int) -> int:
        """Note a failure of a message, by its name, at a delivery attempt; return how many there were.

        Where the store does not take it, it is none: the message comes again.
        """
        try:
            return self._store.commit([Merge(_key(message), {str(attempt): b"{}"})])[0].count
        except TiercelError as error:
            _log.warning("a failure is not counted: %s", error)
            return 0

    def forget(self, message: str) -> None:
        """Forget a message that is done with."""
        try:
            self._store.commit([Delete(_key(message))])
        except TiercelError as error:
            _log.warning("the failures of a message stay noted: %s", error)


def _key(message: str) -> str:
    return f"failures/{hashlib.sha256(message.encode()).hexdigest()[:24]}"
