"""Each example flow, crashed before and after its port calls, comes to the same end in the next process.

hello, fan-out and errors-and-retry: every port call. The steps of flights are real (Python, awk, COPY, MERGE), and a
run of it takes a second or so: its calls are sampled, CRASHES of them, half before and half after, from a fixed seed.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest

from crashes.places import MemoryPlace, Parsed
from crashes.tripwires import Crash, Wire
from examples.places import FLOWS, JANUARY, Database, new_database
from machine import Machine, states
from postgres import PostgresServer
from tiercel.errors import NotFoundError
from tiercel.flowfile import parse_flow
from tiercel.model.states import State

ID = "example"
CRASHES = 20
"""How many of the port calls of flights are crashed at."""

WHOLE = [
    ("hello", {}, []),
    ("fan-out", {}, []),
    ("errors-and-retry", {"outage": "long"}, []),
    ("errors-and-retry", {"outage": "short"}, ["attempts", "said"]),
]
"""Flows, their inputs, and what a crash may change: the short outage ends by the number of attempts, lost ones too."""


@pytest.fixture(autouse=True)
def _temporary(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the machines a folder for what scripts make, with the environments that are there already."""
    (tmp_path / "tiercel-tests").symlink_to(cache)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def execute(machine: Machine, name: str, inputs: Mapping[str, object]) -> None:
    """Execute a flow, or take up what another process left of it."""
    flow = machine.flows.deploy(parse_flow((FLOWS / f"{name}.yaml").read_text()))
    try:
        machine.header(ID)
    except NotFoundError:
        machine.start(flow, inputs, name=ID)
    machine.settle()
    assert not machine.poisons, machine.poisons


def left(machine: Machine) -> dict[str, Any]:
    """Return what an execution leaves: states, outputs, and how many attempts counted."""
    header, runs = machine.header(ID), machine.runs(ID)
    counted = {
        key: sum(attempt.state is not State.RESUBMITTED for attempt in run.attempts) for key, run in runs.items()
    }
    return {
        "state": str(header.state),
        "runs": states(runs.values()),
        "attempts": counted,
        "outputs": header.outputs,
        "said": {key: run.logs[-1].message for key, run in runs.items() if run.task in ("say", "use_answer", "tell")},
    }


def crash(name: str, inputs: Mapping[str, object], wire: Wire, parsed: Parsed) -> dict[str, Any]:
    """Crash once, then finish in a new process; return what is left."""
    place = MemoryPlace(parsed)
    try:
        execute(place.begin(wire), name, inputs)
    except Crash:
        place.die()
        machine = place.begin(Wire())
        execute(machine, name, inputs)
        return left(machine)
    raise AssertionError(f"there was no call {wire.at}")


def plain(name: str, inputs: Mapping[str, object], parsed: Parsed) -> tuple[dict[str, Any], int]:
    """Return what a flow leaves without a crash, and how many port calls it makes once it is parsed."""
    execute(MemoryPlace(parsed).begin(Wire()), name, inputs)
    wire = Wire()
    machine = MemoryPlace(parsed).begin(wire)
    execute(machine, name, inputs)
    calls = wire.calls
    return left(machine), calls


@pytest.mark.parametrize(("name", "inputs", "but"), WHOLE)
def test_a_crash_at_any_call_changes_nothing(name: str, inputs: Mapping[str, object], but: list[str]) -> None:
    parsed = Parsed()
    wanted, calls = plain(name, inputs, parsed)
    for at in range(1, calls + 1):
        for after in (False, True):
            found = crash(name, inputs, Wire(at, after=after), parsed)
            found |= {each: wanted[each] for each in but}
            assert found == wanted, f"crash {'after' if after else 'before'} call {at} of {calls}"


def test_a_crash_of_the_flights_leaves_no_row_too_many(postgres: PostgresServer) -> None:
    parsed, database = Parsed(), _fresh(postgres)
    inputs = {"month": "1", "url": database().url_with_password}
    plain("flights", inputs, parsed)
    database()
    wire = Wire()
    machine = MemoryPlace(parsed).begin(wire)
    execute(machine, "flights", inputs)
    calls, wanted, chance = wire.calls, left(machine), Random("flights")
    for number in range(CRASHES):
        at = 1 + int((number + chance.random()) / CRASHES * calls)
        here = database()
        found = crash("flights", inputs, Wire(at, after=bool(number % 2)), parsed)
        assert found == wanted, f"crash {'after' if number % 2 else 'before'} call {at} of {calls}"
        assert here.flights() == (JANUARY, JANUARY, 1)


def _fresh(server: PostgresServer) -> Callable[[], Database]:
    return lambda: new_database(server, "crashes")
