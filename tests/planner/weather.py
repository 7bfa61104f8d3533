"""What may happen to messages: another order, repeats, and other messages handled in the middle of one."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from clocks import HandClock
from machine import Machine
from memory import Letter, Memory, MemoryBus, MemoryStore
from tiercel.ports import Delivery, Envelope, Reply, Write

MOST_REPEATS = 3
DEPTH = 3


class TickingClock(HandClock):
    """A clock on which a microsecond goes by with every look."""

    def now(self) -> datetime:
        self._now += timedelta(microseconds=1)
        return self._now


class Weather:
    """Decides what happens, from a seed; seed 0 is fair weather: in order, once, one after the other."""

    def __init__(self, seed: int) -> None:
        self.fair = seed == 0
        self._random = random.Random(seed)

    def choose(self, count: int) -> int:
        return 0 if self.fair else self._random.randrange(count)

    def strikes(self, chance: float) -> bool:
        return not self.fair and self._random.random() < chance


class RepeatingBus(MemoryBus):
    """Delivers some messages again, during and after their handling."""

    def __init__(self, memory: Memory, weather: Weather) -> None:
        super().__init__(memory, weather.choose)
        self._weather = weather
        self._repeats: Counter[str] = Counter()

    def receive(self, timeout: float | None) -> Delivery | None:
        delivery = super().receive(timeout)
        if delivery is not None:
            self._repeat(delivery, 0.2)  # while the first is still being handled
        return delivery

    def acknowledge(self, delivery: Delivery) -> None:
        super().acknowledge(delivery)
        self._repeat(delivery, 0.4)

    def _repeat(self, delivery: Delivery, chance: float) -> None:
        if self._repeats[delivery.key] < MOST_REPEATS and self._weather.strikes(chance):
            self._repeats[delivery.key] += 1
            self._memory.letters.append(Letter(delivery.key, delivery.body, 0.0, 2))


class RestlessStore(MemoryStore):
    """Lets other messages be handled right before a commit."""

    machine: Machine | None = None

    def __init__(self, memory: Memory, weather: Weather) -> None:
        super().__init__(memory)
        self._weather = weather
        self._depth = 0

    def commit(self, writes: Sequence[Write], messages: Sequence[Envelope] = ()) -> list[Reply]:
        self.interrupt(0.4)
        return super().commit(writes, messages)

    def interrupt(self, chance: float) -> None:
        """Have another message handled now, perhaps."""
        if self.machine is None or self._depth >= DEPTH or not self._weather.strikes(chance):
            return
        self._depth += 1
        try:
            self.machine.deliver()
        finally:
            self._depth -= 1


def machine(seed: int) -> Machine:
    """Return a machine in the weather of a seed."""
    weather = Weather(seed)
    memory = Memory(clock=TickingClock())
    store = RestlessStore(memory, weather)
    found = Machine(memory, store=store)
    found.bus = RepeatingBus(memory, weather)
    found.pump._bus = found.bus
    found.worker.before = lambda: store.interrupt(0.5)
    store.machine = found
    return found
