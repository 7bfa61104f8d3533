"""What a Pause says when it has ended, and who sees that an execution is paused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.scenes import Place, outputs, place, states
from tiercel import actions
from tiercel.model.states import State

CORE = "io.kestra.plugin.core"
HEAD = "id: rests\nnamespace: tests\n"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Place]:
    with place(tmp_path / "store") as found:
        yield found


def pausing(more: str = "") -> str:
    after = f"{{id: after, type: {CORE}.debug.Return, format: '{{{{ outputs.rest.resumed.to }}}}'}}"
    return HEAD + f"tasks:\n  - {{id: rest, type: {CORE}.flow.Pause, {more}}}\n  - {after}\n"


def now(here: Place) -> str:
    return here.clock.now().isoformat(timespec="microseconds").replace("+00:00", "Z")


@pytest.mark.parametrize(("by", "shown"), [(None, "anonymous"), ("ada", "ada")])
def test_a_pause_says_who_ended_it_and_when(here: Place, by: str | None, shown: str) -> None:
    execution = here.begin(pausing("onResume: [{id: n, type: INT}]"))
    here.clock.advance(90)
    actions.resume(here.rt, execution, {"n": "3"}, by=by)
    here.settle()
    found = here.shown(execution)
    wanted = {"onResume": {"n": 3}, "resumed": {"by": shown, "on": now(here), "to": "SUCCESS"}}
    assert outputs(found, "rest") == wanted
    assert outputs(found, "after") == {"value": "SUCCESS"}


@pytest.mark.parametrize(("behavior", "state"), [("RESUME", "SUCCESS"), ("WARN", "WARNING"), ("FAIL", "FAILED")])
def test_a_pause_whose_time_is_over_was_ended_by_nobody(here: Place, behavior: str, state: str) -> None:
    execution = here.begin(pausing(f"pauseDuration: PT1M, behavior: {behavior}"))
    here.clock.advance(61)
    here.settle()
    assert outputs(here.shown(execution), "rest") == {"resumed": {"on": now(here), "to": state}}


def test_a_pause_that_nobody_ended_in_time_was_not_resumed(here: Place) -> None:
    execution = here.begin(pausing("timeout: PT1M"))
    here.clock.advance(61)
    here.settle()
    found = here.shown(execution)
    assert (states(found)["rest"], outputs(found, "rest")) == ("FAILED", {})


def test_a_pause_that_is_given_a_state_says_which(here: Place) -> None:
    execution = here.begin(pausing())
    actions.change_state(here.rt, execution, "rest", [], State.WARNING)
    here.settle()
    found = outputs(here.shown(execution), "rest")
    assert found == {"resumed": {"by": "anonymous", "on": now(here), "to": "WARNING"}}


def test_a_parent_runs_while_its_child_is_paused_and_goes_on_with_it(here: Place) -> None:
    here.deploy(f"id: child\nnamespace: tests\ntasks: [{{id: stop, type: {CORE}.flow.Pause}}]\n")
    call = f"{{id: call, type: {CORE}.flow.Subflow, namespace: tests, flowId: child}}"
    after = f"{{id: after, type: {CORE}.debug.Return, format: '{{{{ outputs.call.state }}}}'}}"
    execution = here.begin(HEAD + f"tasks: [{call}, {after}]\n")
    shown = here.shown(execution)
    assert (shown["state"]["current"], states(shown)) == ("RUNNING", {"call": "RUNNING"})
    [paused] = shown["related"]
    assert paused["state"]["current"] == "PAUSED"
    actions.resume(here.rt, paused["id"], {})
    here.settle()
    shown = here.shown(execution)
    assert (shown["state"]["current"], outputs(shown, "after")) == ("SUCCESS", {"value": "SUCCESS"})
