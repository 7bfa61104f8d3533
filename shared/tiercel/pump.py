"""The pump of one process: threads that take messages from the bus, handle them, and acknowledge last."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable

from tiercel.errors import TransientError
from tiercel.model.messages import Message, decode_message
from tiercel.ports import Delivery, MessageBus

BUSY_WAIT = 0.02
"""Seconds before a message that met a busy record comes again the first time; doubled each time, up to 5 s."""

BAD_TRIES = 3
"""How often a message that fails in a way it should not is tried, before its execution is ended."""

WORST_TRIES = 10
"""How often ending the execution of a bad message is tried."""

_log = logging.getLogger("tiercel")


Poisoned = Callable[[Message, Exception], None]
"""Ends what a message that nobody can handle belongs to."""


class Pump:
    """Handles what the bus delivers, in as many threads as there is work for."""

    def __init__(self, bus: MessageBus, handle: Callable[[Message], None], threads: int, poisoned: Poisoned) -> None:
        self._bus = bus
        self._handle = handle
        self._poisoned = poisoned
        self._most = threads
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._lock = threading.Lock()
        self._closed = False
        self._given_back: dict[str, tuple[float, TransientError]] = {}
        self._failures: Counter[str] = Counter()
        """How often messages have failed: a delivery attempt is no such count, for a busy record is no failure."""

    def start(self) -> None:
        """Begin with one thread; more follow while all are at work."""
        self._grow()

    def _grow(self) -> None:
        with self._lock:
            if self._closed or self._idle > 0 or len(self._threads) >= self._most:
                return
            thread = threading.Thread(target=self._run, name=f"pump-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            self._idle += 1
        thread.start()

    def _run(self) -> None:
        while not self._closed:
            delivery = self._bus.receive(None)
            if delivery is None:
                return
            with self._lock:
                self._idle -= 1
            self._grow()
            self.deliver(delivery)
            with self._lock:
                self._idle += 1

    def deliver(self, delivery: Delivery) -> None:
        """Handle one message, and acknowledge it last; never raises for what goes wrong with it."""
        try:
            self._handle(decode_message(delivery.body))
        except TransientError as error:
            self._given_back.setdefault(delivery.key, (time.monotonic(), error))
            self._bus.later(delivery, min(5.0, BUSY_WAIT * 2 ** min(delivery.attempt - 1, 10)))
        except Exception as error:  # noqa: BLE001 - one bad message must not stop the others
            self._failures[delivery.key] += 1
            if self._failures[delivery.key] < BAD_TRIES:
                self._bus.later(delivery, 0.1 * self._failures[delivery.key])
                return
            self._bury(delivery, error)
        else:
            self._done(delivery)

    def _done(self, delivery: Delivery) -> None:
        self._given_back.pop(delivery.key, None)
        self._failures.pop(delivery.key, None)
        self._bus.acknowledge(delivery)

    def given_back(self) -> list[tuple[float, TransientError]]:
        """Return the messages that could not be handled so far: for how many seconds, and why the first time."""
        now = time.monotonic()
        return [(now - since, error) for since, error in list(self._given_back.values())]

    def _bury(self, delivery: Delivery, error: Exception) -> None:
        """End what a bad message belongs to; where even that fails, the message alone is given up, and logged."""
        try:
            self._poisoned(decode_message(delivery.body), error)
        except Exception as second:  # noqa: BLE001 - the thread goes on, whatever this message does
            if self._failures[delivery.key] < WORST_TRIES:
                self._bus.later(delivery, 0.1 * self._failures[delivery.key])
                return
            _log.error("a message is dropped: %s", delivery.key, exc_info=second)
        self._done(delivery)

    def close(self, timeout: float) -> None:
        """Have the threads end, and wait so many seconds for all of them; the bus must be closed already."""
        self._closed = True
        end = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
