"""How many requests of one process may last: each keeps a thread, and the others must find one, too."""

from __future__ import annotations

from threading import Lock

from tiercel.errors import TransientError

MOST = 32
"""Streams of one process."""

MOST_WAITS = 128
"""Requests of one process that wait for an execution."""


class OpenStreams:
    """Counts the requests of a kind that last, and tells them when the server stops."""

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self.closing = False
        """Whether they are to end as soon as they can."""
        self._open = 0
        self._lock = Lock()

    @property
    def count(self) -> int:
        """How many there are now."""
        return self._open

    def close(self) -> None:
        """Have them end, and let nobody in any more."""
        self.closing = True

    def has_entered(self) -> bool:
        """Take a place, if there is one left; tell whether there was."""
        with self._lock:
            if self.closing or self._open >= self.most:
                return False
            self._open += 1
            return True

    def enter(self) -> None:
        """Take a place.

        Raises:
            TransientError: There is none left: 503, and the client comes again.
        """
        if not self.has_entered():
            raise TransientError(f"{self.most} streams are open, as many as may be; try again, or ask without one")

    def leave(self) -> None:
        """Give a place back."""
        with self._lock:
            self._open -= 1
