"""Tasks that look at other executions, and one that is made when it runs (flow specification, 7.1, 7.2 and 7.8)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.scenes import Place, messages, outputs, place, states
from tiercel.errors import NotFoundError

WORKER = """
id: worker
namespace: team.{space}
tasks:
  - {{id: info, type: core.log.Log, message: one}}
  - {{id: warn, type: core.log.Log, message: two, level: WARN}}
  - {{id: long, type: core.log.Log, message: "{{{{ range(1, 3000) }}}}"}}
  - {{id: large, type: core.debug.Return, format: "{{{{ range(1, 2000) }}}}"}}
  - {{id: file, type: core.storage.Write, content: text}}
  - {{id: end, type: core.execution.Fail, condition: "{condition}"}}
"""


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Place]:
    with place(tmp_path) as found:
        yield found


def work(here: Place, *, space: str = "a", fails: bool = False) -> str:
    return here.begin(WORKER.format(space=space, condition=str(fails).lower()))


def task(here: Place, kind: str, *properties: str) -> dict[str, Any]:
    """Run a flow with one task; return the execution."""
    lines = "\n".join(f"    {line}" for line in properties)
    return here.run(f"id: asks\nnamespace: team\ntasks:\n  - id: ask\n    type: core.{kind}\n{lines}\n")


def result(here: Place, kind: str, *properties: str) -> dict[str, Any]:
    """Return the outputs of that task."""
    shown = task(here, kind, *properties)
    assert shown["state"]["current"] == "SUCCESS", messages(shown)
    return outputs(shown, "ask")


# ---------------------------------------------------------------- logs


def test_fetch_writes_the_lines_of_its_own_execution(here: Place) -> None:
    flow = """
id: own
namespace: team
tasks:
  - {id: a, type: core.log.Log, message: one}
  - {id: b, type: core.log.Log, message: two, level: DEBUG}
  - {id: c, type: core.log.Log, message: three, level: ERROR}
  - {id: all, type: core.log.Fetch}
  - {id: some, type: core.log.Fetch, tasksId: [b, c], level: TRACE}
  - {id: grave, type: core.log.Fetch, level: WARN}
"""
    shown = here.run(flow)
    assert [outputs(shown, name)["size"] for name in ("all", "some", "grave")] == [2, 2, 1]
    [line] = here.text(outputs(shown, "grave")["uri"]).splitlines()
    found = json.loads(line)
    assert (found["message"], found["level"], found["taskId"], found["executionId"]) == (
        "three",
        "ERROR",
        "c",
        shown["id"],
    )


def test_fetch_reads_another_execution_long_logs_included(here: Place) -> None:
    other = work(here)
    found = result(here, "log.Fetch", f"executionId: {other}", "flowId: worker", "namespace: team.a")
    lines = [json.loads(line) for line in here.text(found["uri"]).splitlines()]
    assert found["size"] == 3
    assert [line["taskId"] for line in lines] == ["info", "warn", "long"]


def test_fetch_of_an_execution_that_is_not_there_fails(here: Place) -> None:
    shown = task(here, "log.Fetch", "executionId: nothing")
    assert "there is no execution 'nothing'" in messages(shown)[0]


def test_fetch_of_an_execution_of_another_flow_than_named_fails(here: Place) -> None:
    shown = task(here, "log.Fetch", f"executionId: {work(here)}", "flowId: other")
    assert states(shown) == {"ask": "FAILED"}


def test_purge_logs_removes_lines_by_level_and_leaves_the_rest(here: Place) -> None:
    first, second = work(here), work(here, space="b")
    ends = 'endDate: "{{ now() }}"'
    assert result(here, "log.PurgeLogs", "namespace: team.a", "logLevels: [WARN]", ends) == {"count": 1}
    assert "two" not in messages(here.shown(first))
    assert "two" in messages(here.shown(second))
    assert result(here, "log.PurgeLogs", "namespace: team.a", "flowId: worker", ends)["count"] == 3
    assert messages(here.shown(first)) == []
    assert here.shown(first)["state"]["current"] == "SUCCESS"
    assert result(here, "log.PurgeLogs", "namespace: team", "startDate: '2100-01-01'", ends) == {"count": 0}


def test_purge_logs_of_a_flow_needs_a_namespace(here: Place) -> None:
    shown = task(here, "log.PurgeLogs", "flowId: worker", "endDate: '2100-01-01T00:00:00Z'")
    assert "needs a 'namespace'" in messages(shown)[0]


# ---------------------------------------------------------------- executions


def test_resume_lets_another_execution_go_on_with_inputs(here: Place) -> None:
    rests = """
id: rests
namespace: team
tasks:
  - {id: rest, type: core.flow.Pause, onResume: [{id: number, type: INT}]}
  - {id: use, type: core.debug.Return, format: "{{ outputs.rest.onResume.number + 1 }}"}
"""
    other = here.begin(rests)
    shown = task(here, "execution.Resume", f"executionId: {other}", "inputs: {number: many}")
    assert states(shown) == {"ask": "FAILED"}
    result(here, "execution.Resume", f"executionId: {other}", "inputs: {number: '41'}")
    assert outputs(here.shown(other), "use") == {"value": "42"}
    shown = task(here, "execution.Resume", f"executionId: {other}")
    assert "The execution is not paused" in messages(shown)[0]


def test_a_pause_asks_for_inputs_with_defaults_that_are_optional_too(here: Place) -> None:
    rests = """
id: rests
namespace: team
tasks:
  - {id: rest, type: core.flow.Pause, onResume: [{id: number, type: INT, required: false, defaults: 41}]}
  - {id: use, type: core.debug.Return, format: "{{ outputs.rest.onResume.number + 1 }}"}
"""
    other = here.begin(rests)
    result(here, "execution.Resume", f"executionId: {other}")
    assert outputs(here.shown(other), "use") == {"value": "42"}


def test_count_keeps_the_counts_for_which_its_expression_holds(here: Place) -> None:
    for fails in (False, True, True):
        work(here, fails=fails)
    flows = "flows: [{namespace: team.a, flowId: worker}, {namespace: team.a, flowId: none}]"
    found = result(here, "execution.Count", flows, "states: [FAILED]", 'expression: "{{ count >= 1 }}"')
    assert found == {"results": [{"namespace": "team.a", "flowId": "worker", "count": 2}], "total": 2}
    found = result(here, "execution.Count", "namespaces: [team.a]", 'expression: "{{ count >= 3 }}"')
    assert found == {"results": [{"namespace": "team.a", "count": 3}], "total": 3}
    here.clock.advance(60)
    since = 'startDate: "{{ now() }}"'
    assert result(here, "execution.Count", "namespaces: [team.a]", since, 'expression: "{{ count > 0 }}"')["total"] == 0
    assert states(task(here, "execution.Count", 'expression: "true"')) == {"ask": "FAILED"}


def files_of(here: Place, execution: str) -> list[str]:
    return [uri for uri in here.rt.services.objects.list("kestra:///team/") if execution in uri]


def test_purge_removes_executions_that_have_ended_and_everything_of_them(here: Place) -> None:
    gone, kept = work(here), work(here, fails=True)
    running = here.begin("id: rests\nnamespace: team.a\ntasks: [{id: rest, type: core.flow.Pause}]")
    found = result(
        here, "execution.PurgeExecutions", "namespace: team", "states: [SUCCESS, PAUSED]", 'endDate: "{{ now() }}"'
    )
    assert (found["executionsCount"], found["storagesCount"]) == (1, 1)
    assert found["logsCount"] == 4
    with pytest.raises(NotFoundError):
        here.rt.view.header(gone)
    assert files_of(here, gone) == []
    assert list(here.rt.store.scan(f"lane/{gone}/")) == []
    assert here.shown(kept)["state"]["current"] == "FAILED"
    assert here.shown(running)["state"]["current"] == "PAUSED"


def test_purge_of_parts_leaves_the_execution_readable(here: Place) -> None:
    other = work(here)
    only = ["purgeExecution: false", 'endDate: "{{ now() }}"', "namespace: team.a", "flowId: worker"]
    found = result(here, "execution.PurgeExecutions", *only)
    assert (found["executionsCount"], found["logsCount"], found["storagesCount"]) == (0, 4, 1)
    assert found["metricsCount"] == 1
    shown = here.shown(other)
    assert messages(shown) == []
    assert len(outputs(shown, "large")["value"]) > 4096


def test_executions_that_are_younger_than_the_end_date_stay(here: Place) -> None:
    other = work(here)
    found = result(here, "execution.PurgeExecutions", "endDate: '2025-12-31'")
    assert found["executionsCount"] == 0
    assert here.shown(other)["state"]["current"] == "SUCCESS"


# ---------------------------------------------------------------- templated


def test_a_templated_task_runs_what_its_text_says(here: Place) -> None:
    spec = ["spec: |", "  type: core.debug.{{ 'Ret' ~ 'urn' }}", '  format: "{{ flow.id }} {{ 1 + 1 }}"']
    assert result(here, "templating.TemplatedTask", *spec) == {"value": "asks 2"}


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ("{type: core.flow.Pause}", "none that a worker runs"),
        ("{type: core.templating.TemplatedTask, spec: x}", "can be templated"),
        ("{type: core.debug.Retrun}", "Return"),
        ("{type: core.debug.Return, formt: a}", "formt"),
        ("{type: core.flow.Sleep, duration: long}", "duration"),
        ("nothing", "task"),
        ("a: [", "not YAML"),
    ],
)
def test_a_templated_task_that_cannot_be_run_is_refused(here: Place, spec: str, text: str) -> None:
    shown = task(here, "templating.TemplatedTask", f"spec: '{spec}'")
    assert states(shown) == {"ask": "FAILED"}
    assert text in messages(shown)[0]
