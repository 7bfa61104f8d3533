"""Dashboards over HTTP: stored, checked, and the rows of their charts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from api.driving import FAIL, Api

CHART, DATA = "io.kestra.plugin.core.dashboard.chart", "io.kestra.plugin.core.dashboard.data"
DASHBOARD = f"""\
# mine
id: overview
title: Overview
description: How it goes
timeWindow: {{default: P7D, max: P365D}}
charts:
  - id: over_time
    type: {CHART}.TimeSeries
    chartOptions: {{displayName: Executions, column: date, colorByColumn: state}}
    data:
      type: {DATA}.Executions
      columns:
        date: {{field: START_DATE}}
        state: {{field: STATE}}
        total: {{agg: COUNT, graphStyle: BARS}}
        duration: {{field: DURATION, agg: SUM, graphStyle: LINES}}
  - id: words
    type: {CHART}.Markdown
    content: "## hello"
"""


def chart(kind: str, columns: str, more: str = "", options: str = "{}") -> str:
    data = f"{DATA}.ExecutionsKPI" if kind == "KPI" else f"{DATA}.Executions"
    return f"id: c\ntype: {CHART}.{kind}\nchartOptions: {options}\ndata:\n  type: {data}\n  columns: {columns}\n{more}"


@pytest.fixture
def ran(api: Api) -> Api:
    """Return an installation with three executions of two flows."""
    api.deploy("")
    api.deploy(f"id: g\nnamespace: t.below\ntasks:\n  - {{id: no, type: {FAIL}}}\n")
    for path in ("t/f", "t/f", "t.below/g"):
        api.run(f"/executions/{path}")
    return api


def rows(api: Api, text: str, **narrowed: Any) -> list[dict[str, Any]]:
    found = api.post("/dashboards/charts/preview", json={"chart": text, "globalFilter": narrowed})
    assert found["total"] >= len(found["results"])
    return list(found["results"])


def test_a_dashboard_is_created_read_changed_and_deleted(api: Api) -> None:
    made = api.post("/dashboards", data=DASHBOARD)
    assert (made["id"], made["title"], made["deleted"], made["sourceCode"]) == (
        "overview",
        "Overview",
        False,
        DASHBOARD,
    )
    assert [each["id"] for each in made["charts"]] == ["over_time", "words"]
    assert api.get("/dashboards/overview") == made
    assert "already" in api.fails(409, "POST", "/dashboards", data=DASHBOARD)["message"]
    changed = api.does("PUT", "/dashboards/overview", data=DASHBOARD.replace("Overview", "Changed"))
    assert (changed["title"], changed["created"]) == ("Changed", made["created"])
    api.fails(422, "PUT", "/dashboards/overview", data=DASHBOARD.replace("overview", "other"))
    assert api.send("DELETE", "/dashboards/overview").status_code == 204
    for method in ("GET", "DELETE", "PUT"):
        api.fails(404, method, "/dashboards/overview", data=DASHBOARD)


def test_dashboards_are_listed(api: Api) -> None:
    for title in ("b", "a", "c"):
        api.post("/dashboards", data=f"title: the {title}")
    found = api.get("/dashboards?size=2&sort=title:asc")
    assert ([each["title"] for each in found["results"]], found["total"]) == (["the a", "the b"], 3)
    assert len(found["results"][0]["id"]) == 22
    assert api.get("/dashboards?q=The%20C")["total"] == 1


def test_executions_over_time(ran: Api) -> None:
    ran.post("/dashboards", data=DASHBOARD)
    found = ran.post("/dashboards/overview/charts/over_time", json={})
    assert [(each["state"], each["total"]) for each in found["results"]] == [("FAILED", 1), ("SUCCESS", 2)]
    day = datetime.now(UTC).date().isoformat()
    assert {each["date"] for each in found["results"]} == {f"{day}T00:00:00.000000Z"}
    assert all(0 < each["duration"] < 20 for each in found["results"])
    assert ran.post("/dashboards/overview/charts/words") == {"results": [], "total": 0}
    assert "over_time" in ran.fails(404, "POST", "/dashboards/overview/charts/none")["message"]


def test_what_is_looked_at_is_narrowed(ran: Api) -> None:
    text = chart("Bar", "{flow: {field: FLOW_ID}, total: {agg: COUNT}}")
    assert rows(ran, text) == [{"flow": "f", "total": 2}, {"flow": "g", "total": 1}]
    assert rows(ran, text, namespace="t.below") == [{"flow": "g", "total": 1}]
    node: dict[str, Any] = {"field": "namespace", "operation": "EQUALS", "value": "t"}
    assert rows(ran, text, filters=[node]) == [{"flow": "f", "total": 2}]
    node = {"field": "state", "operation": "IN", "value": ["FAILED"]}
    assert rows(ran, text, filters=[node]) == [{"flow": "g", "total": 1}]
    assert rows(ran, text, endDate="2020-01-01T00:00:00Z") == []
    assert rows(ran, text, timeRange="PT30M") == rows(ran, text)
    assert rows(ran, text, pageSize=1, pageNumber=2) == [{"flow": "g", "total": 1}]


def test_where_and_order(ran: Api) -> None:
    columns = "{space: {field: NAMESPACE}, total: {agg: COUNT}}"
    text = chart("Pie", columns, "  orderBy: [{column: total, order: ASC}]\n")
    assert [each["total"] for each in rows(ran, text)] == [1, 2]
    where = "  where: [{field: NAMESPACE, type: STARTS_WITH, value: t.}]\n"
    assert rows(ran, chart("Pie", columns, where)) == [{"space": "t.below", "total": 1}]
    where = "  where: [{field: STATE, type: NOT_IN, values: [FAILED, KILLED]}]\n"
    assert rows(ran, chart("Table", columns, where)) == [{"space": "t", "total": 2}]


def test_an_indicator_is_a_number_or_a_share(ran: Api) -> None:
    part = "  numerator: [{field: STATE, type: IN, values: [SUCCESS]}]\n"
    assert rows(ran, chart("KPI", "{field: ID, agg: COUNT}")) == [{"value": 3}]
    assert rows(ran, chart("KPI", "{field: ID, agg: COUNT}", part)) == [{"value": 2}]
    [share] = rows(ran, chart("KPI", "{agg: COUNT}", part, "{numberType: PERCENTAGE}"))
    assert share["value"] == pytest.approx(200 / 3)
    assert rows(ran, chart("KPI", "{agg: COUNT}", part, "{numberType: PERCENTAGE}"), endDate="2020-01-01") == [
        {"value": 0}
    ]


def test_a_table_shows_executions_one_by_one(ran: Api) -> None:
    text = chart("Table", "{id: {field: ID}, state: {field: STATE}, took: {field: DURATION}}")
    found = rows(ran, text)
    assert [each["state"] for each in found] == ["FAILED", "SUCCESS", "SUCCESS"]
    assert found[0]["id"] == ran.get("/executions/search?namespace=t.below")["results"][0]["id"]
    assert len(rows(ran, text, pageSize=2)) == 2
    assert rows(ran, text, namespace="t.below") == found[:1]
    assert rows(ran, text, endDate="2020-01-01T00:00:00Z") == []


UNSUPPORTED = [
    ("type", f"id: c\ntype: {CHART}.Radar\n"),
    ("data:", f"id: c\ntype: {CHART}.Pie\n"),
    ("LogsKPI", chart("KPI", "{agg: COUNT}").replace("ExecutionsKPI", "LogsKPI")),
    ("LABELS", chart("Bar", "{label: {field: LABELS}, total: {agg: COUNT}}")),
    ("MEDIAN", chart("Bar", "{x: {field: DURATION, agg: MEDIAN}}")),
    ("END_DATE", chart("Bar", "{x: {field: END_DATE, agg: MAX}}")),
    ("COUNT counts", chart("Bar", "{x: {field: STATE, agg: COUNT}}")),
    ("data.columns", chart("Bar", "{}")),
    ("LABELS", chart("Pie", "{total: {agg: COUNT}}", "  where: [{field: LABELS, type: EQUAL_TO, value: a}]\n")),
    ("IS_NULL", chart("Pie", "{total: {agg: COUNT}}", "  where: [{field: STATE, type: IS_NULL}]\n")),
    ("orderBy", chart("Pie", "{total: {agg: COUNT}}", "  orderBy: [{column: other}]\n")),
    ("missing required field `type`", "id: c\n"),
    ("wanted one YAML document", "- 1"),
]


@pytest.mark.parametrize(("part", "text"), UNSUPPORTED)
def test_what_a_chart_cannot_show_is_refused_by_name(api: Api, part: str, text: str) -> None:
    said = api.post("/dashboards/validate/chart", data=text)
    assert part in said["constraints"]
    assert part in api.fails(422, "POST", "/dashboards/charts/preview", json={"chart": text})["message"]


@pytest.mark.parametrize(
    ("narrowed", "part"),
    [
        ({"labels": {"a": "b"}, "filters": [{"field": "taskId", "operation": "EQUALS", "value": "x"}]}, "taskId"),
        ({"filters": [{"field": "nope", "operation": "EQUALS", "value": 1}]}, "nope"),
        ({"filters": [{"field": "startDate", "operation": "GREATER_THAN", "value": "2026-01-01"}]}, "startDate"),
        ({"nope": 1}, "nope"),
        ({"pageSize": 0}, "pageSize"),
        ({"timeRange": "P500D"}, "500 days"),
    ],
)
def test_what_a_chart_cannot_be_narrowed_by_is_refused_by_name(api: Api, narrowed: dict[str, Any], part: str) -> None:
    body = {"chart": chart("Pie", "{total: {agg: COUNT}}"), "globalFilter": narrowed}
    response = api.send("POST", "/dashboards/charts/preview", json=body)
    assert response.status_code in (400, 422)
    assert part in response.text


@pytest.mark.parametrize(
    ("part", "text"),
    [
        ("title", "charts: []"),
        ("title", "title: ' '"),
        ("two charts 'over_time'", DASHBOARD.replace("id: words", "id: over_time")),
        ("timeWindow.default", DASHBOARD.replace("P7D", "a week")),
        ("charts[1]", DASHBOARD.replace(".Markdown", ".Nothing")),
        ("no id", DASHBOARD.replace("id: overview", "id: a/b")),
        ("charts", "title: x\ncharts: 1"),
    ],
)
def test_a_dashboard_that_is_wrong_is_refused(api: Api, part: str, text: str) -> None:
    assert part in api.post("/dashboards/validate", data=text)["constraints"]
    assert part in api.fails(422, "POST", "/dashboards", data=text)["message"]


def test_one_that_is_right_has_no_constraints(api: Api) -> None:
    assert "constraints" not in api.post("/dashboards/validate", data=DASHBOARD)
    assert "constraints" not in api.post("/dashboards/validate/chart", data=chart("Pie", "{total: {agg: COUNT}}"))
    assert api.get("/dashboards")["total"] == 0


RED = [{"field": "labels", "operation": "EQUALS", "value": {"team": "red"}}]


@pytest.mark.parametrize(
    ("narrowed", "wanted"),
    [
        ({"labels": {"team": "red"}}, 2),
        ({"labels": ["team:red", "size:big"]}, 1),
        ({"filters": RED}, 2),
        ({"filters": RED, "namespace": "t.below"}, 1),
        ({"filters": [*RED, {"field": "state", "operation": "IN", "value": ["FAILED"]}]}, 1),
        ({"filters": [{"field": "labels", "operation": "NOT_EQUALS", "value": {"team": "red"}}]}, 3),
        (
            {
                "filters": [
                    {"logical": "or", "children": [*RED, {"field": "state", "operation": "EQUALS", "value": "FAILED"}]}
                ]
            },
            3,
        ),
        ({"labels": {"team": "red"}, "endDate": "2020-01-01T00:00:00Z"}, 0),
    ],
)
def test_a_chart_is_narrowed_to_labels(ran: Api, narrowed: dict[str, Any], wanted: int) -> None:
    ran.run("/executions/t/f?labels=team:red")
    ran.run("/executions/t.below/g?labels=team:red&labels=size:big")
    assert rows(ran, chart("KPI", "{agg: COUNT}"), **narrowed) == [{"value": wanted}]


def test_of_too_many_executions_no_chart_is_narrowed_to_labels(ran: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tiercel.statistics.series.MOST", 2)
    text = chart("KPI", "{agg: COUNT}")
    body = {"chart": text, "globalFilter": {"labels": {"team": "red"}}}
    assert "more than 2" in ran.fails(422, "POST", "/dashboards/charts/preview", json=body)["message"]
    assert rows(ran, text, labels={"team": "red"}, namespace="t.below") == [{"value": 0}]
