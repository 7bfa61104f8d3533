"""A clock that stands still until a test turns it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class HandClock:
    """A `Clock` that is turned by hand, and tells whoever listens."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._now = start
        self.listeners: list[Callable[[], None]] = []
        """Called after each turn, such as `bus.wake`."""

    def now(self) -> datetime:
        """Return the time that the clock shows."""
        return self._now

    def advance(self, by: timedelta | float) -> None:
        """Turn the clock on by a span, or by so many seconds."""
        self.set(self._now + (by if isinstance(by, timedelta) else timedelta(seconds=by)))

    def set(self, to: datetime) -> None:
        """Turn the clock to a time."""
        self._now = to
        for listener in list(self.listeners):
            listener()
