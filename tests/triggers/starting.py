"""A running engine on a folder, with a clock that stands still, and flows written short."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from clocks import HandClock
from tiercel.flowfile import parse_flow
from tiercel.intake import Request
from tiercel.model.execution import Execution, decode_execution
from tiercel.model.flow import Flow
from tiercel.runtime import Runtime, embedded

CORE = "io.kestra.plugin.core."
NOON = datetime(2024, 5, 15, 12, tzinfo=UTC)


@contextmanager
def engine(folder: Path, at: datetime = NOON) -> Iterator[Runtime]:
    """Run an engine on a folder."""
    clock = HandClock(at)
    with embedded(folder, clock=clock, threads=4) as rt:
        clock.listeners.append(rt.bus.wake)
        yield rt


def deploy(rt: Runtime, text: str) -> Flow:
    """Deploy a flow; one without tasks gets one that gives its trigger back."""
    if "tasks:" not in text:
        text += f"tasks:\n  - {{id: out, type: {CORE}debug.Return, format: '{{{{ trigger | json }}}}'}}\n"
    return rt.flows.deploy(parse_flow(text))


def run(rt: Runtime, flow: Flow, **given: Any) -> Execution:
    """Run a flow to where nothing moves."""
    execution = rt.intake.accept(flow, Request(**given)).id
    assert rt.bus.wait_quiet(20)
    return rt.view.header(execution)


def executions(rt: Runtime, flow_id: str) -> list[Execution]:
    """Return a flow's executions, oldest first."""
    assert rt.bus.wait_quiet(20)
    return [decode_execution(stored.body) for stored in rt.store.query("execution", flow_id=flow_id)]
