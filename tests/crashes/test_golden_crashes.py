"""Each golden flow, crashed before and after every port call, comes to the same end in the next process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crashes.places import MemoryPlace, Parsed, RoutedPlace, SqlitePlace
from crashes.tripwires import Crash, Wire
from flows.histories import Golden, expected, golden, history_of, names
from machine import Machine
from tiercel.errors import NotFoundError
from tiercel.model.states import State

ID = "golden"
MOST = 150
"""Crashes for each flow, spread evenly over its port calls."""

ON_SQLITE = ["allow_failure_nested", "forked_loop_in_forked_loop", "parallel_of_six", "retry_constant", "subflow"]


def execute(machine: Machine, flow: Golden) -> None:
    """Execute a flow, or take up what another process left of it."""
    deployed = machine.deploy(*flow.sources)
    try:
        machine.header(ID)
    except NotFoundError:
        machine.start(deployed, flow.inputs, name=ID)
    machine.settle()
    assert not machine.poisons, machine.poisons


def left(machine: Machine, flow: Golden) -> dict[str, Any]:
    """Return the history of a flow, without what a crash may change: attempts that were lost, and lines about them."""
    shown = machine.view.show(machine.header(ID), machine.deploy(*flow.sources))
    history = dict(flow.history) | {"attempts": None}
    found = history_of(shown, history)
    for attempts in found["attempts"].values():
        attempts[:] = [state for state in attempts if state != State.RESUBMITTED]
    found.pop("logs", None)
    if "runs" in found:
        found["runs"] = sorted(found["runs"])
    return found


def crash(place: MemoryPlace | SqlitePlace, flow: Golden, wire: Wire) -> dict[str, Any]:
    """Crash once, then finish in a new process; return what is left."""
    try:
        execute(place.begin(wire), flow)
    except Crash:
        place.die()
        machine = place.begin(Wire())
        execute(machine, flow)
        return left(machine, flow)
    raise AssertionError(f"there was no call {wire.at}")


def plain(flow: Golden, parsed: Parsed) -> tuple[dict[str, Any], int]:
    """Return what a flow leaves without a crash, and how many port calls it makes once its flows are parsed."""
    execute(MemoryPlace(parsed).begin(Wire()), flow)
    wire = Wire()
    machine = MemoryPlace(parsed).begin(wire)
    execute(machine, flow)
    calls = wire.calls
    return left(machine, flow), calls


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_crash_at_any_call_changes_nothing(name: str, after: bool) -> None:
    flow, parsed = golden(name), Parsed()
    wanted, calls = plain(flow, parsed)
    assert wanted["state"] == expected(flow.history)["state"]
    step = max(1, calls // MOST)
    for at in range(1, calls + 1, step):
        assert crash(MemoryPlace(parsed), flow, Wire(at, after=after)) == wanted, f"crash at call {at} of {calls}"


@pytest.mark.parametrize("name", names())
def test_a_crash_at_any_call_changes_nothing_where_tasks_are_handed_over(name: str) -> None:
    flow, parsed = golden(name), Parsed()
    wanted, _ = plain(flow, parsed)
    for _ in range(2):  # the first one parses
        execute(RoutedPlace(parsed).begin(wire := Wire()), flow)
    step = max(1, wire.calls // 50)
    for at in range(1, wire.calls + 1, step):
        for after in (False, True):
            found = crash(RoutedPlace(parsed), flow, Wire(at, after=after))
            assert found == wanted, f"crash {'after' if after else 'before'} call {at} of {wire.calls}"


@pytest.mark.parametrize("name", ON_SQLITE)
def test_a_crash_at_any_call_changes_nothing_on_sqlite(name: str, tmp_path: Path) -> None:
    flow, parsed = golden(name), Parsed()
    wanted, _ = plain(flow, parsed)
    wire = Wire()
    execute(SqlitePlace(tmp_path / "calm", parsed).begin(wire), flow)
    step = max(1, wire.calls // 15)
    for at in range(1, wire.calls, step):
        for after in (False, True):
            found = crash(SqlitePlace(tmp_path / f"{at}-{after}", parsed), flow, Wire(at, after=after))
            assert found == wanted, f"crash {'after' if after else 'before'} call {at} of {wire.calls}"
