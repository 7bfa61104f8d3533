"""Replays from every place: side branches, a WorkingDirectory, a Dag, beside what waits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from flows.scenes import Place, place, states
from flows.test_more_commands import CORE, HEAD
from tiercel import actions
from tiercel.errors import ConflictError


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Place]:
    with place(tmp_path / "store") as found:
        yield found


def says(task: str) -> str:
    return f"{{id: {task}, type: {CORE}.debug.Return, format: x}}"


def fails(task: str) -> str:
    return f"{{id: {task}, type: {CORE}.execution.Fail}}"


SIDES = (
    HEAD
    + f"""
tasks:
  - id: dir
    type: {CORE}.flow.WorkingDirectory
    allowFailure: true
    tasks: [{says("a")}, {fails("b")}]
    errors: [{says("dir_error")}]
  - id: par
    type: {CORE}.flow.Parallel
    tasks: [{fails("c")}, {says("d")}]
    errors: [{says("e1")}, {says("e2")}, {says("e3")}]
    finally: [{says("f")}]
  - {says("unreached")}
errors: [{says("g")}]
finally: [{says("h")}]
afterExecution: [{says("late")}]
"""
)
ORDER = ["dir", "a", "b", "dir_error", "par", "c", "d", "e1", "e2", "e3", "f", "g", "h", "late"]


def replayed(here: Place, old: str, task: str) -> dict[str, Any]:
    new = actions.replay(here.rt, old, task, [])
    here.settle()
    return here.shown(new)


def attempts(shown: Mapping[str, Any]) -> dict[str, int]:
    return {run["taskId"]: len(run["attempts"]) for run in shown["taskRunList"] if run["attempts"]}


@pytest.mark.parametrize("task", ["dir_error", "e2", "f", "g", "h"])
def test_a_replay_begins_inside_an_errors_or_finally_branch(here: Place, task: str) -> None:
    old = here.begin(SIDES)
    before = states(here.shown(old))
    shown = replayed(here, old, task)
    assert shown["state"]["current"] == "FAILED"
    assert states(shown) == before
    assert sorted(states(shown)) == sorted(ORDER)
    assert [each for each, count in attempts(shown).items() if count == 2] == [task]


def test_what_ran_after_the_end_cannot_be_replayed(here: Place) -> None:
    with pytest.raises(ConflictError, match="ran after the execution had ended"):
        actions.replay(here.rt, here.begin(SIDES), "late", [])


def test_a_task_of_a_working_directory_is_replayed_with_the_directory(here: Place) -> None:
    shown = replayed(here, here.begin(SIDES), "b")
    assert attempts(shown)["dir"] == 2
    assert attempts(shown)["a"] == attempts(shown)["b"] == 1
    histories = {run["taskId"]: [each["state"] for each in run["state"]["histories"]] for run in shown["taskRunList"]}
    assert "RESTARTED" in histories["dir"]
    assert histories["b"] == ["CREATED", "RUNNING", "FAILED"]


def test_what_depends_on_a_replayed_task_of_a_dag_runs_again(here: Place) -> None:
    source = (
        HEAD
        + f"""
tasks:
  - id: dag
    type: {CORE}.flow.Dag
    tasks:
      - task: {{id: a, type: {CORE}.debug.Return, format: "{{{{ execution.id }}}}"}}
      - {{task: {{id: b, type: {CORE}.debug.Return, format: "{{{{ execution.id }}}}"}}, dependsOn: [a]}}
      - {{task: {{id: c, type: {CORE}.debug.Return, format: "{{{{ execution.id }}}}"}}, dependsOn: [b]}}
      - {{task: {{id: d, type: {CORE}.debug.Return, format: "{{{{ execution.id }}}}"}}, dependsOn: [a]}}
"""
    )
    old = here.begin(source)
    shown = replayed(here, old, "b")
    made = {run["taskId"]: run["outputs"].get("value") for run in shown["taskRunList"]}
    assert made == {"dag": None, "a": old, "b": shown["id"], "c": shown["id"], "d": old}


def test_what_waited_beside_a_replayed_task_waits_again(here: Place) -> None:
    pause = f"type: {CORE}.flow.Pause"
    source = (
        HEAD
        + f"""
tasks:
  - id: par
    type: {CORE}.flow.Parallel
    tasks:
      - id: seq
        type: {CORE}.flow.Sequential
        tasks: [{says("a")}, {{id: first, {pause}}}]
      - {{id: second, {pause}}}
  - {says("end")}
"""
    )
    shown = replayed(here, here.begin(source), "a")
    assert states(shown) == {"par": "RUNNING", "seq": "RUNNING", "a": "SUCCESS", "first": "PAUSED", "second": "PAUSED"}
    for _ in range(2):
        actions.resume(here.rt, shown["id"], {})
        here.settle()
    assert set(states(here.shown(shown["id"])).values()) == {"SUCCESS"}
