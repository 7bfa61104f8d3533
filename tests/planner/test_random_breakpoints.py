"""Random flows that stop at breakpoints: they leave what they leave without any."""

from __future__ import annotations

import random

from hypothesis import given, note
from hypothesis import strategies as st

from planner.random_flows import Task, flows, source
from planner.reference import Reference
from planner.test_random_flows import check, effectful, few
from planner.weather import machine
from tiercel.commands.resuming import resume_from_breakpoint
from tiercel.flowables.base import FlowableTask
from tiercel.intake import Request
from tiercel.model.flow import Flow
from tiercel.model.states import State


def _chosen(flow: Flow, chance: random.Random) -> tuple[str, ...]:
    """Return some tasks at which an execution can stop."""
    walked = [
        name
        for name, node in flow.nodes.items()
        if "." not in name and all(issubclass(above.plugin, FlowableTask) for above in node.ancestors())
    ]
    return tuple(name for name in walked if chance.random() < 0.5)


@few
@given(flows(), st.integers(1, 2**32))
def test_breakpoints_leave_no_token_behind_and_change_nothing(flow: Task, seed: int) -> None:
    note(f"seed {seed}")
    chance = random.Random(seed)
    with effectful(True):
        found = machine(seed)
        deployed = found.deploy(source(flow))
        execution = found.intake.accept(deployed, Request(breakpoints=_chosen(deployed, chance))).id
        found.settle()
        while found.header(execution).suspended:
            assert found.header(execution).state in (State.BREAKPOINT, State.PAUSED)
            resume_from_breakpoint(found.lanes, execution, _chosen(deployed, chance))
            found.settle()
        assert not found.poisons, found.poisons
        check(Reference(flow), found, execution)
