"""Logs and metrics: of one execution, and over many."""

from __future__ import annotations

import re

import pytest

from api.driving import LOG, PAUSE, Api
from tiercel.api.executions import loglines, logs, triggerlines

METRICS = "io.kestra.plugin.core.metric.Publish"


def logged(api: Api, *messages: str, flow: str = "f", namespace: str = "t", level: str = "INFO") -> str:
    """Run a flow that logs some messages, each by a task of its own."""
    tasks = "\n".join(
        f"  - {{id: l{number}, type: {LOG}, message: {message!r}, level: {level}}}"
        for number, message in enumerate(messages)
    )
    api.deploy(f"id: {flow}\nnamespace: {namespace}\ntasks:\n{tasks}")
    return api.run(f"/executions/{namespace}/{flow}")


def test_entries_say_where_they_come_from(api: Api) -> None:
    execution = logged(api, "one", "two")
    found = api.get(f"/logs/{execution}")
    assert [entry["message"] for entry in found] == ["one", "two"]
    run = api.get(f"/executions/{execution}")["taskRunList"][0]
    timestamp = found[0].pop("timestamp")
    assert re.fullmatch(r"[\d-]{10}T[\d:]{8}\.\d{6}Z", timestamp)
    assert found[0] == {
        "namespace": "t",
        "flowId": "f",
        "executionId": execution,
        "taskId": "l0",
        "taskRunId": run["id"],
        "attemptNumber": 0,
        "level": "INFO",
        "message": "one",
    }


def test_entries_of_one_execution_are_narrowed(api: Api) -> None:
    execution = logged(api, "one", "two")
    run = api.get(f"/executions/{execution}")["taskRunList"][1]["id"]
    at = f"/logs/{execution}"
    for query, expected in (
        ("taskId=l1", ["two"]),
        (f"taskRunId={run}", ["two"]),
        ("attempt=0", ["one", "two"]),
        ("attempt=1", []),
        ("minLevel=INFO", ["one", "two"]),
        ("minLevel=WARN", []),
        ("filters[level][EQUALS]=DEBUG", ["one", "two"]),
        ("filters[level][IN]=DEBUG", []),
        ("q=TW", ["two"]),
    ):
        assert [entry["message"] for entry in api.get(f"{at}?{query}")] == expected, query
    api.fails(422, "GET", f"{at}?minLevel=LOUD")
    api.fails(400, "GET", f"{at}?state=FAILED")


def test_the_log_as_a_file(api: Api) -> None:
    execution = logged(api, "one", "two")
    response = api.send("GET", f"/logs/{execution}/download")
    assert response.content_type.startswith("text/plain")
    assert response.headers["Content-Disposition"] == f'attachment; filename="{execution}.log"'
    lines = response.get_data(as_text=True).splitlines()
    assert [line.split(" ", 1)[1] for line in lines] == ["INFO one", "INFO two"]
    api.deploy(f"tasks: [{{id: stop, type: {PAUSE}}}]")
    empty = api.send("GET", f"/logs/{api.run()}/download")
    assert (empty.status_code, empty.data) == (200, b"")


def test_a_search_gives_the_logs_of_the_newest_executions_first(api: Api) -> None:
    first = logged(api, "a", "b")
    second = logged(api, "c", flow="g", namespace="t.u", level="ERROR")
    found = api.get("/logs/search?sort=timestamp:desc")
    assert (found["type"], found["total"]) == ("OFFSET", 3)
    assert [entry["message"] for entry in found["results"]] == ["c", "b", "a"]
    for query, expected in (
        ("sort=timestamp:asc", ["a", "b", "c"]),
        ("size=1&page=2", ["b"]),
        ("size=2&page=2", ["a"]),
        ("size=2&page=3", []),
        ("namespace=t.u", ["c"]),
        ("namespace=t", ["c", "b", "a"]),
        ("flowId=f", ["b", "a"]),
        ("minLevel=ERROR", ["c"]),
        (f"filters[executionId][EQUALS]={first}", ["b", "a"]),
        (f"filters[executionId][IN]={first},{second}&taskId=l0", ["c", "a"]),
        ("timeRange=PT1H", ["c", "b", "a"]),
        ("endDate=2020-01-01T00:00:00Z", []),
        ("startDate=2999-01-01T00:00:00Z", []),
        ("taskId=l1", ["b"]),
    ):
        assert [entry["message"] for entry in api.get(f"/logs/search?{query}")["results"]] == expected, query
    api.fails(422, "GET", "/logs/search?sort=level:asc")
    api.fails(400, "GET", "/logs/search?labels=a:b")


def test_a_search_reads_no_more_executions_than_it_must(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(6):
        logged(api, f"m{number}")
    reads: list[str] = []
    entries = loglines.entries

    def counted(view, header, wanted, *, newest_first=False):  # type: ignore[no-untyped-def]
        reads.append(header.id)
        return entries(view, header, wanted, newest_first=newest_first)

    monkeypatch.setattr(logs, "entries", counted)
    found = api.get("/logs/search?size=2")
    assert [entry["message"] for entry in found["results"]] == ["m5", "m4"]
    assert (found["total"], len(reads)) == (3, 3)  # there is more than this page
    monkeypatch.setattr(logs, "MOST_READ", 2)
    reads.clear()
    assert api.get("/logs/search?size=10")["total"] == len(reads) == 2


def test_logs_are_deleted(api: Api) -> None:
    execution = logged(api, "one", "two", "three")
    assert api.send("DELETE", f"/logs/{execution}?taskId=l0").status_code == 200
    assert [entry["message"] for entry in api.get(f"/logs/{execution}")] == ["two", "three"]
    assert api.send("DELETE", f"/logs/{execution}?minLevel=ERROR").status_code == 200
    assert len(api.get(f"/logs/{execution}")) == 2
    other = logged(api, "other", flow="g")
    assert api.send("DELETE", "/logs/t/f?triggerId=nothing").status_code == 200
    assert len(api.get(f"/logs/{execution}")) == 2
    assert api.send("DELETE", "/logs/t/f").status_code == 200
    assert api.get(f"/logs/{execution}") == []
    assert len(api.get(f"/logs/{other}")) == 1
    api.fails(400, "DELETE", f"/logs/{other}?nope=1")
    api.deploy(f"tasks: [{{id: stop, type: {PAUSE}}}]")
    api.fails(409, "DELETE", f"/logs/{api.run()}")


MEASURES = f"""tasks:
  - id: publish
    type: {METRICS}
    metrics:
      - {{type: counter, name: rows, value: 5, tags: {{table: a}}}}
      - {{type: timer, name: took, value: PT1.5S}}
  - {{id: more, type: {METRICS}, metrics: [{{type: counter, name: rows, value: 2}}]}}
  - {{id: quiet, type: {LOG}, message: x}}
"""


def test_the_metrics_of_an_execution(api: Api) -> None:
    api.deploy(MEASURES)
    execution = api.run()
    page = api.get(f"/metrics/{execution}")
    assert page["total"] == 3
    first = page["results"][0]
    assert first.keys() == {
        "namespace",
        "flowId",
        "executionId",
        "taskId",
        "taskRunId",
        "type",
        "name",
        "value",
        "timestamp",
        "tags",
    }
    assert (first["taskId"], first["type"], first["name"], first["value"]) == ("publish", "counter", "rows", 5)
    assert first["tags"] == {"table": "a"}
    assert page["results"][1]["value"] == 1500  # milliseconds
    assert api.get(f"/metrics/{execution}?taskId=more")["total"] == 1
    assert api.get(f"/metrics/{execution}?taskRunId={first['taskRunId']}&size=1&page=2")["results"][0]["name"] == "took"
    assert [each["name"] for each in api.get(f"/metrics/{execution}?sort=name:desc&size=1")["results"]] == ["took"]
    api.fails(422, "GET", f"/metrics/{execution}?sort=nope:asc")


def test_the_metrics_of_a_flow(api: Api) -> None:
    api.deploy(MEASURES)
    for _ in range(3):
        api.run()
    assert api.get("/metrics/names/t/f") == ["rows", "took"]
    assert api.get("/metrics/names/t/f/more") == ["rows"]
    assert api.get("/metrics/tasks/t/f") == ["more", "publish"]
    assert api.get("/metrics/names/t/none") == []

    def total(path: str) -> tuple[str, int, float]:
        found = api.get(f"/metrics/aggregates/t/f/{path}")
        values = [each["value"] for each in found["aggregations"]]
        assert {each["name"] for each in found["aggregations"]} == {path.split("?")[0].rpartition("/")[2]}
        return found["groupBy"], len(values), max(values)

    assert total("rows") == ("day", 31, 21)
    assert total("more/rows") == ("day", 31, 6)
    assert total("rows?aggregation=avg")[2] == 3.5
    assert total("rows?aggregation=min")[2] == 2
    assert total("rows?aggregation=max")[2] == 5
    assert total("rows?startDate=2020-01-01T00:00:00Z&endDate=2020-01-01T05:30:00Z") == ("hour", 6, 0)
    assert total("rows?startDate=2020-01-15T00:00:00Z&endDate=2020-12-15T00:00:00Z")[:2] == ("week", 49)
    assert total("rows?startDate=2020-01-15T00:00:00Z&endDate=2022-03-15T00:00:00Z")[:2] == ("month", 27)
    for query in (
        "aggregation=median",
        "startDate=2020-01-02T00:00:00Z&endDate=2020-01-01T00:00:00Z",
        "endDate=0001-01-01T00:00:00Z",
        "startDate=9999-12-31T00:00:00Z&endDate=9999-12-31T23:59:59Z",
        "startDate=0010-01-01T00:00:00Z",
    ):
        api.fails(422, "GET", f"/metrics/aggregates/t/f/rows?{query}")


POLLS = (
    "triggers:\n  - {id: asks, type: io.kestra.plugin.core.http.Trigger, uri: 'https://x.invalid/', disabled: true}\n"
)


def troubled(api: Api, reason: str, flow: str, namespace: str = "t") -> None:
    """Deploy a flow with a trigger that could not be evaluated just now."""
    api.deploy(f"id: {flow}\nnamespace: {namespace}\n{POLLS}")
    states = api.rt.triggers.states
    states.change(f"trigger/{namespace}/{flow}/asks", lambda state: state.fail(reason, states.now()))


def messages(api: Api, query: str = "") -> list[str]:
    """Return the messages that a search finds, in its order."""
    return [entry["message"] for entry in api.get(f"/logs/search?{query}")["results"]]


def test_what_a_trigger_says_without_an_execution_stands_among_the_logs_by_its_time(api: Api) -> None:
    execution = logged(api, "a", "b")
    troubled(api, "no host", "p")
    logged(api, "c", flow="g", namespace="t.u", level="ERROR")
    troubled(api, "no route", "q", "t.u")
    assert messages(api) == ["no route", "c", "no host", "b", "a"]
    [entry] = api.get("/logs/search?triggerId=asks&flowId=p")["results"]
    assert re.fullmatch(r"[\d-]{10}T[\d:]{8}\.\d{6}Z", entry.pop("timestamp"))
    assert entry == {
        "namespace": "t",
        "flowId": "p",
        "triggerId": "asks",
        "level": "ERROR",
        "message": "no host",
        "attemptNumber": None,
    }
    for query, expected in (
        ("sort=timestamp:asc", ["a", "b", "no host", "c", "no route"]),
        ("size=2&page=2", ["no host", "b"]),
        ("size=4&page=2&sort=timestamp:asc", ["no route"]),
        ("namespace=t.u", ["no route", "c"]),
        ("filters[namespace][EQUALS]=t", ["no host", "b", "a"]),
        ("minLevel=ERROR", ["no route", "c", "no host"]),
        ("filters[level][LESS_THAN]=ERROR", ["b", "a"]),
        ("triggerId=asks", ["no route", "no host"]),
        ("triggerId=other", []),
        ("q=NO%20", ["no route", "no host"]),
        ("timeRange=PT1H&flowId=p", ["no host"]),
        ("endDate=2020-01-01T00:00:00Z", []),
        ("startDate=2999-01-01T00:00:00Z", []),
        ("scope=SYSTEM", []),
        ("taskId=l0", ["c", "a"]),
        ("attempt=0", ["c", "b", "a"]),
        (f"filters[executionId][EQUALS]={execution}", ["b", "a"]),
        (f"filters[executionId][NOT_IN]={execution}&flowId=f", []),
        ("filters[or][0][flowId][EQUALS]=p&filters[or][1][flowId][EQUALS]=g", ["c", "no host"]),
    ):
        assert messages(api, query) == expected, query


def test_the_line_of_a_trigger_stays_while_it_is_disabled_and_goes_when_it_can_be_evaluated(api: Api) -> None:
    troubled(api, "no host", "p")
    api.rt.triggers.states.enable("t", "p", "asks", enabled=False)
    assert messages(api) == ["no host"]
    api.deploy(f"id: p\nnamespace: t\ndescription: another revision\n{POLLS}")
    assert messages(api) == []


def test_a_search_reads_only_the_triggers_that_say_something(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        api.deploy(f"id: well{number}\nnamespace: t\n{POLLS}")
    troubled(api, "no host", "p")
    read: list[str] = []
    query = api.rt.store.query

    def counted(kind, **how):  # type: ignore[no-untyped-def]
        found = query(kind, **how)
        read.extend(each.key for each in found)
        return found

    monkeypatch.setattr(api.rt.store, "query", counted)
    assert messages(api) == ["no host"]
    assert [key for key in read if key.startswith("trigger/")] == ["trigger/t/p/asks"]


def test_lines_of_triggers_are_narrowed_by_what_lines_of_executions_are() -> None:
    assert set(loglines.LOGS._getters) == set(triggerlines.SAID._getters)
