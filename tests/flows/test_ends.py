"""Executions that end before their tasks do: by an Exit, a Kill, or a service level."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.scenes import Place, place, states
from flows.test_more_commands import CORE, HEAD, Gate, begin
from tiercel import actions


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Place]:
    with place(tmp_path / "store") as found:
        yield found


def says(task: str) -> str:
    return f"{{id: {task}, type: {CORE}.debug.Return, format: x}}"


@pytest.mark.parametrize(("state", "ends"), [("WARNING", "SUCCESS"), ("FAILED", "SUCCESS"), ("KILLED", "KILLED")])
def test_an_exit_lets_what_runs_beside_it_end_unless_it_kills(
    here: Place, tmp_path: Path, state: str, ends: str
) -> None:
    gate, ready = Gate(tmp_path, "gate"), Gate(tmp_path, "ready")
    execution = begin(
        here,
        HEAD
        + f"""
tasks:
  - id: par
    type: {CORE}.flow.Parallel
    tasks:
      - id: leaves
        type: {CORE}.flow.Sequential
        tasks: [{ready.task}, {{id: exit, type: {CORE}.execution.Exit, state: {state}}}, {says("never")}]
      - id: stays
        type: {CORE}.flow.Sequential
        tasks: [{gate.task}, {says("nor")}]
  - {says("unreached")}
afterExecution: [{says("after")}]
""",
    )
    held, go = gate.reach(), ready.reach()
    os.close(go)
    while "after" not in states(here.shown(execution)):
        pass  # the end comes before the task at the gate does
    os.close(held)
    here.settle()
    shown = here.shown(execution)
    assert shown["state"]["current"] == state
    left = {"par": state, "leaves": state, "ready": "SUCCESS", "exit": state, "after": "SUCCESS"}
    found = states(shown)
    assert found.pop("stays") in (state, "KILLED")
    assert found == {**left, "gate": ends}


def test_the_last_open_task_ends_as_the_service_level_says(here: Place, tmp_path: Path) -> None:
    older, ready, newer = (Gate(tmp_path, name) for name in ("older", "ready", "newer"))
    execution = begin(
        here,
        HEAD
        + f"""
sla: [{{id: short, type: MAX_DURATION, duration: PT10S, behavior: FAIL}}]
tasks:
  - id: par
    type: {CORE}.flow.Parallel
    tasks:
      - {older.task}
      - id: seq
        type: {CORE}.flow.Sequential
        tasks: [{ready.task}, {newer.task}, {says("never")}]
""",
    )
    held, passed = older.reach(), ready.reach()
    here.clock.advance(1)
    os.close(passed)
    waiting = newer.reach()
    here.clock.advance(11)
    here.settle()
    os.close(held)
    os.close(waiting)
    shown = here.shown(execution)
    assert shown["state"]["current"] == "FAILED"
    found = states(shown)
    assert found.pop("older") == "KILLED"
    assert found == {"par": "FAILED", "seq": "FAILED", "ready": "SUCCESS", "newer": "FAILED"}
    assert [run["attempts"][-1]["state"]["current"] for run in shown["taskRunList"] if run["taskId"] == "newer"] == [
        "FAILED"
    ]


def test_a_service_level_ends_the_attempt_of_the_only_task(here: Place, tmp_path: Path) -> None:
    gate = Gate(tmp_path, "gate")
    sla = "sla: [{id: short, type: MAX_DURATION, duration: PT10S, behavior: CANCEL}]\n"
    execution = begin(here, HEAD + sla + f"tasks: [{gate.task}]\n")
    held = gate.reach()
    here.clock.advance(11)
    here.settle()
    os.close(held)
    (run,) = here.shown(execution)["taskRunList"]
    assert (run["state"]["current"], run["attempts"][-1]["state"]["current"]) == ("CANCELLED", "CANCELLED")


def test_a_kill_reaches_called_executions_only_if_it_says_so(here: Place) -> None:
    child = HEAD.replace("more", "child") + f"tasks:\n  - {{id: wait, type: {CORE}.flow.Pause}}\n"
    here.deploy(child)
    call = f"{{id: call, type: {CORE}.flow.Subflow, namespace: tests, flowId: child, wait: false}}"
    for propagates, ends in (("true", "KILLED"), ("false", "PAUSED")):
        kill = f"{{id: kill, type: {CORE}.execution.Kill, propagateKill: {propagates}}}"
        wait = f"{{id: wait, type: {CORE}.flow.Pause, pauseDuration: PT1S}}"
        execution = here.begin(HEAD + f"tasks: [{call}, {wait}, {kill}, {says('never')}]\n")
        here.clock.advance(2)
        here.settle()
        shown = here.shown(execution)
        assert shown["state"]["current"] == "KILLED"
        assert [each["state"]["current"] for each in shown["related"]] == [ends]


def test_a_kill_by_another_process_stops_the_task(here: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(here.rt.lanes.worker, "look", 0.05)
    gate = Gate(tmp_path, "gate")
    execution = begin(here, HEAD + f"tasks: [{gate.task}]\n")
    held = gate.reach()
    with place(tmp_path / "store") as other:
        actions.kill(other.rt, execution)
        other.settle()
    here.settle()  # though nobody has opened the gate
    os.close(held)
    (run,) = here.shown(execution)["taskRunList"]
    assert (run["state"]["current"], run["attempts"][-1]["state"]["current"]) == ("KILLED", "KILLED")


def test_the_tasks_of_a_directory_that_ran_out_of_time_are_shown(here: Place) -> None:
    sleep = f"{{id: sleep, type: {CORE}.flow.Sleep, duration: PT30S}}"
    directory = f"type: {CORE}.flow.WorkingDirectory, timeout: PT0.2S"
    shown = here.run(HEAD + f"tasks: [{{id: dir, {directory}, tasks: [{says('first')}, {sleep}, {says('never')}]}}]\n")
    assert states(shown) == {"dir": "FAILED", "first": "SUCCESS", "sleep": "KILLED"}
