"""Parallel.failFast: the first task that fails ends those beside it, at any depth, and nothing else."""

from __future__ import annotations

import time
from pathlib import Path

from machine import Machine, states
from planner.test_random_flows import effectful
from tiercel.flowfile import parse_flow
from tiercel.intake import Request
from tiercel.runtime import embedded

CORE = "io.kestra.plugin.core"
FLOW = f"""
id: fast
namespace: tests
tasks:
  - id: beside
    type: {CORE}.flow.Parallel
    failFast: %s
    tasks:
      - id: waits
        type: {CORE}.flow.Sequential
        tasks:
          - {{id: pause, type: {CORE}.flow.Pause, pauseDuration: PT1H}}
          - {{id: never, type: {CORE}.log.Log, message: never}}
      - id: each
        type: {CORE}.flow.ForEach
        values: [a, b]
        concurrencyLimit: 0
        tasks:
          - {{id: inside, type: {CORE}.flow.Pause, pauseDuration: PT1H}}
      - {{id: bad, type: {CORE}.execution.Fail}}
      - {{id: done, type: {CORE}.debug.Return, format: "1"}}
    errors:
      - {{id: sorry, type: {CORE}.log.Log, message: sorry}}
  - {{id: after, type: {CORE}.log.Log, message: never}}
finally:
  - {{id: bye, type: {CORE}.log.Log, message: bye}}
"""


def test_the_first_failure_ends_the_others_and_the_errors_run() -> None:
    machine = Machine()
    execution = machine.run(FLOW % "true")
    assert states(machine.runs(execution).values()) == {
        "beside": "FAILED",
        "waits": "KILLED",
        "pause": "KILLED",
        "each": "KILLED",
        "inside[0]": "KILLED",
        "inside[1]": "KILLED",
        "bad": "FAILED",
        "done": "SUCCESS",
        "sorry": "SUCCESS",
        "bye": "SUCCESS",
    }
    header = machine.header(execution)
    assert str(header.state) == "FAILED"
    assert not header.paused


def test_without_it_the_others_go_on() -> None:
    machine = Machine()
    execution = machine.run(FLOW % "false")
    found = states(machine.runs(execution).values())
    assert (found["pause"], found["inside[0]"], found["never"], found["beside"]) == (*["SUCCESS"] * 3, "FAILED")


def test_no_failure_no_end() -> None:
    machine = Machine()
    text = FLOW.replace(f"{CORE}.execution.Fail", f"{CORE}.log.Log, message: x").replace("PT1H", "PT1S")
    with effectful(True):
        execution = machine.run(text % "true")
    assert str(machine.header(execution).state) == "SUCCESS"


def test_a_task_that_works_is_stopped(tmp_path: Path) -> None:
    source = f"""
id: fast
namespace: tests
tasks:
  - id: beside
    type: {CORE}.flow.Parallel
    failFast: true
    tasks:
      - {{id: long, type: {CORE}.flow.Sleep, duration: PT60S}}
      - {{id: bad, type: {CORE}.execution.Fail}}
"""
    with embedded(tmp_path) as rt:
        began = time.monotonic()
        execution = rt.intake.accept(rt.flows.deploy(parse_flow(source)), Request()).id
        assert rt.bus.wait_quiet(30)
        assert time.monotonic() - began < 20
        found = states(rt.lanes.stored(execution).everything().values())
        assert found == {"beside": "FAILED", "long": "KILLED", "bad": "FAILED"}
