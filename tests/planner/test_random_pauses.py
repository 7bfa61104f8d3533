"""Random flows that are paused as a whole again and again: they leave what they leave without a pause."""

from __future__ import annotations

import random
from contextlib import suppress

from hypothesis import given, note
from hypothesis import strategies as st

from machine import Machine
from planner.random_flows import Task, flows, source
from planner.reference import Reference
from planner.test_random_flows import check, effectful, few
from planner.weather import machine
from tiercel.archive import envelope
from tiercel.commands.resting import pause
from tiercel.errors import ConflictError
from tiercel.model.messages import EndRest
from tiercel.model.states import State


def _pause_and_go_on(found: Machine, execution: str, seed: int) -> None:
    chance = random.Random(seed)

    def before() -> None:
        if found.header(execution).resting and chance.random() < 0.6:
            _go_on(found, execution)
        elif chance.random() < 0.4 and found.header(execution).state is State.RUNNING:
            with suppress(ConflictError):  # another message was handled in between, and ended it
                pause(found.lanes, execution)

    found.worker.before = before


def _go_on(found: Machine, execution: str) -> None:
    found.store.commit([], [envelope(EndRest(execution, len(found.header(execution).at)))])


@few
@given(flows(), st.integers(1, 2**32))
def test_pauses_leave_no_token_behind_and_change_nothing(flow: Task, seed: int) -> None:
    note(f"seed {seed}")
    with effectful(True):
        found = machine(seed)
        execution = found.start(found.deploy(source(flow)))
        _pause_and_go_on(found, execution, seed)
        found.settle()
        while found.header(execution).resting:
            assert found.header(execution).state is State.PAUSED
            _go_on(found, execution)
            found.settle()
        assert not found.poisons, found.poisons
        check(Reference(flow), found, execution)
