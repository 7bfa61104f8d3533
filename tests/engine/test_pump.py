"""The pump: how it ends, and when it gives a message up."""

from __future__ import annotations

import threading
import time

from tiercel.errors import TransientError
from tiercel.model.messages import ExecutionEnded, Message, encode_message
from tiercel.ports import Delivery
from tiercel.pump import BAD_TRIES, WORST_TRIES, Pump

MANY = 50


class Busy:
    """A bus that has a message for each of many receivers, and then is closed."""

    def __init__(self) -> None:
        self._left = threading.Semaphore(MANY)

    def receive(self, timeout: float | None) -> Delivery | None:
        if not self._left.acquire(blocking=False):
            return None
        return Delivery("a", encode_message(ExecutionEnded("a")), 1)

    def acknowledge(self, delivery: Delivery) -> None:
        pass

    def later(self, delivery: Delivery, seconds: float) -> None:
        pass


def test_the_time_for_the_end_is_that_of_all_threads_together() -> None:
    at_work, let_go = threading.Barrier(MANY + 1), threading.Event()

    def handle(message: Message) -> None:
        at_work.wait(60)
        let_go.wait(60)

    pump = Pump(Busy(), handle, MANY, lambda message, error: None)
    pump.start()
    at_work.wait(60)
    began = time.monotonic()
    pump.close(0.3)
    assert 0.3 <= time.monotonic() - began < 10
    let_go.set()


def given_up(*errors: Exception, parks: bool = True) -> int:
    """Deliver a message to a handler that raises these, one after the other; return when it was given up, or 0."""
    left, parked = list(errors), []

    def handle(_: Message) -> None:
        raise left.pop(0)

    def park(message: Message, _: Exception) -> None:
        if not parks:
            raise RuntimeError("it cannot be parked")
        parked.append(message)

    bus = Acknowledging()
    pump = Pump(bus, handle, 0, park)
    for attempt in range(1, len(errors) + 1):
        pump.deliver(Delivery("a", encode_message(ExecutionEnded("a")), attempt))
        if bus.done:
            assert bool(parked) is parks
            return attempt
    return 0


class Acknowledging(Busy):
    """A bus that knows whether its message was acknowledged."""

    done = False

    def acknowledge(self, delivery: Delivery) -> None:
        self.done = True


def test_a_message_that_was_given_back_for_a_busy_record_has_failed_at_nothing() -> None:
    busy = [TransientError("somebody walks there")] * 20
    bugs = [RuntimeError("a bug of ours")] * BAD_TRIES
    assert given_up(*bugs) == BAD_TRIES
    assert given_up(*busy, *bugs) == 20 + BAD_TRIES
    assert given_up(*bugs[:-1], *busy) == 0


def test_a_message_that_cannot_even_be_parked_is_dropped_in_the_end() -> None:
    assert given_up(*[RuntimeError("a bug of ours")] * 50, parks=False) == WORST_TRIES
