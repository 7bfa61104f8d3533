"""kestrapy's `executions`: found, and steered many at a time."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from kestrapy.exceptions import ApiException, BadRequestException
from kestrapy.models.execution_controller_set_labels_by_ids_request import ExecutionControllerSetLabelsByIdsRequest
from kestrapy.models.label import Label
from kestrapy.models.query_filter_field import QueryFilterField as Field
from kestrapy.models.state_type import StateType
from kestrapy.query import and_, eq, or_, where

from clients.flows import CORE, FAIL, HELLO, HOOK, LIMITED, LONG, PAUSE, Place, T, by


def found(place: Place, *filters: Any, **options: Any) -> list[str]:
    page = place.client.executions.search_executions(T, filters=place.here(*filters), **options)
    assert page["total"] >= len(page["results"])
    return [each["id"] for each in page["results"]]


def states(place: Place, *executions: str) -> set[str]:
    return {place.when(each).state.current.value for each in executions}


def test_executions_are_searched_with_every_filter(place: Place) -> None:
    place.deploy(HELLO, "hello")
    place.deploy(FAIL, "fail")
    place.deploy(HOOK, "hook")
    hello, fail = place.run("hello", labels=["team:data"]).id, place.run("fail").id
    hook = place.client.executions.trigger_execution_by_get_webhook(T, place.namespace, "hook", "a-secret-key").id
    place.when(hook)
    for expected, filters in (
        ([hook, fail, hello], []),
        ([hello], [by("flowId", "EQUALS", "hello")]),
        ([fail, hello], [by("flowId", "IN", ["hello", "fail"])]),
        ([hook], [by("flowId", "NOT_IN", ["hello", "fail"])]),
        ([fail], [by("flowId", "STARTS_WITH", "fa")]),
        ([fail], [by("state", "EQUALS", "FAILED")]),
        ([fail], [by("state", "NOT_IN", ["SUCCESS"])]),
        ([hook, hello], [by("state", "IN", ["SUCCESS", "KILLED"])]),
        ([hello], [by("labels", "EQUALS", {"team": "data"})]),
        ([hook, fail], [by("labels", "NOT_EQUALS", {"team": "data"})]),
        ([hook], [by("triggerId", "EQUALS", "hook")]),
        ([], [by("triggerExecutionId", "EQUALS", "none")]),
        ([hook, fail, hello], [by("timeRange", "EQUALS", "PT1H")]),
        ([hook, fail, hello], [by("startDate", "GREATER_THAN_OR_EQUAL_TO", "2026-01-01T00:00:00Z")]),
        ([], [by("endDate", "LESS_THAN_OR_EQUAL_TO", "2020-01-01T00:00:00Z")]),
        ([hook, fail, hello], [by("scope", "EQUALS", ["USER"])]),
        ([hook, fail, hello], [by("childFilter", "EQUALS", "MAIN")]),
        ([], [by("childFilter", "EQUALS", "CHILD")]),
        ([hook, fail, hello], [by("kind", "EQUALS", "NORMAL")]),
        ([fail], [by("id", "EQUALS", fail)]),
        ([hello], [by("q", "EQUALS", "hell")]),
        ([hook, fail, hello], [by("flowRevision", "EQUALS", 1)]),
        ([fail], [by("flowId", "EQUALS", "fail"), by("state", "EQUALS", "FAILED")]),
    ):
        assert found(place, *filters) == expected, filters
    namespace = eq(Field.NAMESPACE, place.namespace)
    either = where(and_(namespace, or_(eq(Field.FLOW_ID, "hello"), eq(Field.STATE, "FAILED"))))
    page = place.client.executions.search_executions(T, filters=either)
    assert {each["id"] for each in page["results"]} == {hello, fail}


def test_executions_are_paged_and_sorted(place: Place) -> None:
    place.deploy(FAIL)
    ids = [place.run().id for _ in range(3)]
    assert found(place, size=2, sort=["state.startDate:asc"]) == ids[:2]
    assert found(place, page=2, size=2, sort=["state.startDate:asc"]) == ids[2:]
    page = place.client.executions.search_executions_by_flow_id(T, place.namespace, "f", page=1, size=2)
    assert ([each["id"] for each in page["results"]], page["total"]) == (ids[:0:-1], 3)
    assert set(page["results"][0]) >= {"id", "namespace", "flowId", "flowRevision", "state", "metadata", "deleted"}
    with pytest.raises(ApiException):
        found(place, sort=["nonsense"])
    with pytest.raises(BadRequestException, match="nonsense"):
        found(place, by("q", "EQUALS", "x"), {"field": "nonsense", "operation": "EQUALS", "value": "x"})


def test_executions_are_exported_and_the_values_of_a_field_listed(place: Place) -> None:
    place.deploy(HELLO, "hello")
    place.deploy(FAIL, "fail")
    ids = [place.run("hello", labels=["a:b"]).id, place.run("fail").id]
    executions = place.client.executions
    header, *rows = csv.reader(io.StringIO(executions.export_executions_by_query_to_csv(T, filters=place.here())))
    assert header[:5] == ["id", "namespace", "flowId", "flowRevision", "state"]
    assert [row[:5] for row in rows] == [
        [ids[1], place.namespace, "fail", "1", "FAILED"],
        [ids[0], place.namespace, "hello", "1", "SUCCESS"],
    ]
    values = executions.find_distinct_execution_field_values
    assert values(T, "FLOW_ID", filters=place.here(), size=10) == ["fail", "hello"]
    assert values(T, "state", filters=place.here(by("flowId", "EQUALS", "fail"))) == ["FAILED"]
    assert "a:b" in values(T, "labels", filters=place.here())
    with pytest.raises(BadRequestException, match="wanted one of"):
        values(T, "nonsense")


def test_many_are_paused_resumed_and_killed(place: Place) -> None:
    place.deploy(LONG)
    executions = place.client.executions
    ids = [place.begin() for _ in range(2)]
    named = place.here(by("id", "IN", ids))
    steps: list[tuple[Callable[[], Any], str]] = [
        (lambda: executions.pause_executions_by_ids(T, ids), "PAUSED"),
        (lambda: executions.resume_executions_by_ids(T, ids), "RUNNING"),
        (lambda: executions.pause_executions_by_query(T, filters=named), "PAUSED"),
        (lambda: executions.resume_executions_by_query(T, filters=named), "RUNNING"),
    ]
    for step, state in steps:
        done = step()
        assert (done["count"], done["totalItems"], bool(done["operationId"])) == (2, 2, True)
        assert [place.when(each, state).state.current.value for each in ids] == [state] * 2
    assert executions.kill_executions_by_ids(T, ids[:1])["count"] == 1
    running = place.here(by("state", "IN", ["RUNNING", "PAUSED"]))
    assert place.when(ids[0]).state.current is StateType.KILLED
    assert executions.kill_executions_by_query(T, filters=running)["count"] == 1
    assert states(place, *ids) == {"KILLED"}
    with pytest.raises(BadRequestException) as refused:
        executions.kill_executions_by_ids(T, ids)
    assert "invalid bulk kill" in refused.value.body


def test_many_pauses_are_resumed(place: Place) -> None:
    place.deploy(PAUSE.replace("type: STRING}", "type: STRING, defaults: none}"))
    ids = [place.run().id for _ in range(2)]
    assert place.client.executions.resume_executions_by_ids(T, ids)["count"] == 2
    assert states(place, *ids) == {"SUCCESS"}


def test_many_are_restarted_and_replayed(place: Place) -> None:
    place.deploy(FAIL)
    executions = place.client.executions
    ids = [place.run().id for _ in range(2)]
    named = place.here(by("id", "IN", ids))
    assert executions.restart_executions_by_ids(T, ids)["count"] == 2
    assert states(place, *ids) == {"FAILED"}
    assert executions.restart_executions_by_query(T, filters=named)["count"] == 2
    assert states(place, *ids) == {"FAILED"}
    assert executions.replay_executions_by_ids(T, ids, latest_revision=True)["count"] == 2
    assert executions.replay_executions_by_query(T, filters=named, latest_revision=False)["count"] == 2
    assert len(found(place)) == 6


def test_many_get_labels_and_states(place: Place) -> None:
    place.deploy(FAIL)
    executions = place.client.executions
    ids = [place.run().id for _ in range(2)]
    request = ExecutionControllerSetLabelsByIdsRequest(
        executions_id=ids, execution_labels=[Label(key="by", value="ids")]
    )
    assert executions.set_labels_on_terminated_executions_by_ids(T, request)["count"] == 2
    assert sorted(found(place, by("labels", "EQUALS", {"by": "ids"}))) == sorted(ids)
    label = [Label(key="by", value="query")]
    only = place.here(by("id", "EQUALS", ids[0]))
    assert executions.set_labels_on_terminated_executions_by_query(T, label, filters=only)["count"] == 1
    assert found(place, by("labels", "EQUALS", {"by": "query"})) == ids[:1]
    assert executions.update_executions_status_by_ids(T, StateType.WARNING, ids)["count"] == 2
    assert executions.update_executions_status_by_query(T, StateType.SUCCESS, filters=only)["count"] == 1
    assert found(place, by("state", "EQUALS", "SUCCESS")) == ids[:1]


def test_many_that_wait_for_their_turn_are_let_through(place: Place) -> None:
    place.deploy(LIMITED)
    executions = place.client.executions
    place.begin()
    ids = [place.begin(state="QUEUED") for _ in range(4)]

    def named(number: int) -> list[Any]:
        return place.here(by("id", "EQUALS", ids[number]))

    lets: list[Callable[[], Any]] = [
        lambda: executions.force_run_by_ids(T, ids[:1]),
        lambda: executions.force_run_executions_by_query(T, filters=named(1)),
        lambda: executions.unqueue_executions_by_ids(T, StateType.RUNNING, ids[2:3]),
        lambda: executions.unqueue_executions_by_query(T, new_state=StateType.RUNNING, filters=named(3)),
    ]
    for let in lets:
        assert let()["count"] == 1
    for execution in ids:
        assert place.when(execution, "RUNNING").state.current is StateType.RUNNING
    assert executions.kill_executions_by_query(T, filters=place.here())["count"] == 5


def test_many_are_deleted(place: Place) -> None:
    place.deploy(FAIL)
    place.deploy(f"tasks: [{{id: a, type: {CORE}.flow.Sleep, duration: PT1M}}]", "long")
    executions = place.client.executions
    ids = [place.run().id for _ in range(3)]
    running = place.begin("long")
    with pytest.raises(BadRequestException):
        executions.delete_executions_by_ids(T, [running], include_non_terminated=False)
    every = {"delete_logs": True, "delete_metrics": True, "delete_storage": True}
    assert executions.delete_executions_by_ids(T, ids[:1], **every).count == 1
    done = executions.delete_executions_by_query(T, filters=place.here(by("flowId", "EQUALS", "f")), **every)
    assert done["count"] == 2
    assert executions.delete_executions_by_ids(T, [running], include_non_terminated=True).count == 1
    assert found(place) == []
