"""Every golden flow leaves its history, in memory and on SQLite."""

from __future__ import annotations

from pathlib import Path

import pytest

from clocks import HandClock
from flows.histories import expected, golden, history_of, names
from machine import Machine
from tiercel.flowfile import parse_flow
from tiercel.intake import Request
from tiercel.runtime import embedded


@pytest.mark.parametrize("name", names())
def test_it_leaves_its_history_in_memory(name: str) -> None:
    flow = golden(name)
    machine = Machine()
    execution = machine.run(*flow.sources, **flow.inputs)
    shown = machine.view.show(machine.header(execution), machine.deploy(*flow.sources))
    assert history_of(shown, flow.history) == expected(flow.history)


@pytest.mark.parametrize("name", names())
def test_it_leaves_its_history_on_sqlite(name: str, tmp_path: Path) -> None:
    flow = golden(name)
    clock = HandClock()
    with embedded(tmp_path, clock=clock, threads=4) as rt:
        clock.listeners.append(rt.bus.wake)
        deployed = [rt.flows.deploy(parse_flow(source)) for source in flow.sources][-1]
        execution = rt.intake.accept(deployed, Request(flow.inputs)).id
        assert rt.bus.wait_quiet(20)
        while rt.bus.pending().later:
            clock.advance(0.5)
            assert rt.bus.wait_quiet(20)
        shown = rt.view.show(rt.view.header(execution), deployed)
    assert history_of(shown, flow.history) == expected(flow.history)
