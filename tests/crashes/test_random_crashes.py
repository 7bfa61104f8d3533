"""Random flows in processes that crash again and again leave what the specification says."""

from __future__ import annotations

import os
import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crashes.places import MemoryPlace, Parsed
from crashes.tripwires import Crash, Wire
from machine import Machine, states
from planner.random_flows import Task, flows, source
from planner.reference import Reference
from planner.test_random_flows import effectful
from tiercel.errors import NotFoundError
from tiercel.model.execution import is_hidden
from tiercel.model.states import State

EXAMPLES = int(os.environ.get("TIERCEL_EXAMPLES", "60"))
ID = "random"
MOST_CRASHES = 4
"""A task that loses its worker five times in a row is held to be what kills it."""


def execute(machine: Machine, flow: Task) -> None:
    deployed = machine.deploy(source(flow))
    try:
        machine.header(ID)
    except NotFoundError:
        machine.start(deployed, name=ID)
    machine.settle()
    assert not machine.poisons, machine.poisons


def finish(flow: Task, chance: random.Random, place: MemoryPlace) -> Machine:
    """Execute a flow in processes of which the first ones crash."""
    for _ in range(MOST_CRASHES):
        wire = Wire(chance.randrange(1, 40), after=chance.random() < 0.5)
        try:
            machine = place.begin(wire)
            execute(machine, flow)
        except Crash:
            place.die()
        else:
            wire.at = 0  # from now on the test looks
            return machine
    machine = place.begin(Wire())
    execute(machine, flow)
    return machine


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(flows(), st.integers(1, 2**32))
def test_crashes_change_nothing(flow: Task, seed: int) -> None:
    reference = Reference(flow)
    with effectful(True):
        machine = finish(flow, random.Random(seed), MemoryPlace(Parsed()))
    runs = {key: run for key, run in machine.runs(ID).items() if not is_hidden(run.task)}
    left = states(runs.values())
    assert left.items() <= reference.runs.items()
    assert reference.runs.keys() - left.keys() <= reference.maybe
    assert machine.header(ID).state == reference.state
    for key, run in runs.items():
        kept = [attempt for attempt in run.attempts if attempt.state is not State.RESUBMITTED]
        wanted = 0 if run.state is State.SKIPPED else reference.attempts.get(key, 0)
        assert len(kept) == wanted or (key in reference.flaky and len(kept) < wanted), key
