"""The message bus of one process: the outbox's rows, held in memory in the order in which they are due.

Promise: at least once, never to two receivers at the same time under one key; nobody polls. A message that is
committed again while it waits is one message; while it is being handled, it is delivered once more afterwards.
"""

from __future__ import annotations

import heapq
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

from tiercel.adapters.local.outbox import Letter
from tiercel.adapters.local.store import SqliteStore
from tiercel.errors import TransientError
from tiercel.ports import Clock, Delivery

GRACE = 0.05
"""How long the bus must have been quiet before acknowledgements are written by themselves, in seconds."""
LONGEST_WAIT = 60.0
"""A timer is looked at this often, in seconds: the system's clock may jump, and a machine may have slept."""


class Pending(NamedTuple):
    """How many messages there are."""

    ready: int
    in_flight: int
    later: int
    given_back: int = 0
    """How many of the later ones have been tried before."""


@dataclass(slots=True)
class _Flight:
    """A message that a receiver has."""

    letter: Letter
    again: Letter | None = None
    """The same message, committed anew meanwhile."""


class OutboxBus:
    """Delivers what this process commits, and what ended processes left behind."""

    def __init__(self, store: SqliteStore, clock: Clock, *, grace: float = GRACE, adopt: bool = True) -> None:
        """Open the bus.

        Args:
            store: Where the messages lie.
            clock: Tells what is due.
            grace: How long it must have been quiet before acknowledgements are written by themselves, in seconds.
            adopt: False for who only reads the store: nothing is taken over, nothing is delivered.
        """
        self._store = store
        self._outbox = store.outbox
        self._clock = clock
        self._grace = grace
        self._pause = grace
        self._lock = threading.Lock()
        self._free = threading.Condition(self._lock)
        """Receivers that wait for a message."""
        self._watch = threading.Condition(self._lock)
        """The one receiver that also waits for the next due time."""
        self._still = threading.Condition(self._lock)
        """Those who wait for quiet."""
        self._watched = False
        self._closed = False
        self._ready: deque[Letter] = deque()
        self._later: list[tuple[float, int, Letter]] = []
        self._waiting: set[str] = set()
        self._flights: dict[str, _Flight] = {}
        self.adopted: tuple[float, int] | None = None
        """When messages of ended processes were last taken over, and how many; None for never."""
        if adopt:
            store.adopt(self._arrive, self._take_over, self._now(), thorough=True)

    # -------------------------------------------------------------- the port

    def receive(self, timeout: float | None) -> Delivery | None:
        """Wait for the next message that is due; None when the time is over or the bus is closed."""
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            with self._lock:
                delivery = self._take()
                if delivery is not None or self._closed:
                    return delivery
                left = None if end is None else end - time.monotonic()
                if left is not None and left <= 0:
                    self._relieve()
                    return None
                quiet = self._rest(left)
            if quiet:
                self._tidy()

    def acknowledge(self, delivery: Delivery) -> None:
        """Say that the message is done with; last of all."""
        with self._lock:
            flight = self._land(delivery)
            if flight is None:
                return
            self._outbox.remove(flight.letter)
            if flight.again is not None:
                self._enqueue(flight.again)
                self._ring(1)
            self._hush()

    def later(self, delivery: Delivery, seconds: float) -> None:
        """Ask for the message again after so many seconds."""
        with self._lock:
            flight = self._land(delivery)
            if flight is None:
                return
            letter = flight.letter
            if flight.again is not None:
                self._outbox.remove(letter)
                letter = flight.again
            letter.due = self._now() + seconds
            letter.attempt = delivery.attempt + 1
            self._outbox.postpone(letter)
            self._enqueue(letter)
            self._ring(1)
            self._hush()

    # -------------------------------------------------------------- around it

    def adopt(self) -> None:
        """Take over the messages of processes that have ended since; costs nothing when there are none."""
        self._store.adopt(self._arrive, self._take_over, self._now(), thorough=False)

    def wake(self) -> None:
        """Look at the clock again, after it was turned by hand."""
        with self._lock:
            self._free.notify_all()
            self._watch.notify_all()
            self._still.notify_all()

    def pending(self) -> Pending:
        """Return how many messages are ready, in flight, and due later."""
        with self._lock:
            self._ripen()
            given_back = sum(letter.attempt > 1 for _, _, letter in self._later)
            return Pending(len(self._ready), len(self._flights), len(self._later), given_back)

    def oldest(self) -> float | None:
        """Return since when the oldest message waits that nobody has taken, in seconds since the epoch."""
        with self._lock:
            self._ripen()
            first = self._ready[0] if self._ready else None
            return None if first is None else max(first.since, first.due)

    def next_due(self) -> float | None:
        """Return when the first of the messages is due that are not due yet, in seconds since the epoch."""
        with self._lock:
            return self._later[0][0] if self._later else None

    def wait_quiet(self, timeout: float | None, *, timers: bool = False) -> bool:
        """Wait until nothing is ready or in flight; tell whether it came to that in time.

        Args:
            timeout: In seconds of the wall clock; None waits as long as it takes.
            timers: Wait until nothing is due later either: nothing can move by itself any more.
        """
        with self._lock:
            quiet = self._still.wait_for(lambda: self._closed or self._is_quiet(timers), timeout)
        self._tidy()
        return quiet

    def close(self) -> None:
        """Send every receiver home; what is not acknowledged comes again when the store is opened next."""
        with self._lock:
            self._closed = True
            self._free.notify_all()
            self._watch.notify_all()
            self._still.notify_all()
        self._tidy()

    # -------------------------------------------------------------- with the lock held

    def _take(self) -> Delivery | None:
        """Return the next message that is ready, if there is one, and let another receiver watch the clock."""
        self._ripen()
        if self._closed or not self._ready:
            return None
        letter = self._ready.popleft()
        self._waiting.discard(letter.key)
        self._flights[letter.key] = _Flight(letter)
        self._relieve()
        return Delivery(letter.key, letter.body, letter.attempt)

    def _land(self, delivery: Delivery) -> _Flight | None:
        """Take a message out of the air; None when this delivery was over already."""
        flight = self._flights.get(delivery.key)
        if flight is None or flight.letter.attempt != delivery.attempt:
            return None
        return self._flights.pop(delivery.key)

    def _enqueue(self, letter: Letter) -> None:
        self._waiting.add(letter.key)
        if letter.due <= 0 or letter.due <= self._now():
            self._ready.append(letter)
        else:
            heapq.heappush(self._later, (letter.due, letter.seq, letter))

    def _ripen(self) -> None:
        """Move what has become due to what is ready."""
        if self._later and self._later[0][0] <= (now := self._now()):
            while self._later and self._later[0][0] <= now:
                self._ready.append(heapq.heappop(self._later)[2])

    def _ring(self, count: int) -> None:
        """Wake as many receivers, and the one who watches: the next due time may be nearer."""
        self._free.notify(count)
        self._watch.notify()

    def _relieve(self) -> None:
        """Have another receiver watch, when there is something to watch for."""
        if not self._watched and (self._later or self._ready or self._outbox.has_chores):
            self._free.notify()

    def _hush(self) -> None:
        if not self._flights and not self._ready:
            self._still.notify_all()

    def _is_quiet(self, timers: bool) -> bool:
        self._ripen()
        return not (self._flights or self._ready or (timers and self._later))

    def _rest(self, left: float | None) -> bool:
        """Wait for a message; return True when it was quiet long enough to write acknowledgements down."""
        if self._watched:
            self._free.wait(left)
            return False
        chores = self._outbox.has_chores
        waits = [] if left is None else [left]
        if self._later:
            waits.append(min(self._later[0][0] - self._now(), LONGEST_WAIT))
        if chores:
            waits.append(self._pause)
        self._watched = True
        try:
            rung = self._watch.wait(max(min(waits), 0.0) if waits else None)
        except BaseException:  # interrupted: the others must not wait for a clock that nobody watches
            self._watched = False
            self._relieve()
            raise
        self._watched = False
        self._ripen()
        return chores and not rung and not self._ready

    # -------------------------------------------------------------- without it

    def _arrive(self, letters: list[Letter]) -> None:
        """Take letters that were just committed, or adopted."""
        now = self._now()
        with self._lock:
            for letter in letters:
                letter.since = now
                flight = self._flights.get(letter.key)
                if flight is not None:
                    if flight.again is not None:
                        self._outbox.remove(flight.again)
                    flight.again = letter
                elif letter.key in self._waiting:
                    self._outbox.remove(letter)
                else:
                    self._enqueue(letter)
            self._ring(len(letters))

    def _take_over(self, letters: list[Letter]) -> None:
        """Take letters of ended processes: of two copies the older may have been in flight, so the newer counts."""
        newest = {letter.key: letter for letter in letters}
        for letter in letters:
            heir = newest[letter.key]
            if heir is not letter:
                heir.due, heir.attempt = min(heir.due, letter.due), max(heir.attempt, letter.attempt)
                self._outbox.remove(letter)
        if letters:
            self.adopted = self._now(), len(newest)
        self._arrive(list(newest.values()))

    def _tidy(self) -> None:
        """Write acknowledgements down; on a full disk they wait, ever longer."""
        try:
            self._store.tidy()
            self._pause = self._grace
        except TransientError:
            self._pause = min(self._pause * 2, LONGEST_WAIT)

    def _now(self) -> float:
        return self._clock.now().timestamp()
