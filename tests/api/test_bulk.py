"""What is done to many executions: `/executions/{verb}/by-ids` and `/by-query`."""

from __future__ import annotations

from typing import Any

import pytest

from api.driving import FAIL, PAUSE, RETURN, SLEEP, Api

FLOWS = {
    "ended": f"tasks: [{{id: a, type: {RETURN}, format: x}}]",
    "failed": f"tasks: [{{id: a, type: {FAIL}}}]",
    "paused": f"tasks: [{{id: a, type: {PAUSE}}}]",
    "asking": f"tasks: [{{id: a, type: {PAUSE}, onResume: [{{id: ok, type: BOOL}}]}}]",
    "running": f"tasks: [{{id: a, type: {SLEEP}, duration: PT60S}}]",
    "queued": f"concurrency: {{limit: 1}}\ntasks: [{{id: a, type: {PAUSE}}}]",
}

STATES = {
    "ended": "SUCCESS",
    "failed": "FAILED",
    "paused": "PAUSED",
    "asking": "PAUSED",
    "running": "RUNNING",
    "queued": "QUEUED",
}
"""In which state the executions of each flow come to rest, or run for long."""

ACTIONS = [
    # action, on, not on, query of ids, query of filters, state afterwards
    ("POST", "restart", "failed", "ended", "", "", "FAILED"),
    ("POST", "replay", "ended", None, "latestRevision=true", "latestRevision=true", "SUCCESS"),
    ("POST", "resume", "paused", "ended", "", "", "SUCCESS"),
    ("POST", "pause", "running", "ended", "", "", "PAUSED"),
    ("POST", "force-run", "queued", "ended", "", "", "PAUSED"),
    ("POST", "unqueue", "queued", "ended", "state=CANCELLED", "newState=CANCELLED", "CANCELLED"),
    ("POST", "change-status", "ended", "paused", "newStatus=WARNING", "newStatus=WARNING", "WARNING"),
    ("DELETE", "kill", "running", "ended", "", "", "KILLED"),
]


def executions(api: Api, kind: str, count: int = 2) -> list[str]:
    """Start executions of a kind of flow, and wait until they stand as the kind says."""
    api.deploy(f"id: {kind}\nnamespace: t.{kind}\n{FLOWS[kind]}")
    path = f"/executions/t.{kind}/{kind}"
    if kind == "queued":
        api.run(path)
    found = [api.post(path)["id"] for _ in range(count)]
    assert all(api.wait_for(each, STATES[kind]) for each in found)
    return found


def succeeded(body: dict[str, Any], count: int) -> None:
    """Check the body of a bulk action that was done."""
    assert set(body) == {"count", "operationId", "totalItems"}
    assert (body["count"], body["totalItems"]) == (count, count)
    assert body["operationId"]


@pytest.mark.parametrize(("method", "action", "on", "no", "ids", "query", "after"), ACTIONS)
def test_by_ids(api: Api, method: str, action: str, on: str, no: str, ids: str, query: str, after: str) -> None:
    found, path = executions(api, on), f"/executions/{action}/by-ids?{ids}"
    others = [*(executions(api, no, 1) if no else []), "none"]
    body = api.fails(400, method, path, json=[*found, *others])
    assert body["message"] == f"invalid bulk {action}"
    assert [each["invalidValue"] for each in body["invalids"]] == sorted(others, key=lambda each: each != "none")
    assert all(set(each) == {"message", "invalidValue", "path"} for each in body["invalids"])
    assert {each["path"] for each in body["invalids"]} == {"execution"}
    before = [len(api.rt.view.header(each).at) for each in found]
    succeeded(api.does(method, path, json=[*found, found[0]]), len(found))
    if action != "replay":
        assert all(api.wait_for(each, after) for each in found)
        assert [len(api.rt.view.header(each).at) for each in found] > before
    else:
        api.settle()
        assert len(api.rt.store.query("execution")) == 2 * len(found)


@pytest.mark.parametrize(("method", "action", "on", "no", "ids", "query", "after"), ACTIONS)
def test_by_query(api: Api, method: str, action: str, on: str, no: str, ids: str, query: str, after: str) -> None:
    found, path = executions(api, on), f"/executions/{action}/by-query?{query}"
    states = sorted({str(api.rt.view.header(each).state) for each in found})
    if no:
        executions(api, no, 1)
        assert api.fails(400, method, f"{path}&namespace=t")["invalids"]
    narrowed = f"{path}&filters[namespace][EQUALS]=t.{on}&filters[state][IN]={','.join(states)}"
    if action == "resume":
        narrowed += "&flowId=paused"
    succeeded(api.does(method, narrowed), len(found))
    if action != "replay":
        assert all(api.wait_for(each, after) for each in found)


EMPTY = ["namespace=", "filters[flowId][EQUALS]=", "filters[or][0][state][IN]=&filters[or][1][state][IN]=PAUSED"]
"""Filters of which the value got lost: they would mean everything."""


@pytest.mark.parametrize(
    "query", ["nonsense=1", "filters[odd][EQUALS]=1", "filters[namespace][ODD]=t", "workerId=w", *EMPTY]
)
@pytest.mark.parametrize(("method", "path"), [("DELETE", "/executions"), ("DELETE", "/executions/kill")])
def test_an_unknown_filter_touches_nothing(api: Api, method: str, path: str, query: str) -> None:
    [execution] = executions(api, "paused", 1)
    api.fails(400, method, f"{path}/by-query?{query}")
    assert api.state(execution) == "PAUSED"


def test_flat_filters_of_older_clients_are_honoured(api: Api) -> None:
    one = api.run("/executions/t.ended/ended?labels=a:1") if executions(api, "ended") else ""
    succeeded(api.does("DELETE", "/executions/by-query?namespace=t&flowId=ended&state=SUCCESS&labels=a:1"), 1)
    api.fails(404, "GET", f"/executions/{one}")


def test_a_pause_that_asks_for_inputs_cannot_be_resumed_with_others(api: Api) -> None:
    plain, asking = executions(api, "paused", 1), executions(api, "asking", 1)
    body = api.fails(400, "POST", "/executions/resume/by-ids", json=plain + asking)
    assert [each["invalidValue"] for each in body["invalids"]] == asking
    assert api.state(plain[0]) == "PAUSED"


def test_labels(api: Api) -> None:
    ended, paused = executions(api, "ended"), executions(api, "paused", 1)
    labels = [{"key": "a", "value": "1"}]
    api.fails(
        400, "POST", "/executions/labels/by-ids", json={"executionsId": ended + paused, "executionLabels": labels}
    )
    assert ("a", "1") not in api.rt.view.header(ended[0]).labels
    path = "/executions/labels/by-ids"
    succeeded(api.post(path, json={"executionsId": ended, "executionLabels": labels}), 2)
    assert ("a", "1") in api.rt.view.header(ended[1]).labels
    system = [{"key": "system.x", "value": "1"}]
    api.fails(422, "POST", path, json={"executionsId": ended, "executionLabels": system})
    more = [{"key": "a", "value": "2"}]
    succeeded(api.post("/executions/labels/by-query?flowId=ended", json=more), 2)
    assert ("a", "2") in api.rt.view.header(ended[0]).labels


def test_delete(api: Api) -> None:
    ended, running = executions(api, "ended"), executions(api, "running", 1)
    body = api.fails(400, "DELETE", "/executions/by-ids", json=[*ended, *running])
    assert [each["invalidValue"] for each in body["invalids"]] == running
    api.get(f"/executions/{ended[0]}")
    succeeded(api.does("DELETE", "/executions/by-ids?deleteLogs=false", json=ended[:1]), 1)
    api.fails(404, "GET", f"/executions/{ended[0]}")
    succeeded(api.does("DELETE", "/executions/by-query?namespace=t&includeNonTerminated=true"), 2)
    assert api.rt.store.query("execution") == []


@pytest.mark.parametrize("body", [b"", b"{", b"{}", b"[1]", b"[null]", b'"x"'])
def test_a_body_that_is_no_list_of_ids_is_refused(api: Api, body: bytes) -> None:
    api.fails(422, "DELETE", "/executions/kill/by-ids", data=body)


def test_none_at_all_is_none_done(api: Api) -> None:
    succeeded(api.does("DELETE", "/executions/by-ids", json=[]), 0)
    succeeded(api.does("DELETE", "/executions/kill/by-query?flowId=none"), 0)
