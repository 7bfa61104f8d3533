"""The tick: finding the triggers that are due, and, on one machine, sleeping until the next one is.

Promise: a tick reads what is due, one document at least; it writes nothing but messages, and a doubled tick sends the
same ones. The sleeper neither reads nor writes while nothing is due, but once a minute, when it reads one document:
another process may have deployed something, or the machine's clock have jumped.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from tiercel.archive import envelope
from tiercel.errors import TransientError
from tiercel.ports import Clock, StateStore, Stored
from tiercel.triggerrecords import KIND, LOOK, NEVER, Alarm, TriggerState, decode_state

MOST = 10_000
"""Triggers that one tick has somebody look at; the others come with the next one."""

TOGETHER = 500
"""Messages of one commit."""

LONGEST_SLEEP = 60.0
AFTER_TROUBLE = 1.0

_log = logging.getLogger("tiercel")


@dataclass(frozen=True)
class Tick:
    """What one tick has found."""

    seen: frozenset[tuple[str, int]]
    """The records that were due, with their versions."""
    sent: int
    """How many messages were sent."""


def tick(store: StateStore, now: float, known: frozenset[tuple[str, int]] = frozenset()) -> Tick:
    """Have somebody look at every trigger that is due.

    Args:
        store: The state store.
        now: The time, in seconds since the epoch.
        known: Records with their versions that somebody looks at already.
    """
    return look(store, store.query(KIND, until=now, limit=MOST), known)


def look(store: StateStore, found: Sequence[Stored], known: frozenset[tuple[str, int]] = frozenset()) -> Tick:
    """Have somebody look at triggers whose records were found to be due; but for those that are known."""
    fresh = [stored for stored in found if (stored.key, stored.version) not in known]
    _send(store, fresh)
    return Tick(frozenset((stored.key, stored.version) for stored in found), len(fresh))


def _send(store: StateStore, found: Sequence[Stored]) -> None:
    states = [state for state in map(_state, found) if state is not None]
    messages = [envelope(state.message()) for state in states]
    for first in range(0, len(messages), TOGETHER):
        store.commit([], messages[first : first + TOGETHER])


def _state(stored: Stored) -> TriggerState | None:
    """Return a record; None for one that nobody can read: it must not stop the others."""
    try:
        return decode_state(stored.body)
    except msgspec.MsgspecError as error:
        _log.error("the record of a trigger cannot be read: %s", error, extra={"trigger": stored.key})
        return None


class Scheduler:
    """A thread that sleeps until the next trigger is due, and then ticks."""

    def __init__(self, store: StateStore, clock: Clock, alarm: Alarm, begins: Callable[[float], None]) -> None:
        """Make the thread, not started yet.

        Args:
            store: The state store.
            clock: Tells the time.
            alarm: Tells of dates that this process writes.
            begins: Is told when it starts: what was due before was missed.
        """
        self._begins = begins
        self._store = store
        self._clock = clock
        self._alarm = alarm
        self._lock = threading.Condition()
        self._until = NEVER
        self._closed = False
        self._known: frozenset[tuple[str, int]] = frozenset()
        self._forgot = 0.0
        self._thread: threading.Thread | None = None
        self.looked: float | None = None
        """When it last looked, in seconds since the epoch; None for never."""

    def start(self) -> None:
        """Begin; what has become due meanwhile is looked at first."""
        self._begins(self._now())
        self._alarm.listener = self.ring
        self._thread = threading.Thread(target=self._run, name="scheduler", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop; nothing happens where it was never started."""
        with self._lock:
            self._closed = True
            self._lock.notify()
        if self._thread is not None:
            self._thread.join(5.0)
            self._alarm.listener = None

    def ring(self, date: float) -> None:
        """Wake at a date, if that is before the next one that is known."""
        with self._lock:
            if date < self._until:
                self._until = date
                self._lock.notify()

    def wake(self) -> None:
        """Look at the clock again: it was turned."""
        with self._lock:
            self._lock.notify()

    def _run(self) -> None:
        while not self._closed:
            with self._lock:
                self._until = NEVER
            try:
                following = self.look()
            except TransientError as error:
                _log.warning("the scheduler tries again: %s", error)
                following = self._now() + AFTER_TROUBLE
            except Exception:  # noqa: BLE001 - whatever is wrong now, the schedules must go on
                if self._closed:
                    return
                _log.exception("the scheduler tries again")
                following = self._now() + LONGEST_SLEEP
            self._sleep(following)

    def look(self) -> float:
        """Tick, and return when the next trigger is due."""
        now = self._now()
        if now - self._forgot > LOOK:  # what somebody should have looked at by then is sent again
            self._known, self._forgot = frozenset(), now
        found = tick(self._store, now, self._known)
        self._known, self.looked = found.seen, now
        if len(found.seen) == MOST:
            return now + AFTER_TROUBLE
        head = self._store.query(KIND, limit=len(found.seen) + 1)
        dates = [state.due for state in map(_state, head) if state is not None]
        return min((date for date in dates if date > now), default=NEVER)

    def _sleep(self, following: float) -> None:
        """Sleep until a date, or one of which somebody says that it is before that, but no longer than a minute."""
        with self._lock:
            self._until = min(self._until, following)
            left = self._until - self._now()
            if left > 0 and not self._closed:
                self._lock.wait(min(left, LONGEST_SLEEP))
            # an early waking, and one by another process's hand, only look again

    def _now(self) -> float:
        return self._clock.now().timestamp()
