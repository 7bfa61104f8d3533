"""kestrapy's `outputs`, `logs` and `metrics`."""

from __future__ import annotations

import datetime

import pytest
from kestrapy.exceptions import NotFoundException

from clients.flows import CORE, HOOK, SLEEP, Place, T, by

WORK = f"""
tasks:
  - {{id: each, type: {CORE}.flow.ForEach, values: [left, right], tasks: [
      {{id: inner, type: {CORE}.debug.Return, format: "{{{{ taskrun.value }}}}"}}]}}
  - {{id: fine, type: {CORE}.log.Log, message: [one, two]}}
  - {{id: bad, type: {CORE}.log.Log, message: "this is bad", level: ERROR}}
  - id: count
    type: {CORE}.metric.Publish
    metrics: [{{type: counter, name: rows, value: 3, tags: {{a: b}}}}, {{type: timer, name: took, value: PT1S}}]
outputs:
  - {{id: said, type: STRING, value: "{{{{ outputs.inner['right'].value }}}}"}}
"""


def test_outputs_are_read(place: Place) -> None:
    place.deploy(WORK)
    outputs, ended = place.client.outputs, place.run()
    assert outputs.execution_outputs(ended.id, T) == {"said": "right"}
    told = [each for each in outputs.task_outputs_information(ended.id, T) if each.task_id == "inner"]
    assert [(each.value, each.iteration) for each in told] == [("left", 0), ("right", 1)]
    assert outputs.task_run_outputs(ended.id, told[1].task_run_id, T) == {"value": "right"}
    for ask in (outputs.execution_outputs, outputs.task_outputs_information):
        with pytest.raises(NotFoundException):
            ask("none", T)
    with pytest.raises(NotFoundException):
        outputs.task_run_outputs(ended.id, "none", T)


def test_logs_of_an_execution_are_read(place: Place) -> None:
    place.deploy(WORK)
    logs, ended = place.client.logs, place.run()
    entries = logs.list_logs_from_execution(ended.id, T, min_level="INFO", task_id="fine")
    assert [(entry.message, str(entry.level.value)) for entry in entries] == [("one", "INFO"), ("two", "INFO")]
    first = entries[0]
    assert (first.namespace, first.flow_id, first.execution_id) == (place.namespace, "f", ended.id)
    assert first.timestamp <= entries[1].timestamp
    one = logs.list_logs_from_execution(ended.id, T, task_run_id=first.task_run_id, attempt=0)
    assert [entry.message for entry in one] == ["one", "two"]
    assert [entry.message for entry in logs.list_logs_from_execution(ended.id, T, min_level="WARN")] == ["this is bad"]
    text = logs.download_logs_from_execution(ended.id, T, min_level="INFO", task_id="fine")
    assert [line.partition(" ")[2] for line in text.splitlines()] == ["INFO one", "INFO two"]


def test_logs_are_followed(place: Place) -> None:
    place.deploy(SLEEP + f"  - {{id: late, type: {CORE}.log.Log, message: at last}}")
    begun = place.client.executions.create_execution(T, place.namespace, "f")
    entries = [each.to_dict() for each in place.client.logs.follow_logs_from_execution(begun.id, T, min_level="INFO")]
    assert [entry["message"] for entry in entries if "message" in entry] == [
        "Waiting for PT0.3S",
        "Waiting for PT0.1S",
        "at last",
    ]


def test_logs_are_searched(place: Place) -> None:
    place.deploy(WORK)
    ended = place.run()
    for expected, filters in (
        ({"one", "two", "this is bad"}, [by("level", "EQUALS", "INFO")]),
        ({"this is bad"}, [by("level", "EQUALS", "WARN")]),
        ({"one", "two"}, [by("taskId", "EQUALS", "fine")]),
        ({"this is bad"}, [by("q", "EQUALS", "his is b")]),
        (set(), [by("timeRange", "EQUALS", "PT1H"), by("triggerId", "EQUALS", "none")]),
        ({"one", "two", "this is bad"}, [by("executionId", "EQUALS", ended.id), by("scope", "EQUALS", ["USER"])]),
        ({"one", "two", "this is bad"}, [by("flowId", "EQUALS", "f"), by("startDate", "GREATER_THAN", "2026-01-01")]),
    ):
        page = place.client.logs.search_logs(T, size=50, sort=["timestamp:asc"], filters=place.here(*filters))
        assert {entry.message for entry in page.results} - {"left", "right"} == expected, filters
    page = place.client.logs.search_logs(
        T, page=1, size=1, sort=["timestamp:desc"], filters=place.here(by("level", "EQUALS", "INFO"))
    )
    assert ([entry.message for entry in page.results], page.type.value) == (["this is bad"], "OFFSET")


def test_logs_are_deleted(place: Place) -> None:
    place.deploy(WORK)
    place.deploy(HOOK, "hooked")
    logs, ended = place.client.logs, place.run()
    logs.delete_logs_from_execution(ended.id, T, min_level="ERROR")
    assert "this is bad" not in logs.download_logs_from_execution(ended.id, T)
    logs.delete_logs_from_execution(ended.id, T)
    assert logs.list_logs_from_execution(ended.id, T) == []
    hooked = place.client.executions.trigger_execution_by_get_webhook(T, place.namespace, "hooked", "a-secret-key").id
    place.when(hooked)
    logs.delete_logs_from_flow(place.namespace, "hooked", "hook", T)
    assert logs.list_logs_from_execution(hooked, T) == []


def test_metrics_are_read_and_summed(place: Place) -> None:
    place.deploy(WORK)
    metrics, ns = place.client.metrics, place.namespace
    ended = place.run()
    place.run()
    page = metrics.execution_metrics(ended.id, T, page=1, size=10, sort=["name:asc"], task_id="count")
    assert page["total"] == 2
    rows, took = page["results"]
    assert (rows["name"], rows["type"], rows["value"], rows["tags"]) == ("rows", "counter", 3.0, {"a": "b"})
    assert (rows["namespace"], rows["flowId"], rows["executionId"], rows["taskId"]) == (ns, "f", ended.id, "count")
    assert (took["name"], took["type"]) == ("took", "timer")
    one = metrics.execution_metrics(ended.id, T, task_run_id=rows["taskRunId"])
    assert one["total"] == 2
    assert {"rows", "took"} <= set(metrics.flow_metric_names(ns, "f", T))
    assert metrics.task_metric_names(ns, "f", "count", T) == ["rows", "took"]
    assert "count" in metrics.tasks_with_metrics(ns, "f", T)
    day = datetime.timedelta(days=1)
    now = datetime.datetime.now(datetime.UTC)
    span = {"start_date": (now - day).isoformat()[:19] + "Z", "end_date": (now + day).isoformat()[:19] + "Z"}
    for summed in (
        metrics.aggregate_flow_metric(ns, "f", "rows", T, aggregation="sum", **span),
        metrics.aggregate_task_metric(ns, "f", "count", "rows", T, aggregation="sum", **span),
    ):
        assert sum(each["value"] or 0 for each in summed["aggregations"]) == 6
        assert summed["groupBy"] in ("hour", "day", "week", "month")
    assert metrics.aggregate_flow_metric(ns, "f", "rows", T)["aggregations"]
