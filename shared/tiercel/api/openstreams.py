"""How many streams one process holds open: each keeps a thread."""

from __future__ import annotations

from threading import Lock

from tiercel.errors import TransientError

MOST = 32
"""Streams of one process: half of the threads that the server has at most."""


class OpenStreams:
    """Counts the streams that are open."""

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self._open = 0
        self._lock = Lock()

    @property
    def count(self) -> int:
        """How many there are now."""
        return self._open

    def enter(self) -> None:
        """Take a place.

        Raises:
            TransientError: There is none left: 503, and the client comes again.
        """
        with self._lock:
            if self._open >= self.most:
                raise TransientError(f"{self.most} streams are open, as many as may be; try again, or ask without one")
            self._open += 1

    def leave(self) -> None:
        """Give a place back."""
        with self._lock:
            self._open -= 1
