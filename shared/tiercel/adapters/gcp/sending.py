"""How messages leave a process: at once where they are due, by way of the timers where they are not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from tiercel.adapters.gcp.pubsub import Publisher
from tiercel.ports import Clock, Envelope

SOON = 1.0
"""Seconds before its time at which a message is sent at once; whoever receives it waits for the rest."""


class Timers(Protocol):
    """What sends a message when its time has come."""

    def at(self, envelope: Envelope) -> None:
        """Have a message sent at its due time; doing it twice is doing it once.

        Raises:
            TransientError: The service is busy.
        """


class Sender:
    """Sends the messages of a commit: the `publish` of a `FirestoreStore`."""

    def __init__(self, publisher: Publisher, timers: Timers, clock: Clock) -> None:
        self._publisher = publisher
        self._timers = timers
        self._clock = clock

    def __call__(self, messages: Sequence[Envelope]) -> None:
        """Send messages; where it fails, some may have been sent.

        Raises:
            TransientError: A service is busy.
            TiercelError: It refuses.
        """
        soon = self._clock.now().timestamp() + SOON
        self._publisher.publish([message for message in messages if message.due <= soon])
        for message in messages:
            if message.due > soon:
                self._timers.at(message)
