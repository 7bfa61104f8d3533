"""Each golden flow over Firestore, crashed between any two of the services' answers, comes to the same end."""

from __future__ import annotations

import os
from typing import Any

import pytest

from crashes.cloudplaces import CloudMachine, CloudPlace, Line, LostAnswer
from crashes.places import Parsed
from crashes.test_golden_crashes import ID, execute, left, plain
from crashes.tripwires import Crash, Wire
from engine.test_lost_messages import LATE
from flows.histories import Golden, golden, names
from gcp.leftovers import send_left
from tiercel.ports import Delete, Envelope, Merge, Write

pytestmark = pytest.mark.usefixtures("with_effects")

MOST = int(os.environ.get("TIERCEL_CLOUD_CRASHES", "3"))
"""Crashes for each flow, spread evenly over what is asked of the services; a large number is the full matrix."""

EACH_BY_ITSELF = 1e-6
"""Seconds for tasks in a function, so that every further task is handed over."""


def finish(machine: CloudMachine, flow: Golden, *, sweep_first: bool = False) -> dict[str, Any]:
    """Have a new process finish what is left, with the sweep of the outbox; return the history."""
    if sweep_first:
        machine.clock.advance(31)
        send_left(machine.firestore)
    execute(machine, flow)
    machine.sweep()
    assert machine.header(ID).finished
    return left(machine, flow)


def crash(place: CloudPlace, flow: Golden, wire: Wire) -> dict[str, Any]:
    """Crash once, then finish in a new process; return what is left."""
    try:
        execute(place.begin(wire), flow)
    except Crash:
        place.die()
    else:
        raise AssertionError(f"there was no call {wire.at}")
    return finish(place.begin(Line()), flow, sweep_first=wire.at % 2 == 0)


def calls(flow: Golden, parsed: Parsed, wire: Wire) -> int:
    """Return how often a wire counts while nothing happens."""
    execute(CloudPlace(parsed, seconds=EACH_BY_ITSELF).begin(wire), flow)
    return wire.calls


def spread(count: int) -> range:
    """Return the calls at which to crash."""
    return range(1 + count % 2, count + 1, max(1, count // MOST))


@pytest.mark.parametrize("name", sorted(set(names()) - LATE))
def test_a_crash_between_any_two_answers_changes_nothing(name: str) -> None:
    flow, parsed = golden(name), Parsed()
    wanted, _ = plain(flow, parsed)
    count = calls(flow, parsed, Line())
    for number, at in enumerate(spread(count)):
        for after in (False, True) if MOST > 100 else (number % 2 == 0,):
            found = crash(CloudPlace(parsed, seconds=EACH_BY_ITSELF), flow, Line(at, after=after))
            assert found == wanted, f"crash {'after' if after else 'before'} call {at} of {count}"


@pytest.mark.parametrize("name", sorted(set(names()) - LATE))
def test_an_answer_of_the_store_that_is_lost_changes_nothing(name: str) -> None:
    flow, parsed = golden(name), Parsed()
    wanted, _ = plain(flow, parsed)
    count = calls(flow, parsed, LostAnswer())
    for at in range(1 + count % 2, count + 1, max(1, count * 2 // MOST)):
        machine = CloudPlace(parsed, seconds=EACH_BY_ITSELF).begin(LostAnswer(at))
        execute(machine, flow)
        assert finish(machine, flow) == wanted, f"the answer of call {at} of {count} is lost"


@pytest.mark.parametrize("writes", [[], [Merge("runs/e/main", {"a": b"{}"})], [Delete("runs/e/main")]], ids=str)
def test_a_commit_whose_answer_is_lost_is_not_taken_for_refused(writes: list[Write]) -> None:
    place = CloudPlace(Parsed())
    store = place.begin(LostAnswer(1)).firestore
    store.commit(writes, [Envelope("k", b"{}")])
    assert [letter.envelope.key for letter in place.services.letters] == ["k"]
