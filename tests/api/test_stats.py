"""Statistics of executions over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.driving import FAIL, Api
from tiercel.model.states import State

DAILY = "/stats/executions/daily"


@pytest.fixture
def ran(api: Api) -> Api:
    """Return an installation with executions of three flows in two namespaces."""
    api.deploy("")
    api.deploy(f"id: g\nnamespace: t.below\ntasks:\n  - {{id: no, type: {FAIL}}}\n")
    api.deploy("id: s\nnamespace: system\n")
    for path in ("t/f", "t/f", "t.below/g", "system/s"):
        api.post(f"/executions/{path}")
    api.settle()
    return api


def daily(api: Api, **sought: Any) -> dict[str, int]:
    """Return how many executions there are in each state that has any."""
    found: dict[str, int] = {}
    for each in api.post(DAILY, json=sought):
        assert set(each["executionCounts"]) == {str(state) for state in State}
        for state, number in each["executionCounts"].items():
            found[state] = found.get(state, 0) + number
    return {state: number for state, number in found.items() if number}


@pytest.mark.parametrize("since", ["PT1H", "P1D", "P30D", "P200D", "P390D"])
def test_executions_are_counted_over_every_span(ran: Api, since: str) -> None:
    assert daily(ran, timeRange=since) == {"SUCCESS": 3, "FAILED": 1}


@pytest.mark.parametrize(
    ("sought", "wanted"),
    [
        ({"namespace": "t"}, {"SUCCESS": 2, "FAILED": 1}),
        ({"namespace": "t.below"}, {"FAILED": 1}),
        ({"namespace": "t", "flowId": "f"}, {"SUCCESS": 2}),
        ({"state": ["FAILED"]}, {"FAILED": 1}),
        ({"state": "SUCCESS"}, {"SUCCESS": 3}),
        ({"scope": ["SYSTEM"]}, {"SUCCESS": 1}),
        ({"scope": "USER"}, {"SUCCESS": 2, "FAILED": 1}),
        ({"q": "BELOW"}, {"FAILED": 1}),
        ({"flows": [{"namespace": "t", "id": "f"}]}, {"SUCCESS": 2}),
        ({"endDate": "2020-01-01T00:00:00Z"}, {}),
    ],
)
@pytest.mark.parametrize("span", [{}, {"timeRange": "PT30M"}])
def test_what_is_asked_for_is_counted(
    ran: Api, sought: dict[str, Any], wanted: dict[str, int], span: dict[str, str]
) -> None:
    assert daily(ran, **sought, **span) == wanted


@pytest.fixture
def labelled(ran: Api) -> Api:
    """Return an installation with two more executions that have labels, beside the four that have none."""
    ran.run("/executions/t/f?labels=team:red")
    ran.run("/executions/t.below/g?labels=team:red&labels=size:big")
    return ran


@pytest.mark.parametrize(
    ("sought", "wanted"),
    [
        ({"labels": "team:red"}, {"SUCCESS": 1, "FAILED": 1}),
        ({"labels": ["team:red", "size:big"]}, {"FAILED": 1}),
        ({"labels": ["team:blue"]}, {}),
        ({"labels": "size"}, {"FAILED": 1}),
        ({"labels": "team:red", "namespace": "t.below"}, {"FAILED": 1}),
        ({"labels": "team:red", "flowId": "f"}, {"SUCCESS": 1}),
        ({"labels": "team:red", "flows": [{"namespace": "t", "id": "f"}]}, {"SUCCESS": 1}),
        (
            {"labels": "team:red", "flows": [{"namespace": "t", "id": "f"}, {"namespace": "t", "id": "g"}]},
            {"SUCCESS": 1},
        ),
        ({"labels": "team:red", "state": ["FAILED"]}, {"FAILED": 1}),
        ({"labels": "team:red", "scope": "SYSTEM"}, {}),
        ({"labels": "team:red", "q": "BELOW"}, {"FAILED": 1}),
        ({"labels": [], "flowId": "f"}, {"SUCCESS": 3}),
    ],
)
@pytest.mark.parametrize("span", [{}, {"timeRange": "PT30M"}])
def test_labels_are_counted_by_the_executions_themselves(
    labelled: Api, sought: dict[str, Any], wanted: dict[str, int], span: dict[str, str]
) -> None:
    assert daily(labelled, **sought, **span) == wanted
    found = labelled.post(f"{DAILY}/group-by-namespace", json={**sought, **span})
    assert sum(each["total"] for each in found.values()) == sum(wanted.values())


def test_with_labels_too_many_executions_are_refused_with_what_makes_them_fewer(
    labelled: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tiercel.statistics.series.MOST", 2)
    said = labelled.fails(422, "POST", DAILY, json={"labels": "team:red"})["message"]
    assert "more than 2" in said
    assert "by namespace, flow or state, or to a shorter time" in said
    assert daily(labelled, labels="team:red", namespace="t.below") == {"FAILED": 1}  # two executions
    assert daily(labelled, labels="team:red", state="FAILED") == {"FAILED": 1}
    assert daily(labelled, labels="team:red", endDate="2020-01-01T00:00:00Z") == {}
    assert daily(labelled) == {"SUCCESS": 4, "FAILED": 2}  # what is counted has no such limit


def test_stretches_without_executions_are_there(ran: Api) -> None:
    end = datetime.now(UTC)
    found = ran.post(DAILY, json={"startDate": (end - timedelta(days=9)).isoformat(), "endDate": end.isoformat()})
    assert [each["groupBy"] for each in found] == ["day"] * 10
    assert found[0]["startDate"] == f"{(end - timedelta(days=9)).date()}T00:00:00.000000Z"
    assert found[0]["duration"] == {"min": "PT0S", "avg": "PT0S", "max": "PT0S", "sum": "PT0S", "count": 0}
    last = found[-1]["duration"]
    assert last["count"] == 4
    assert all(last[name].startswith("PT0.") for name in ("min", "avg", "max", "sum"))


def test_a_restart_is_counted_as_it_ends_the_second_time(ran: Api) -> None:
    [failed] = ran.get("/executions/search?namespace=t.below")["results"]
    assert daily(ran, namespace="t.below") == {"FAILED": 1}
    ran.post(f"/executions/{failed['id']}/actions/change-status?status=SUCCESS")
    assert daily(ran, namespace="t.below") == {"SUCCESS": 1}


def test_by_flow_and_by_namespace(ran: Api) -> None:
    flows = ran.post(f"{DAILY}/group-by-flow", json={"timeRange": "P1D"})
    assert {namespace: list(each) for namespace, each in flows.items()} == {
        "system": ["s"],
        "t": ["f"],
        "t.below": ["g"],
    }
    assert sum(each["executionCounts"]["SUCCESS"] for each in flows["t"]["f"]) == 2
    assert sum(each["executionCounts"]["SUCCESS"] for each in flows["t.below"]["g"]) == 0
    found = ran.post(f"{DAILY}/group-by-namespace", json={"timeRange": "P1D", "namespace": "t"})
    assert {name: each["total"] for name, each in found.items()} == {"t": 2, "t.below": 1}
    assert found["t.below"]["counts"]["FAILED"] == 1


def test_the_latest_execution_of_flows(ran: Api) -> None:
    names = [{"namespace": "t", "id": "f"}, {"namespace": "t", "id": "none"}]
    [found] = ran.post("/stats/executions/latest/group-by-flow", json={"flows": names})
    assert (found["flowId"], found["status"]) == ("f", "SUCCESS")


def test_the_summary_counts_flows_and_their_triggers(ran: Api) -> None:
    schedule = "io.kestra.plugin.core.trigger.Schedule"
    ran.deploy(f"id: d\nnamespace: t\ntriggers:\n  - {{id: at, type: {schedule}, cron: '0 0 1 1 *'}}\n")
    assert ran.post("/stats/summary", json={}) == {"flows": 4, "triggers": 1}
    assert ran.post("/stats/summary") == {"flows": 4, "triggers": 1}
    assert ran.post("/stats/summary", json={"namespace": "t.below"}) == {"flows": 1, "triggers": 0}


@pytest.mark.parametrize(
    ("sought", "part"),
    [
        ({"state": "WRONG"}, "WRONG"),
        ({"scope": "ALL"}, "ALL"),
        ({"startDate": "yesterday"}, "2026-01-31"),
        ({"timeRange": "P400D", "startDate": "2026-01-01"}, "exclude"),
        ({"timeRange": "P401D"}, "401 days"),
        ({"startDate": "2026-02-01", "endDate": "2026-01-01"}, "after"),
        ({"startDate": "0001-01-01"}, "years between"),
    ],
)
def test_what_cannot_be_counted_is_refused_by_name(api: Api, sought: dict[str, Any], part: str) -> None:
    assert part in api.fails(422, "POST", DAILY, json=sought)["message"]


TWO = """
id: two
namespace: t
tasks:
  - {id: say, type: io.kestra.plugin.core.log.Log, level: WARN, message: [one, two]}
  - id: each
    type: io.kestra.plugin.core.flow.ForEach
    values: [a, b, c]
    tasks: [{id: in, type: io.kestra.plugin.core.debug.Return, format: x}]
  - {id: no, type: io.kestra.plugin.core.execution.Fail}
"""


@pytest.fixture
def two(api: Api) -> Api:
    """Return an installation with two executions, of six task runs each."""
    api.post("/flows", data=TWO)
    for label in ("a", "b"):
        api.post(f"/executions/t/two?labels=of:{label}")
    api.settle()
    return api


@pytest.mark.parametrize(
    ("sought", "wanted"),
    [
        ({}, {"SUCCESS": 10, "FAILED": 2}),
        ({"timeRange": "PT1H"}, {"SUCCESS": 10, "FAILED": 2}),
        ({"state": "FAILED"}, {"FAILED": 2}),
        ({"labels": "of:a"}, {"SUCCESS": 5, "FAILED": 1}),
        ({"namespace": "t", "flowId": "two"}, {"SUCCESS": 10, "FAILED": 2}),
        ({"q": "other"}, {}),
        ({"endDate": "2020-01-01T00:00:00Z"}, {}),
    ],
)
def test_task_runs_are_counted_over_time(two: Api, sought: dict[str, Any], wanted: dict[str, int]) -> None:
    found: dict[str, int] = {}
    for each in two.post("/stats/taskruns/daily", json=sought):
        for state, number in each["executionCounts"].items():
            found[state] = found.get(state, 0) + number
    assert {state: number for state, number in found.items() if number} == wanted


def test_log_lines_are_counted_over_time(two: Api) -> None:
    def lines(**sought: Any) -> dict[str, int]:
        rows = two.post("/stats/logs/daily", json=sought)
        assert {each["groupBy"] for each in rows} == {"day"}
        return {level: sum(each["counts"][level] for each in rows) for level in ("DEBUG", "WARN", "ERROR")}

    assert lines() == {"DEBUG": 6, "WARN": 4, "ERROR": lines(logLevel="ERROR")["ERROR"]}
    assert lines(logLevel="WARN")["DEBUG"] == 0
    assert lines(labels="of:a")["WARN"] == 2
    assert lines(state="RUNNING") == {"DEBUG": 0, "WARN": 0, "ERROR": 0}
    assert "LOUD" in two.fails(422, "POST", "/stats/logs/daily", json={"logLevel": "LOUD"})["message"]


@pytest.mark.parametrize("path", ["/stats/taskruns/daily", "/stats/logs/daily"])
def test_what_would_have_to_be_read_of_too_many_is_refused(
    two: Api, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tiercel.api.statistics.inside.MOST_READ", 1)
    assert "more than 1" in two.fails(422, "POST", path, json={})["message"]
    assert two.post(path, json={"flowId": "other"})


def test_executions_that_are_still_being_counted_are_asked_for_again(ran: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tiercel.statistics.hours.BATCH", 2)
    monkeypatch.setattr("tiercel.statistics.hours.count_hours.__defaults__", (2,))
    response = ran.send("POST", DAILY, json={})
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "1"
