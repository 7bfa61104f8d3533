"""A task run is given its state by hand where it lies beside the main branches, or inside a WorkingDirectory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.scenes import Place, place, states
from flows.test_more_commands import Gate
from tiercel import actions
from tiercel.errors import ConflictError
from tiercel.flowfile import parse_flow
from tiercel.intake import Request
from tiercel.model.states import State

CORE = "io.kestra.plugin.core"
HEAD = "id: marked\nnamespace: tests\n"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Place]:
    with place(tmp_path / "store") as found:
        yield found


def returns(name: str, more: str = "") -> str:
    return f"{{id: {name}, type: {CORE}.debug.Return, format: done{more}}}"


def fails(name: str, when: str = "true") -> str:
    return f'{{id: {name}, type: {CORE}.execution.Fail, condition: "{{{{ {when} }}}}"}}'


def branch(name: str, *tasks: str) -> str:
    return f"{name}: [{', '.join(tasks)}]"


def flow(*branches: str) -> str:
    return HEAD + "".join(f"{each}\n" for each in branches)


def within(kind: str, *branches: str) -> str:
    """Return a task with branches of its own."""
    return f"{{id: in, type: {CORE}.flow.{kind}, {', '.join(branches)}}}"


def change(here: Place, execution: str, task: str, state: State, *values: str) -> dict[str, Any]:
    actions.change_state(here.rt, execution, task, list(values), state)
    here.settle()
    return here.shown(execution)


def counts(shown: dict[str, Any], task: str) -> int:
    """Return how often a task has begun."""
    return sum(len(run["attempts"]) for run in shown["taskRunList"] if run["taskId"] == task)


# ------------------------------------------------------------------ errors and finally of an execution that has ended


def test_errors_go_on_behind_a_task_that_is_declared_done_and_finally_comes_again(here: Place) -> None:
    source = flow(
        branch("tasks", fails("bad")),
        branch("errors", returns("e1"), fails("e2"), returns("e3")),
        branch("finally", returns("f1")),
    )
    execution = here.begin(source)
    assert "e3" not in states(here.shown(execution))
    shown = change(here, execution, "e2", State.SUCCESS)
    assert states(shown) == {"bad": "FAILED", "e1": "SUCCESS", "e2": "SUCCESS", "e3": "SUCCESS", "f1": "SUCCESS"}
    assert shown["state"]["current"] == "FAILED"
    assert [each["state"] for each in shown["state"]["histories"]][-4:] == ["FAILED", "RESTARTED", "RUNNING", "FAILED"]
    assert [counts(shown, task) for task in ("bad", "e1", "e2", "e3")] == [1, 1, 1, 1]


def test_finally_goes_on_and_errors_before_it_stay(here: Place) -> None:
    source = flow(
        branch("tasks", returns("one"), fails("bad")),
        branch("errors", returns("e1")),
        branch("finally", fails("f1"), returns("f2")),
    )
    execution = here.begin(source)
    shown = change(here, execution, "f1", State.WARNING)
    assert states(shown) == {"one": "SUCCESS", "bad": "FAILED", "e1": "SUCCESS", "f1": "WARNING", "f2": "SUCCESS"}
    assert counts(shown, "e1") == 1


@pytest.mark.parametrize("kind", ["Sequential", "WorkingDirectory", "Parallel"])
def test_errors_of_a_flowable_go_on_and_what_is_around_it_follows(here: Place, kind: str) -> None:
    inner = within(
        kind,
        branch("tasks", fails("bad")),
        branch("errors", fails("e1"), returns("e2")),
        branch("finally", returns("f")),
    )
    source = flow(branch("tasks", inner, returns("after")), branch("errors", returns("sorry")))
    execution = here.begin(source)
    assert states(here.shown(execution))["sorry"] == "SUCCESS"
    shown = change(here, execution, "e1", State.SUCCESS)
    found = states(shown)
    assert (found["e2"], found["f"], found["in"], found["sorry"]) == ("SUCCESS", "SUCCESS", "FAILED", "SUCCESS")
    assert "after" not in found
    assert counts(shown, "bad") == 1


def test_errors_inside_a_round_of_a_loop_go_on(here: Place) -> None:
    inner = f"{{id: s, type: {CORE}.flow.Sequential, {branch('tasks', fails('bad'))}, "
    inner += branch("errors", fails("e1", "taskrun.value == 'none'"), fails("e2"), returns("e3")) + "}"
    each = f"{{id: each, type: {CORE}.flow.ForEach, values: [a, b], concurrencyLimit: 0, tasks: [{inner}]}}"
    execution = here.begin(flow(branch("tasks", each.replace("taskrun.value == 'none'", "false"))))
    shown = change(here, execution, "e2", State.SUCCESS, "b")
    assert sum(run["taskId"] == "e3" for run in shown["taskRunList"]) == 1
    assert shown["state"]["current"] == "FAILED"


# ------------------------------------------------------------------ while the execution has not ended


def test_a_task_of_errors_that_runs_is_declared_done(here: Place, tmp_path: Path) -> None:
    gate = Gate(tmp_path, "gate")
    source = flow(branch("tasks", fails("bad")), branch("errors", gate.task, returns("e2")))
    execution = here.rt.intake.accept(here.rt.flows.deploy(parse_flow(source)), Request()).id
    held = gate.reach()
    actions.change_state(here.rt, execution, "gate", [], State.SUCCESS)
    while not here.rt.view.header(execution).state.is_terminal:
        here.rt.bus.wait_quiet(0.01)
    os.close(held)
    here.settle()
    assert states(here.shown(execution)) == {"bad": "FAILED", "gate": "SUCCESS", "e2": "SUCCESS"}


@pytest.mark.parametrize("state", [State.WARNING, State.CANCELLED])
def test_a_task_that_runs_after_the_end_is_declared_done(here: Place, tmp_path: Path, state: State) -> None:
    gate = Gate(tmp_path, "gate")
    source = flow(branch("tasks", returns("one")), branch("afterExecution", gate.task, returns("last")))
    execution = here.rt.intake.accept(here.rt.flows.deploy(parse_flow(source)), Request()).id
    held = gate.reach()
    actions.change_state(here.rt, execution, "gate", [], state)
    while not here.rt.view.header(execution).finished:
        here.rt.bus.wait_quiet(0.01)
    os.close(held)
    here.settle()
    shown = here.shown(execution)
    assert states(shown) == {"one": "SUCCESS", "gate": str(state), "last": "SUCCESS"}
    assert shown["state"]["current"] == "SUCCESS"


def test_a_task_that_ran_after_the_end_is_not_changed_once_that_is_over(here: Place) -> None:
    execution = here.begin(flow(branch("tasks", returns("one")), branch("afterExecution", fails("late"))))
    before = here.shown(execution)
    with pytest.raises(ConflictError, match=r"'late' is none .* it ran after the execution had ended"):
        change(here, execution, "late", State.SUCCESS)
    assert here.shown(execution) == before


# ------------------------------------------------------------------ inside a WorkingDirectory


def test_the_last_task_of_a_directory_is_declared_done_and_so_is_the_directory(here: Place) -> None:
    directory = within("WorkingDirectory", branch("tasks", returns("w1"), fails("w2")))
    execution = here.begin(flow(branch("tasks", directory, returns("after")), branch("errors", returns("sorry"))))
    shown = change(here, execution, "w2", State.WARNING)
    assert states(shown) == {"in": "WARNING", "w1": "SUCCESS", "w2": "WARNING", "after": "SUCCESS"}
    assert shown["state"]["current"] == "WARNING"
    assert (counts(shown, "in"), counts(shown, "w1")) == (1, 1)


def test_a_task_of_a_directory_is_declared_failed_and_the_directorys_own_errors_run(here: Place) -> None:
    directory = within(
        "WorkingDirectory",
        branch("tasks", returns("w1"), returns("w2")),
        branch("errors", returns("e")),
        branch("finally", returns("f")),
    )
    execution = here.begin(flow(branch("tasks", directory, returns("after"))))
    shown = change(here, execution, "w2", State.FAILED)
    found = states(shown)
    assert (found["in"], found["w2"], found["e"], found["f"]) == ("FAILED", "FAILED", "SUCCESS", "SUCCESS")
    assert shown["state"]["current"] == "FAILED"
    assert (counts(shown, "in"), counts(shown, "f")) == (1, 1)


def test_a_task_whose_followers_would_need_the_folder_is_refused(here: Place) -> None:
    directory = within("WorkingDirectory", branch("tasks", fails("w1"), returns("w2")))
    execution = here.begin(flow(branch("tasks", directory, returns("after"))))
    before = here.shown(execution)
    with pytest.raises(ConflictError, match="'w2' would follow it in the folder of 'in', which is gone"):
        change(here, execution, "w1", State.SUCCESS)
    assert here.shown(execution) == before
    shown = change(here, execution, "w1", State.KILLED)
    assert (states(shown)["in"], shown["state"]["current"]) == ("KILLED", "KILLED")


@pytest.mark.parametrize("limit", [0, 1, 2])
def test_a_task_of_a_directory_in_a_loop_is_declared_done(here: Place, limit: int) -> None:
    directory = within("WorkingDirectory", branch("tasks", fails("w", "taskrun.value == 'c'")))
    each = (
        f"{{id: each, type: {CORE}.flow.ForEach, values: [a, b, c], concurrencyLimit: {limit}, tasks: [{directory}]}}"
    )
    execution = here.begin(flow(branch("tasks", each, returns("after"))))
    assert here.shown(execution)["state"]["current"] == "FAILED"
    shown = change(here, execution, "w", State.SUCCESS, "c")
    assert (states(shown)["after"], shown["state"]["current"]) == ("SUCCESS", "SUCCESS")
    assert [counts(shown, task) for task in ("in", "w")] == [3, 3]
