"""Flows on the embedded runtime, from their text to the execution as people see it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from clocks import HandClock
from tiercel.flowfile import parse_flow
from tiercel.intake import Request
from tiercel.runtime import Runtime, embedded

QUIET = 30.0
"""Seconds after which a test that never comes to rest fails."""


class Place:
    """An embedded runtime with a clock that is turned by hand."""

    def __init__(self, rt: Runtime, clock: HandClock) -> None:
        self.rt = rt
        self.clock = clock

    def deploy(self, *sources: str) -> None:
        """Deploy flows."""
        for source in sources:
            self.rt.flows.deploy(parse_flow(source))

    def begin(self, source: str, request: Request | None = None) -> str:
        """Deploy a flow, execute it, wait until nothing moves; return the execution's id."""
        flow = self.rt.flows.deploy(parse_flow(source))
        execution = self.rt.intake.accept(flow, request or Request()).id
        self.settle()
        return execution

    def run(self, source: str, request: Request | None = None) -> dict[str, Any]:
        """Deploy a flow, execute it, wait until nothing moves; return the execution."""
        return self.shown(self.begin(source, request))

    def settle(self) -> None:
        """Wait until nothing moves but what is due later."""
        assert self.rt.bus.wait_quiet(QUIET)

    def shown(self, execution: str) -> dict[str, Any]:
        """Return an execution as people see it."""
        header = self.rt.view.header(execution)
        return self.rt.view.show(header, self.rt.flows.get(header.namespace, header.flow_id, header.revision))

    def text(self, uri: str) -> str:
        """Return what stands in a file."""
        with self.rt.services.objects.open(uri) as file:
            return file.read().decode()


@contextmanager
def place(folder: Path) -> Iterator[Place]:
    """Lend an embedded runtime on a folder."""
    clock = HandClock()
    with embedded(folder, clock=clock, threads=4) as rt:
        clock.listeners.append(rt.bus.wake)
        yield Place(rt, clock)


def states(shown: Mapping[str, Any]) -> dict[str, str]:
    """Return the state of each task of an execution; of its latest run where there are several."""
    return {run["taskId"]: run["state"]["current"] for run in shown["taskRunList"]}


def outputs(shown: Mapping[str, Any], task: str) -> dict[str, Any]:
    """Return the outputs of a task."""
    found: list[dict[str, Any]] = [run["outputs"] for run in shown["taskRunList"] if run["taskId"] == task]
    assert len(found) == 1, states(shown)
    return found[0]


def labels(shown: Mapping[str, Any]) -> dict[str, str]:
    """Return the labels of an execution."""
    return {label["key"]: label["value"] for label in shown["labels"]}


def messages(shown: Mapping[str, Any], task: str | None = None) -> list[str]:
    """Return the log lines of an execution, or of one of its tasks."""
    return [line["message"] for line in shown["logs"] if task is None or line.get("taskId") == task]
