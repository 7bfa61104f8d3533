"""The plain lines that are shown while executions run."""

from __future__ import annotations

import io
import time

from tiercel.cli.progress import Lines
from tiercel.model.execution import Execution, Lane, LogLine, TaskRun
from tiercel.model.states import Level, State


def header(execution: str, flow: str) -> Execution:
    return Execution(execution, "tests", flow, 1, [(State.CREATED, 0.0), (State.RUNNING, 0.0)])


def run(key: str, line: LogLine | None = None) -> TaskRun:
    now = time.time() + 1
    return TaskRun(key, key, [(State.CREATED, now), (State.SUCCESS, now)], logs=[line] if line else [])


def lane(execution: str, *runs: TaskRun) -> Lane:
    return Lane(execution, "main", [], runs={each.key: each for each in runs})


def shown(out: io.StringIO) -> list[str]:
    return [" ".join(line.split()[1:3]) for line in out.getvalue().splitlines()]


def test_runs_that_have_left_their_lane_are_told_of() -> None:
    out = io.StringIO()
    lines = Lines(out)
    lines.changed(header("x", "one"), lane("x", run("a")), [run("b")])
    assert shown(out) == ["SUCCESS a", "SUCCESS b"]


def test_the_tasks_of_another_execution_are_named_with_its_flow() -> None:
    out = io.StringIO()
    lines = Lines(out)
    line = LogLine(time.time(), Level.WARN, "careful")
    lines.logged("x", "a", line)
    lines.logged("y", "a", line)
    lines.changed(header("x", "one"), lane("x", run("a", line)), [])
    lines.changed(header("y", "two"), lane("y", run("a", line)), [])
    lines.logged("y", "b", line)
    assert shown(out) == ["WARN a:", "WARN y/a:", "SUCCESS a", "SUCCESS two/a", "WARN two/b:"]
