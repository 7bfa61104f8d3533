"""The pump: how it ends."""

from __future__ import annotations

import threading
import time

from tiercel.model.messages import ExecutionEnded, Message, encode_message
from tiercel.ports import Delivery
from tiercel.pump import Pump

MANY = 5


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
        at_work.wait(10)
        let_go.wait(10)

    pump = Pump(Busy(), handle, MANY, lambda message, error: None)
    pump.start()
    at_work.wait(10)
    began = time.monotonic()
    pump.close(0.3)
    assert 0.3 <= time.monotonic() - began < 0.6
    let_go.set()
