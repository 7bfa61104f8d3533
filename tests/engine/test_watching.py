"""Whoever watches a process sees every task run and every log line of its executions."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from pathlib import Path

from tiercel.flowfile import parse_flow
from tiercel.intake import Request
from tiercel.model.execution import Execution, Lane, LogLine, TaskRun
from tiercel.runtime import embedded

CORE = "io.kestra.plugin.core"
LONG = 150
"""More tasks without effect than a lane holds: they are run within few commits."""


class Watcher:
    """Notes what it sees."""

    def __init__(self) -> None:
        self.ended: set[str] = set()
        self.lines: list[tuple[str, str, str]] = []
        self._lock = threading.Lock()

    def changed(self, header: Execution, lane: Lane, left: Iterable[TaskRun]) -> None:
        with self._lock:
            self.ended |= {run.key for run in (*left, *lane.runs.values()) if run.state.is_terminal}

    def logged(self, execution: str, task: str, line: LogLine) -> None:
        with self._lock:
            self.lines.append((execution, task, line.message))


def test_every_task_run_and_log_line_is_seen(tmp_path: Path) -> None:
    chain = [{"id": f"t{n}", "type": f"{CORE}.debug.Return", "format": str(n)} for n in range(LONG)]
    said = {"id": "say", "type": f"{CORE}.log.Log", "message": "{{ taskrun.value }}"}
    values = [str(n) for n in range(40)]
    loop = {"id": "each", "type": f"{CORE}.flow.ForEach", "values": values, "concurrencyLimit": 0, "tasks": [said]}
    source = json.dumps({"id": "watched", "namespace": "tests", "tasks": [*chain, loop]})
    watcher = Watcher()
    with embedded(tmp_path, observer=watcher, watch=watcher.logged) as runtime:
        flow = runtime.flows.deploy(parse_flow(source))
        execution = runtime.intake.accept(flow, Request()).id
        assert runtime.bus.wait_quiet(30)
        header = runtime.view.header(execution)
        assert watcher.ended == {run.key for run in runtime.view.runs(header, flow)}
    assert len(watcher.ended) == LONG + 1 + len(values)
    assert sorted(line for line in watcher.lines if line[1] == "say") == sorted(
        (execution, "say", value) for value in values
    )
