"""How an installation fares: the port by which a runtime tells it, beside those of `ports.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Readings:
    """How an installation fares; None for what its runtime cannot know. Times are seconds since the epoch."""

    runtime: str
    """`embedded` or `google`."""
    began: float
    """When the process that answers has begun."""
    outbox: int
    """Messages (on Google's services: commits with messages) that stand in the outbox: not sent, or not done with."""
    oldest: float | None = None
    """Since when the oldest message waits that is due and that nobody has taken; None where none waits."""
    ready: int | None = None
    """Messages that are due and that nobody has taken."""
    in_flight: int | None = None
    """Messages that are being handled."""
    later: int | None = None
    """Messages that are due later: timers."""
    looked: float | None = None
    """When somebody last looked for what is due."""
    swept: float | None = None
    """When something was last found that a lost message, or a dead process, had left."""
    found: int = 0
    """How many messages that were."""
    cold_starts: int | None = None
    """How many processes have begun, where they come and go."""
    project: str = ""
    """The project at Google; empty where there is none, as on emulators."""
    region: str = ""
    """Where the functions are."""


class Vitals(Protocol):
    """Tells how an installation fares."""

    def read(self) -> Readings:
        """Read it now; nothing is written."""
