"""Random flows in functions of several sizes: tasks are handed over, and messages come twice, late, or never."""

from __future__ import annotations

import random

from hypothesis import given, note
from hypothesis import strategies as st

from crashes.places import Parsed, RoutedPlace
from crashes.test_random_crashes import ID, finish
from crashes.tripwires import Wire, wired
from machine import Machine, states
from planner.random_flows import Task, flows, source
from planner.reference import Reference
from planner.test_random_flows import check, effectful, few
from planner.weather import RepeatingBus, Weather, machine
from tiercel.archive import envelope
from tiercel.model.execution import is_hidden
from tiercel.model.messages import ExecutionEnded, decode_message
from tiercel.model.states import State
from tiercel.ports import Delivery
from tiercel.sweeping import PATIENCE, sweep

MOST_LOST = 6
SWEEPS = 60


def route(found: Machine, tasks: int) -> None:
    """Have a machine begin only so many tasks for a message that asks for work, and none for the others."""
    left = [0]
    deliver = found.pump.deliver

    def works() -> bool:
        left[-1] -= 1
        return left[-1] >= 0

    def counted(delivery: Delivery) -> None:
        left.append(tasks if envelope(decode_message(delivery.body)).works else 0)
        try:
            deliver(delivery)
        finally:
            left.pop()

    found.lanes._works = works
    found.pump.deliver = counted  # type: ignore[method-assign]


def lose(found: Machine, chance: random.Random) -> None:
    """Have a machine lose some messages for good."""
    bus, left = found.bus, [MOST_LOST]
    receive = bus.receive

    def losing(timeout: float | None) -> Delivery | None:
        delivery = receive(timeout)
        if delivery is None or left[0] == 0 or chance.random() < 0.6:
            return delivery
        if isinstance(decode_message(delivery.body), ExecutionEnded):
            return delivery
        left[0] -= 1
        bus.acknowledge(delivery)
        return losing(timeout)

    bus.receive = losing  # type: ignore[method-assign]


@few
@given(flows(), st.integers(1, 2**32), st.sampled_from([1, 2, 1000]))
def test_order_and_repeats_change_nothing_where_tasks_are_handed_over(flow: Task, seed: int, tasks: int) -> None:
    note(f"seed {seed}")
    with effectful(True):
        found = machine(seed)
        route(found, tasks)
        execution = found.run(source(flow))
        check(Reference(flow), found, execution)


@few
@given(flows(), st.integers(1, 2**32), st.sampled_from([1, 1000]))
def test_messages_that_are_lost_for_good_are_made_up_for(flow: Task, seed: int, tasks: int) -> None:
    note(f"seed {seed}")
    with effectful(True):
        found = machine(seed)
        route(found, tasks)
        lose(found, random.Random(seed))
        execution = found.run(source(flow))
        for _ in range(SWEEPS):
            if found.header(execution).finished:
                break
            found.clock.advance(PATIENCE + 120)
            sweep(found.lanes)
            found.settle()
        assert not found.poisons, found.poisons
        check(Reference(flow), found, execution)


class StormyPlace(RoutedPlace):
    """Processes that crash, to which messages come again and in any order."""

    def __init__(self, seed: int) -> None:
        super().__init__(Parsed())
        self._weather = Weather(seed)

    def begin(self, wire: Wire) -> Machine:
        """Begin a process."""
        found = super().begin(wire)
        found.bus = wired(RepeatingBus(self.memory, self._weather), wire)
        found.pump._bus = found.bus
        route(found, 1)
        return found


@few
@given(flows(), st.integers(1, 2**32))
def test_crashes_change_nothing_where_tasks_are_handed_over(flow: Task, seed: int) -> None:
    note(f"seed {seed}")
    reference = Reference(flow)
    with effectful(True):
        found = finish(flow, random.Random(seed), StormyPlace(seed))
    runs = {key: run for key, run in found.runs(ID).items() if not is_hidden(run.task)}
    left = states(runs.values())
    assert left.items() <= reference.runs.items()
    assert reference.runs.keys() - left.keys() <= reference.maybe
    assert found.header(ID).state == reference.state
    for key, run in runs.items():
        kept = [attempt for attempt in run.attempts if attempt.state is not State.RESUBMITTED]
        wanted = 0 if run.state is State.SKIPPED else reference.attempts.get(key, 0)
        assert len(kept) == wanted or (key in reference.flaky and len(kept) < wanted), key
