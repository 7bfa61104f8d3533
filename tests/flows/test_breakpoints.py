"""Breakpoints: an execution stops before a task, is looked at, and goes on when somebody says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.scenes import Place, outputs, place, states
from tiercel import actions
from tiercel.commands.again import Differently
from tiercel.errors import ConflictError, InputError
from tiercel.intake import Request
from tiercel.model.messages import WalkLane
from tiercel.model.states import State

CORE = "io.kestra.plugin.core"
HEAD = "id: stops\nnamespace: tests\n"


def returns(name: str, text: str = "done") -> str:
    return f"{{id: {name}, type: {CORE}.debug.Return, format: '{text}'}}"


PLAIN = HEAD + f"tasks: [{returns('one')}, {returns('two')}, {returns('three')}]\n"
LOOP = (
    HEAD
    + f"""
tasks:
  - id: each
    type: {CORE}.flow.ForEach
    values: [a, b, c]
    concurrencyLimit: LIMIT
    tasks:
      - id: seq
        type: {CORE}.flow.Sequential
        tasks: [{returns("inner", "{{ parent.taskrun.value }}")}]
  - {returns("after")}
"""
)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Place]:
    with place(tmp_path / "store") as found:
        yield found


def begin(here: Place, source: str, *breakpoints: str) -> str:
    return here.begin(source, Request(breakpoints=breakpoints))


def go_on(here: Place, execution: str, *breakpoints: str) -> dict[str, Any]:
    actions.resume_from_breakpoint(here.rt, execution, breakpoints)
    here.settle()
    return here.shown(execution)


def state(here: Place, execution: str) -> State:
    return here.rt.view.header(execution).state


def at_breakpoints(here: Place, execution: str) -> list[dict[str, Any]]:
    return [run for run in here.shown(execution)["taskRunList"] if run["state"]["current"] == "BREAKPOINT"]


def history(shown: dict[str, Any], task: str) -> list[str]:
    (run,) = [run for run in shown["taskRunList"] if run["taskId"] == task]
    return [entry["state"] for entry in run["state"]["histories"]]


def test_an_execution_stops_before_a_task_and_goes_on(here: Place) -> None:
    execution = begin(here, PLAIN, "two")
    shown = here.shown(execution)
    assert states(shown) == {"one": "SUCCESS", "two": "BREAKPOINT"}
    assert shown["breakpoints"] == [{"id": "two", "value": None}]
    assert [entry["state"] for entry in shown["state"]["histories"]] == ["CREATED", "RUNNING", "BREAKPOINT"]
    shown = go_on(here, execution)
    assert [entry["state"] for entry in shown["state"]["histories"]][2:] == ["BREAKPOINT", "RUNNING", "SUCCESS"]
    assert history(shown, "two") == ["CREATED", "BREAKPOINT", "CREATED", "RUNNING", "SUCCESS"]
    assert "breakpoints" not in shown
    with pytest.raises(ConflictError, match="is SUCCESS, and no task run of it stands at a breakpoint"):
        go_on(here, execution)


def test_new_breakpoints_take_the_place_of_the_old_and_a_task_stops_only_once(here: Place) -> None:
    execution = begin(here, PLAIN, "one", "two")
    assert states(go_on(here, execution, "one", "three")) == {
        "one": "SUCCESS",
        "two": "SUCCESS",
        "three": "BREAKPOINT",
    }
    assert go_on(here, execution)["state"]["current"] == "SUCCESS"


@pytest.mark.parametrize("limit", [0, 1, 2])
def test_a_loop_stops_for_one_value(here: Place, limit: int) -> None:
    execution = begin(here, LOOP.replace("LIMIT", str(limit)), "inner.b", "seq.c")
    for _ in range(2 if limit == 1 else 1):
        assert state(here, execution) is State.BREAKPOINT
        wanted = 1 if limit == 1 else 2
        for _ in range(60):  # a lane that was busy comes later
            if len(at_breakpoints(here, execution)) < wanted:
                here.clock.advance(1)
                here.settle()
        assert len(at_breakpoints(here, execution)) == wanted
        shown = go_on(here, execution, "seq.c")
    assert state(here, execution) is State.SUCCESS
    found = [run["outputs"]["value"] for run in shown["taskRunList"] if run["taskId"] == "inner"]
    assert sorted(found) == ["a", "b", "c"]


def test_a_loop_stops_for_every_value(here: Place) -> None:
    execution = begin(here, LOOP.replace("LIMIT", "0"), "inner")
    shown = here.shown(execution)
    assert [run["state"]["current"] for run in shown["taskRunList"] if run["taskId"] == "inner"] == ["BREAKPOINT"] * 3
    assert go_on(here, execution)["state"]["current"] == "SUCCESS"


def test_a_breakpoint_and_a_pause_beside_it_are_two_things(here: Place) -> None:
    pause = f"{{id: rest, type: {CORE}.flow.Pause}}"
    flow = HEAD + f"tasks: [{{id: par, type: {CORE}.flow.Parallel, tasks: [{returns('one')}, {pause}]}}]\n"
    execution = begin(here, flow, "one")
    actions.resume(here.rt, execution, {})
    here.settle()
    assert state(here, execution) is State.BREAKPOINT
    assert go_on(here, execution)["state"]["current"] == "SUCCESS"
    other = begin(here, flow, "one")
    go_on(here, other)
    assert state(here, other) is State.PAUSED
    actions.resume(here.rt, other, {})
    here.settle()
    assert state(here, other) is State.SUCCESS


def test_an_execution_at_a_breakpoint_can_be_killed(here: Place) -> None:
    execution = begin(here, LOOP.replace("LIMIT", "0"), "inner")
    actions.kill(here.rt, execution)
    here.settle()
    assert state(here, execution) is State.KILLED
    found = states(here.shown(execution))
    assert (found["inner"], "after" in found) == ("KILLED", False)
    with pytest.raises(ConflictError, match="is KILLED"):
        go_on(here, execution)


def test_an_execution_that_ends_beside_a_breakpoint_leaves_it(here: Place) -> None:
    leaves = f"{{id: leave, type: {CORE}.execution.Exit, state: SUCCESS}}"
    flow = HEAD + f"tasks: [{{id: par, type: {CORE}.flow.Parallel, tasks: [{returns('one')}, {leaves}]}}]\n"
    execution = begin(here, flow, "one", "leave")
    assert go_on(here, execution)["state"]["current"] == "SUCCESS"
    execution = begin(here, flow, "one")
    assert state(here, execution) is State.SUCCESS
    assert states(here.shown(execution))["one"] != "BREAKPOINT"
    with pytest.raises(ConflictError, match="is SUCCESS, and no task run of it stands at a breakpoint"):
        go_on(here, execution)


def test_a_task_at_a_breakpoint_can_be_declared_done(here: Place) -> None:
    execution = begin(here, PLAIN, "two")
    actions.change_state(here.rt, execution, "two", [], State.SKIPPED)
    here.settle()
    assert states(here.shown(execution)) == {"one": "SUCCESS", "two": "SKIPPED", "three": "SUCCESS"}
    assert state(here, execution) is State.SUCCESS


def test_a_message_that_comes_early_or_twice_changes_nothing(here: Place) -> None:
    execution = begin(here, PLAIN, "two")
    before = here.shown(execution)
    here.rt.engine.handle(WalkLane(execution, "main", "early"))
    here.settle()
    assert here.shown(execution) == before
    shown = go_on(here, execution, "three")
    here.rt.engine.handle(WalkLane(execution, "main", "late"))
    here.settle()
    assert here.shown(execution) == shown


def test_an_execution_at_a_breakpoint_keeps_its_slot(here: Place) -> None:
    limited = PLAIN + "concurrency: {limit: 1}\n"
    begin(here, limited, "two")
    assert state(here, begin(here, limited)) is State.QUEUED


def test_a_replay_stops_where_it_is_told_and_not_where_the_old_one_did(here: Place) -> None:
    old = begin(here, PLAIN, "one")
    go_on(here, old)
    plain = actions.replay(here.rt, old, None, [])
    stopped = actions.replay(here.rt, old, "two", [], Differently(breakpoints=("two", "three")))
    here.settle()
    assert state(here, plain) is State.SUCCESS
    assert states(here.shown(stopped)) == {"one": "SUCCESS", "two": "BREAKPOINT"}
    shown = go_on(here, stopped)
    assert history(shown, "two")[-5:] == ["RESTARTED", "BREAKPOINT", "CREATED", "RUNNING", "SUCCESS"]
    assert outputs(shown, "three") == {"value": "done"}


def test_what_comes_after_the_end_and_on_errors_stops_too(here: Place) -> None:
    flow = (
        f"tasks: [{{id: bad, type: {CORE}.execution.Fail}}]\nerrors: [{returns('sorry')}]\nfinally: [{returns('f')}]\n"
    )
    execution = begin(here, HEAD + flow, "sorry", "f")
    assert states(here.shown(execution)) == {"bad": "FAILED", "sorry": "BREAKPOINT"}
    assert states(go_on(here, execution, "f")) == {"bad": "FAILED", "sorry": "SUCCESS", "f": "BREAKPOINT"}
    assert go_on(here, execution)["state"]["current"] == "FAILED"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("four", "stops has no task 'four'; it has in, one, wd"),
        ("four.a", "has no task 'four'"),
        ("", "has no task ''"),
        ("in", "set the breakpoint at 'wd'"),
    ],
)
def test_a_breakpoint_at_which_nothing_can_stop_is_refused(here: Place, name: str, reason: str) -> None:
    inside = f"{{id: wd, type: {CORE}.flow.WorkingDirectory, tasks: [{returns('in')}]}}"
    flow = HEAD + f"tasks: [{returns('one')}, {inside}]\n"
    with pytest.raises(InputError, match=reason):
        begin(here, flow, name)
    execution = begin(here, flow, "wd")
    with pytest.raises(InputError, match=reason):
        go_on(here, execution, name)
    with pytest.raises(InputError, match=reason):
        actions.replay(here.rt, execution, None, [], Differently(breakpoints=(name,)))
    assert states(go_on(here, execution))["in"] == "SUCCESS"
