"""Whether it stays flat: a task of a long chain (P9), a tick on many schedules (P10), counted on the emulators."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

from clocks import HandClock
from engine.test_counts import chain
from gcp.counted import Counts, Installation
from planner.test_random_flows import effectful
from tiercel.cloud.runtime import Cloud
from tiercel.model.states import State
from tiercel.triggerrecords import SCHEDULE, TriggerState, state_write

FLAT = 1.05
"""By how much a further task may cost more in one chain than in another (P9)."""

LARGEST = 64 * 1024
"""Bytes of the largest document (P9)."""

NOON = datetime(2026, 1, 1, 12, 1, tzinfo=UTC)
"""A minute in which nobody looks for executions that stand still."""

TOGETHER = 500
"""Records of one commit."""


def counted_chain(length: int) -> Counts:
    """Return what a chain of tasks with an effect asks for, that stays in one function."""
    installation = Installation()
    try:
        with effectful(True):
            assert installation.run(chain(length), 300.0).state is State.SUCCESS
        return installation.counts
    finally:
        installation.close()


def further(chains: Sequence[tuple[int, Counts]], name: str) -> list[float]:
    """Return what each further task asks for, from one length to the next: without what an execution itself costs."""
    return [
        (getattr(more, name) - getattr(less, name)) / (longer - shorter)
        for (shorter, less), (longer, more) in pairwise(chains)
    ]


def over_length(chains: Sequence[tuple[int, Counts]]) -> Iterator[str]:
    """Yield each bar of P9 that is missed."""
    writes = further(chains, "writes")
    if max(writes) > FLAT * min(writes):
        yield f"a further task: {min(writes):.4f} to {max(writes):.4f} writes, the bar is a factor of {FLAT}"
    for name in ("reads", "deletes", "messages", "invocations"):
        if any(further(chains, name)):
            yield f"a further task: {further(chains, name)} {name}, expected none"
    largest = max(counts.largest for _, counts in chains)
    if largest > LARGEST:
        yield f"the largest document has {largest:,} bytes, the bar is {LARGEST:,}"


class Ticking(Installation):
    """An installation whose clock is turned by hand, with schedules of which some are due."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = HandClock(NOON)
        self.ticked: Cloud = replace(self.cloud, clock=self.clock)
        self.ticked.store.outbox._clock = self.clock

    def schedule(self, count: int, due: int) -> None:
        """Store so many schedules, of which some are due; count from then on."""
        now = self.clock.now().timestamp()
        states = [_state(number, now - 1 if number < due else now + 3600 + number) for number in range(count)]
        for first in range(0, count, TOGETHER):
            self.cloud.store.commit([state_write(state, 0) for state in states[first:][:TOGETHER]])
        self.counts.clear()

    def put_off(self, number: int) -> None:
        """Have a schedule be due tomorrow, as the function does that looks at it: another process."""
        state = _state(number, self.clock.now().timestamp() + 86400)
        (stored,) = self._looker.store.get([state_write(state, 0).key])
        assert stored is not None
        self._looker.store.commit([state_write(state, stored.version)])


def _state(number: int, following: float) -> TriggerState:
    place = (f"team.n{number % 97}", f"flow-{number}", "schedule")
    return TriggerState(*place, type=SCHEDULE, revision=1, active=True, timing='["0 * * * *"]', next=following)


def counted_tick(schedules: int, due: int) -> Counts:
    """Return what one tick asks for."""
    there = Ticking()
    try:
        there.schedule(schedules, due)
        there.ticked.tick()
        return there.counts
    finally:
        there.close()


def over_tick(counts: Counts, due: int) -> Iterator[str]:
    """Yield each bar of P10 that is missed."""
    if counts.reads > 1 + due:
        yield f"a tick with {due} due: {counts.reads} reads, the bar is {1 + due}"
