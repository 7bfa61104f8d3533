"""Subflow: what the child gets, what comes back, and what a kill, a restart and a loop do (flow specification, 6.9)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.scenes import Place, labels, messages, outputs, place, states
from tiercel import actions
from tiercel.intake import Request

CHILD = """
id: child
namespace: team
labels: {from: child, both: child}
inputs:
  - {id: name, type: STRING, defaults: nobody}
tasks:
  - {id: before, type: core.log.Log, message: "hello {{ inputs.name }}"}
  - id: perhaps
    type: core.execution.Fail
    condition: "{{ kv('bad', errorOnMissing=false) }}"
outputs:
  - {id: greeted, type: STRING, value: "{{ inputs.name }}"}
"""


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Place]:
    with place(tmp_path) as found:
        found.deploy(CHILD)
        yield found


def parent(more: str = "", *, child: str = "child", after: str = "") -> str:
    return f"""
id: parent
namespace: team
tasks:
  - id: call
    type: core.flow.Subflow
    namespace: team
    flowId: {child}
    {more}
{after}
"""


def related(shown: dict[str, Any]) -> list[str]:
    return [each["state"]["current"] for each in shown["related"]]


def test_its_outputs_are_the_childs(here: Place) -> None:
    shown = here.run(parent("inputs: {name: '{{ flow.id }}'}"))
    [child] = shown["related"]
    assert outputs(shown, "call") == {
        "executionId": child["id"],
        "state": "SUCCESS",
        "outputs": {"greeted": "parent"},
    }
    variables = {"executionId": shown["id"], "namespace": "team", "flowId": "parent", "flowRevision": 1}
    assert child["trigger"] == {"id": "call", "type": "io.kestra.plugin.core.flow.Subflow", "variables": variables}


def test_the_child_has_its_own_labels_the_tasks_and_the_systems(here: Place) -> None:
    shown = here.run(parent("labels: {both: task, '{{ flow.id }}-x': '{{ 1 + 1 }}'}"), Request(labels=[("mine", "1")]))
    found = labels(shown["related"][0])
    assert found == {"from": "child", "both": "task", "parent-x": "2", "system.correlationId": shown["id"]}


def test_it_inherits_the_parents_labels_when_asked(here: Place) -> None:
    shown = here.run(parent("inheritLabels: true"), Request(labels=[("mine", "1"), ("both", "parent")]))
    found = labels(shown["related"][0])
    assert (found["mine"], found["both"]) == ("1", "parent")


def test_a_system_label_is_refused(here: Place) -> None:
    shown = here.run(parent("labels: {'{{ \"system.x\" }}': 1}"))
    assert states(shown) == {"call": "FAILED"}
    assert "System labels can only be set by Kestra itself" in messages(shown)[0]


def test_it_begins_on_its_date(here: Place) -> None:
    execution = here.begin(parent("scheduleDate: '2026-01-01T01:00:00+00:00'"))
    assert related(here.shown(execution)) == ["CREATED"]
    here.clock.advance(3599)
    here.settle()
    assert related(here.shown(execution)) == ["CREATED"]
    here.clock.advance(1)
    here.settle()
    assert here.shown(execution)["state"]["current"] == "SUCCESS"


def test_a_date_that_is_none_fails_the_task(here: Place) -> None:
    assert "scheduleDate is 'soon'" in messages(here.run(parent("scheduleDate: soon")))[0]


def test_a_child_that_has_not_begun_is_killed_with_its_parent(here: Place) -> None:
    execution = here.begin(parent("scheduleDate: '2026-01-01T01:00:00Z'"))
    actions.kill(here.rt, execution)
    here.settle()
    here.clock.advance(7200)
    here.settle()
    shown = here.shown(execution)
    assert (shown["state"]["current"], related(shown)) == ("KILLED", ["KILLED"])
    assert shown["related"][0]["taskRunList"] == []


@pytest.mark.parametrize(
    ("more", "state"),
    [
        ("", "FAILED"),
        ("allowFailure: true", "WARNING"),
        ("transmitFailed: '{{ false }}'", "SUCCESS"),
        ("wait: false", "SUCCESS"),
    ],
)
def test_a_failing_child(here: Place, more: str, state: str) -> None:
    here.rt.services.keys.set("team", "bad", "yes")
    shown = here.run(parent(more))
    assert (shown["state"]["current"], related(shown)) == (state, ["FAILED"])


@pytest.mark.parametrize(("exit_", "state"), [("CANCELED", "SUCCESS"), ("WARNING", "WARNING"), ("KILLED", "KILLED")])
def test_the_childs_end_is_copied(here: Place, exit_: str, state: str) -> None:
    child = f"id: ends\nnamespace: team\ntasks: [{{id: end, type: core.execution.Exit, state: {exit_}}}]"
    here.deploy(child)
    shown = here.run(parent(child="ends"))
    assert states(shown)["call"] == {"CANCELED": "CANCELLED"}.get(exit_, exit_)
    assert shown["state"]["current"] == state


@pytest.mark.parametrize(
    ("more", "child", "text"),
    [
        ("", "nobody", "Unable to find flow 'team'.'nobody'"),
        ("revision: 9", "child", "Unable to find flow 'team'.'child' with revision '9'"),
        ("", "disabled", "is disabled"),
        ("", "needy", "wanted"),
    ],
)
def test_a_child_that_cannot_be_started_fails_the_task_in_an_attempt(
    here: Place, more: str, child: str, text: str
) -> None:
    log = "tasks: [{id: a, type: core.log.Log, message: a}]"
    here.deploy(f"id: disabled\nnamespace: team\ndisabled: true\n{log}")
    here.deploy(f"id: needy\nnamespace: team\ninputs: [{{id: wanted, type: STRING}}]\n{log}")
    shown = here.run(parent(more, child=child))
    [run] = shown["taskRunList"]
    assert [attempt["state"]["current"] for attempt in run["attempts"]] == ["FAILED"]
    assert text in messages(shown)[0]
    assert shown["related"] == []


def test_a_parent_waits_for_a_child_that_is_paused_and_a_kill_ends_both(here: Place) -> None:
    here.deploy("id: rests\nnamespace: team\ntasks: [{id: rest, type: core.flow.Pause}]")
    execution = here.begin(parent(child="rests"))
    assert (states(here.shown(execution)), related(here.shown(execution))) == ({"call": "RUNNING"}, ["PAUSED"])
    actions.kill(here.rt, execution)
    here.settle()
    assert (states(here.shown(execution)), related(here.shown(execution))) == ({"call": "KILLED"}, ["KILLED"])


def test_a_retry_starts_a_new_child_for_each_attempt(here: Place) -> None:
    here.rt.services.keys.set("team", "bad", "yes")
    execution = here.begin(parent("retry: {type: constant, interval: PT1S, maxAttempts: 2}"))
    here.clock.advance(1)
    here.settle()
    shown = here.shown(execution)
    assert (shown["state"]["current"], related(shown)) == ("FAILED", ["FAILED", "FAILED"])
    assert len(shown["taskRunList"][0]["attempts"]) == 2


def repaired(here: Place, more: str) -> dict[str, Any]:
    """Let a parent fail because of its child, take away what was wrong, restart the parent."""
    here.rt.services.keys.set("team", "bad", "yes")
    execution = here.begin(parent(more, after="  - {id: last, type: core.log.Log, message: on}"))
    assert here.shown(execution)["state"]["current"] == "FAILED"
    here.rt.services.keys.delete("team", "bad")
    actions.restart(here.rt, execution)
    here.settle()
    return here.shown(execution)


def test_a_restart_restarts_the_child_that_failed(here: Place) -> None:
    shown = repaired(here, "")
    assert states(shown) == {"call": "SUCCESS", "last": "SUCCESS"}
    [child] = shown["related"]
    assert [run["taskId"] for run in child["taskRunList"]] == ["before", "perhaps"]
    assert [len(run["attempts"]) for run in child["taskRunList"]] == [1, 2]
    assert labels(child)["system.restarted"] == "true"
    assert outputs(shown, "call")["outputs"] == {"greeted": "nobody"}


def test_a_restart_begins_a_new_child_when_asked(here: Place) -> None:
    shown = repaired(here, "restartBehavior: NEW_EXECUTION")
    assert states(shown) == {"call": "SUCCESS", "last": "SUCCESS"}
    assert sorted(related(shown)) == ["FAILED", "SUCCESS"]


def test_a_child_that_was_repaired_by_itself_is_taken_as_it_is(here: Place) -> None:
    here.rt.services.keys.set("team", "bad", "yes")
    execution = here.begin(parent())
    here.rt.services.keys.delete("team", "bad")
    [child] = here.shown(execution)["related"]
    actions.restart(here.rt, child["id"])
    here.settle()
    assert (here.shown(execution)["state"]["current"], related(here.shown(execution))) == ("FAILED", ["SUCCESS"])
    actions.restart(here.rt, execution)
    here.settle()
    shown = here.shown(execution)
    assert (shown["state"]["current"], related(shown)) == ("SUCCESS", ["SUCCESS"])
    assert shown["related"][0]["metadata"]["attemptNumber"] == 2


def test_a_restart_of_a_killed_parent_restarts_the_killed_child(here: Place) -> None:
    here.deploy("id: rests\nnamespace: team\ntasks: [{id: rest, type: core.flow.Pause}]")
    execution = here.begin(parent(child="rests"))
    actions.kill(here.rt, execution)
    here.settle()
    actions.restart(here.rt, execution)
    here.settle()
    [child] = here.shown(execution)["related"]
    assert child["state"]["current"] == "PAUSED"
    actions.resume(here.rt, child["id"], {})
    here.settle()
    assert here.shown(execution)["state"]["current"] == "SUCCESS"


def test_a_child_whose_outputs_could_not_be_read_is_called_anew(here: Place) -> None:
    here.deploy("id: plain\nnamespace: team\ntasks: [{id: a, type: core.debug.Return, format: a}]")
    execution = here.begin(parent("outputs: {x: '{{ outputs.nothing.value }}'}", child="plain"))
    assert "Failed to extract outputs" in messages(here.shown(execution))[0]
    actions.restart(here.rt, execution)
    here.settle()
    assert related(here.shown(execution)) == ["SUCCESS", "SUCCESS"]


def test_each_round_of_a_loop_until_calls_a_child_of_its_own(here: Place) -> None:
    flow = """
id: tries
namespace: team
tasks:
  - id: until
    type: core.flow.LoopUntil
    condition: "{{ outputs.until.iterationCount == 3 }}"
    checkFrequency: {interval: PT1S}
    tasks:
      - {id: call, type: core.flow.Subflow, namespace: team, flowId: child}
"""
    execution = here.begin(flow)
    for _ in range(2):
        here.clock.advance(1)
        here.settle()
    shown = here.shown(execution)
    assert (shown["state"]["current"], related(shown)) == ("SUCCESS", ["SUCCESS"] * 3)


def test_a_retried_childs_successor_dies_with_the_parent(here: Place) -> None:
    child = """
id: tries
namespace: team
retry: {type: constant, interval: PT1M, maxAttempts: 5, behavior: CREATE_NEW_EXECUTION}
tasks: [{id: fail, type: core.execution.Fail}]
"""
    here.deploy(child)
    execution = here.begin(parent(child="tries"))
    assert related(here.shown(execution)) == ["RETRIED"]
    actions.kill(here.rt, execution)
    here.settle()
    here.clock.advance(120)
    here.settle()
    assert (here.shown(execution)["state"]["current"], related(here.shown(execution))) == ("KILLED", ["RETRIED"])
