"""Triggers over the API: found, switched, unlocked, backfilled, one by one and many at once (api.md, 7)."""

from __future__ import annotations

from typing import Any

import pytest

from api.driving import PAUSE, Api

TRIGGER = "io.kestra.plugin.core.trigger."
SCHEDULE = f"{TRIGGER}Schedule"
OLD = {"start": "2024-01-01T00:00:00Z", "end": "2024-01-03T00:00:00Z"}
PAUSES = f"tasks: [{{id: p, type: {PAUSE}}}]"


def daily(flow: str = "f", namespace: str = "t", tasks: str = "", more: str = "") -> str:
    """Return a flow with a daily schedule `s` and a webhook `w`."""
    return (
        f"id: {flow}\nnamespace: {namespace}\n{tasks}\ntriggers:\n"
        f"  - {{id: s, type: {SCHEDULE}, cron: '0 0 1 1 *' {more}}}\n"
        f"  - {{id: w, type: {TRIGGER}Webhook, key: secret}}\n"
    )


def name(trigger: str = "s", flow: str = "f", namespace: str = "t") -> dict[str, Any]:
    """Return a trigger's name as clients send it."""
    return {"namespace": namespace, "flowId": flow, "triggerId": trigger}


def locked(api: Api, *keys: str) -> None:
    """Lock triggers as a running execution does."""
    states = api.rt.triggers.states
    for key in keys:
        states.change(key, lambda state: state.lock("gone", states.now()))


def found(api: Api, query: str) -> list[str]:
    """Return the names of the triggers that a search finds."""
    page = api.get(f"/triggers/search?{query}")
    assert page["total"] >= len(page["results"])
    return [f"{each['state']['flowId']}/{each['state']['triggerId']}" for each in page["results"]]


@pytest.fixture
def triggers(api: Api) -> Api:
    """Deploy two flows with two triggers each."""
    api.deploy(daily())
    api.deploy(daily("g", "t.below"))
    return api


# ------------------------------------------------------------------ looking


def test_a_row_is_there_once_the_flow_is_saved_and_gone_with_it(api: Api) -> None:
    source = daily(tasks="tasks: [{id: l, type: io.kestra.plugin.core.log.Log, message: m}]")
    api.post("/flows", data=source, content_type="application/x-yaml")
    assert found(api, "flowId=f") == ["f/s", "f/w"]
    assert api.send("DELETE", "/flows/t/f").status_code == 204
    assert found(api, "") == []


def test_a_result_has_the_members_of_both_generations(triggers: Api) -> None:
    [each] = triggers.get("/triggers/search?triggerId=s&flowId=f")["results"]
    assert each["trigger"] == each["abstractTrigger"] == {"id": "s", "type": SCHEDULE, "cron": "0 0 1 1 *"}
    state = each["state"]
    assert each["triggerContext"] == state
    assert state["nextExecutionDate"] == state["nextEvaluationDate"]
    assert state["updatedDate"] == state["updatedAt"]
    assert {key: state[key] for key in ("tenantId", "kind", "locked", "disabled")} == {
        "tenantId": "main",
        "kind": "SCHEDULE",
        "locked": False,
        "disabled": False,
    }
    assert None not in state.values()


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", ["f/s", "f/w", "g/s", "g/w"]),
        ("q=WEBH", ["f/w", "g/w"]),
        ("q=t.below", ["g/s", "g/w"]),
        ("namespace=t", ["f/s", "f/w", "g/s", "g/w"]),
        ("filters[namespace][EQUALS]=t", ["f/s", "f/w"]),
        ("filters[or][0][flowId][EQUALS]=g&filters[or][1][triggerId][EQUALS]=w", ["f/w", "g/s", "g/w"]),
        ("filters[triggerState][EQUALS]=DISABLED", ["g/s"]),
        ("filters[locked][EQUALS]=true", []),
        ("filters[type][ENDS_WITH]=Webhook&flowId=f", ["f/w"]),
        ("filters[nextExecutionDate][IS_NOT_NULL]=&flowId=f", ["f/s"]),
        ("endDate=2020-01-01T00:00:00Z", []),
        ("startDate=2020-01-01T00:00:00Z&flowId=f", ["f/s"]),
        ("startDate=2020-01-01T00:00:00Z&dateFilter=LAST_TRIGGERED_DATE", []),
        ("sort=triggerId:desc&sort=flowId:asc", ["f/w", "g/w", "f/s", "g/s"]),
        ("sort=nextExecutionDate:asc&flowId=f", ["f/s", "f/w"]),
        ("size=1&page=3", ["g/s"]),
    ],
)
def test_a_search_finds_what_is_asked_for(triggers: Api, query: str, wanted: list[str]) -> None:
    triggers.does("PUT", "/triggers/set-disabled", json={**name(flow="g", namespace="t.below"), "disabled": True})
    assert found(triggers, query) == wanted


def test_what_triggers_do_not_have_is_refused(triggers: Api) -> None:
    assert "'state'" in triggers.fails(400, "GET", "/triggers/search?state=RUNNING")["message"]
    assert "'size'" in triggers.fails(422, "GET", "/triggers/search?sort=size:asc")["message"]
    assert "dateFilter" in triggers.fails(422, "GET", "/triggers/search?dateFilter=TODAY")["message"]


def test_a_search_reads_no_execution(triggers: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    query = triggers.rt.store.query

    def seen(kind: str, **arguments: Any) -> Any:
        asked.append(kind)
        return query(kind, **arguments)

    monkeypatch.setattr(triggers.rt.store, "query", seen)
    assert len(found(triggers, "q=t&sort=nextExecutionDate:asc")) == 4
    assert asked == ["trigger"]


def test_a_flow_lists_its_own(triggers: Api) -> None:
    assert triggers.get("/triggers/t/f?filters[q][EQUALS]=S&sort=triggerId:asc") == triggers.get(
        "/triggers/t/f?q=S&sort=triggerId:asc"
    )
    page = triggers.get("/triggers/t/f?q=S&sort=triggerId:asc")
    assert (page["total"], page["results"][0]["triggerId"]) == (1, "s")
    assert triggers.get("/triggers/t/none") == {"results": [], "total": 0}
    assert triggers.get("/triggers/t/f?size=1&page=2")["results"][0]["triggerId"] == "w"


def test_a_trigger_that_no_flow_declares_is_found_without_a_declaration_until_it_is_deleted(triggers: Api) -> None:
    assert "remove it" in triggers.fails(409, "DELETE", "/triggers/t/f/s")["message"]
    triggers.deploy("")
    [orphan, _] = triggers.get("/triggers/search?flowId=f")["results"]
    assert set(orphan) == {"state", "triggerContext"}
    assert triggers.get("/triggers/t/f")["total"] == 0
    assert triggers.send("DELETE", "/triggers/t/f/s").status_code == 204
    triggers.fails(404, "DELETE", "/triggers/t/f/s")
    assert found(triggers, "flowId=f") == ["f/w"]


def test_a_table(triggers: Api) -> None:
    response = triggers.send("GET", "/triggers/export/by-query/csv?flowId=f")
    assert response.mimetype == "text/csv"
    lines = response.get_data(as_text=True).splitlines()
    assert lines[0].startswith("namespace,flowId,triggerId,type,disabled,locked")
    assert [line.split(",")[2] for line in lines[1:]] == ["s", "w"]
    assert lines[2].split(",")[4:6] == ["false", "false"]


# ------------------------------------------------------------------ one


def test_a_trigger_is_disabled_and_enabled(triggers: Api) -> None:
    assert triggers.does("PUT", "/triggers/set-disabled", json={**name("w"), "disabled": True})["disabled"]
    triggers.fails(409, "POST", "/executions/webhook/t/f/secret")
    state = triggers.does("PUT", "/triggers", json={**name("w"), "disabled": False, "date": None, "stopAfter": []})
    assert not state["disabled"]
    triggers.post("/executions/webhook/t/f/secret")
    triggers.fails(404, "PUT", "/triggers", json={**name("none"), "disabled": True})
    triggers.fails(404, "PUT", "/triggers/set-disabled", json={**name("none"), "disabled": True})
    assert "'disabled'" in triggers.fails(422, "PUT", "/triggers/set-disabled", json=name())["message"]
    assert "triggerId" in triggers.fails(422, "PUT", "/triggers", json={"namespace": "t", "flowId": "f"})["message"]


def test_a_trigger_is_unlocked_and_begins_again(triggers: Api) -> None:
    assert "not locked" in triggers.fails(409, "POST", "/triggers/t/f/s/unlock")["message"]
    locked(triggers, "trigger/t/f/s")
    assert triggers.get("/triggers/search?filters[locked][EQUALS]=true")["results"][0]["state"]["executionId"] == "gone"
    assert not triggers.post("/triggers/t/f/s/unlock")["locked"]
    assert triggers.post("/triggers/t/f/s/restart")["nextExecutionDate"].endswith("-01-01T00:00:00Z")
    triggers.fails(404, "POST", "/triggers/t/f/none/unlock")
    triggers.fails(404, "POST", "/triggers/t/f/none/restart")


def test_a_backfill_is_made_paused_continued_and_deleted(api: Api) -> None:
    flow = daily(tasks=f"inputs: [{{id: who, type: STRING}}]\n{PAUSES}", more=", inputs: {who: me}")
    api.deploy(flow.replace("0 0 1 1 *", "0 0 * * *"))
    wanted = {**OLD, "inputs": {"who": "you"}, "labels": [{"key": "a", "value": "b"}]}
    shown = api.does("PUT", "/triggers/backfill/create", json={**name(), "backfill": wanted})["backfill"]
    assert {key: shown[key] for key in ("start", "end", "currentDate", "paused", "inputs", "labels")} == {
        **wanted,
        "currentDate": "2024-01-01T00:00:00Z",
        "paused": False,
    }
    api.settle()
    again = {**name(), "backfill": OLD}
    assert "already" in api.fails(409, "PUT", "/triggers/backfill/create", json=again)["message"]
    state = api.does("PUT", "/triggers/backfill/pause", json=name())
    assert state["backfill"]["paused"]
    assert not api.does("PUT", "/triggers/backfill/unpause", json=state)["backfill"]["paused"]
    assert "backfill" not in api.does("POST", "/triggers/backfill/delete", json=name())
    for method, verb in (("PUT", "pause"), ("PUT", "unpause"), ("POST", "delete")):
        body = api.fails(400, method, f"/triggers/backfill/{verb}", json=name())
        assert body["message"].startswith("No backfill found")
        api.fails(404, method, f"/triggers/backfill/{verb}", json=name("none"))
    [execution] = api.get("/executions/search?flowId=f")["results"]
    assert (execution["inputs"], execution["state"]["current"]) == ({"who": "you"}, "PAUSED")
    assert execution["trigger"]["variables"]["date"] == "2024-01-01T00:00:00Z"
    assert {"key": "a", "value": "b"} in execution["labels"]


def test_the_dates_of_a_backfill_are_counted_before_it_begins(api: Api) -> None:
    api.deploy(daily().replace("0 0 1 1 *", "0 0 * * *"))
    counted = api.post("/triggers/backfill/count", json={**name(), "backfill": OLD})
    assert counted == {"count": 3, "isAll": True, "first": OLD["start"], "last": OLD["end"]}
    long = {"start": "2020-01-01T00:00:00Z", "end": "2024-01-01T00:00:00Z"}
    many = api.post("/triggers/backfill/count", json={**name(), "backfill": long})
    assert (many["count"], many["isAll"], many["last"]) == (1000, False, "2022-09-26T00:00:00Z")
    none = {"start": "2024-01-01T00:00:01Z", "end": "2024-01-01T23:00:00Z"}
    assert api.post("/triggers/backfill/count", json={**name(), "backfill": none}) == {"count": 0, "isAll": True}
    assert "backfill" not in api.get("/triggers/search?flowId=f&triggerId=s")["results"][0]["state"]
    api.fails(422, "POST", "/triggers/backfill/count", json={**name(), "backfill": {}})


@pytest.mark.parametrize(
    ("backfill", "said"),
    [
        ({}, "needs a start"),
        ({"start": "2024-02-01T00:00:00Z", "end": "2024-01-01T00:00:00Z"}, "after its end"),
        ({"start": "2999-01-01T00:00:00Z"}, "in the future"),
        ({"start": "2024-01-01T00:00:00Z", "labels": {"system.a": "b"}}, "system."),
    ],
)
def test_a_backfill_that_cannot_be_is_refused(triggers: Api, backfill: dict[str, Any], said: str) -> None:
    body = triggers.fails(422, "PUT", "/triggers/backfill/create", json={**name(), "backfill": backfill})
    assert said in body["message"]
    triggers.fails(404, "PUT", "/triggers/backfill/create", json={**name("none"), "backfill": OLD})
    triggers.fails(409, "PUT", "/triggers/backfill/create", json={**name("w"), "backfill": OLD})


def test_the_older_call_begins_and_pauses_a_backfill(api: Api) -> None:
    api.deploy(daily(tasks=PAUSES).replace("0 0 1 1 *", "0 0 * * *"))
    state = api.does("PUT", "/triggers", json={**name(), "backfill": OLD})
    assert not state["backfill"]["paused"]
    state = api.does("PUT", "/triggers", json={**state, "backfill": {**state["backfill"], "paused": True}})
    assert state["backfill"]["paused"]
    state = api.does("PUT", "/triggers", json={**state, "disabled": True})
    assert state["disabled"]
    assert state["backfill"]["paused"]


# ------------------------------------------------------------------ many


def test_many_are_switched_those_that_are_not_there_are_passed_by(triggers: Api) -> None:
    both = {"triggers": [name(), name("none"), name(), name("w")], "disabled": True}
    done = triggers.post("/triggers/set-disabled/by-triggers", json=both)
    assert (done["count"], done["totalItems"], len(done["operationId"]) > 10) == (2, 2, True)
    assert found(triggers, "filters[triggerState][EQUALS]=DISABLED") == ["f/s", "f/w"]
    done = triggers.post("/triggers/set-disabled/by-query?disabled=false&filters[triggerId][EQUALS]=w&namespace=t")
    assert done["count"] == 2
    assert found(triggers, "filters[triggerState][EQUALS]=DISABLED") == ["f/s"]
    assert triggers.post("/triggers/set-disabled/by-query?flowId=g")["count"] == 2
    assert found(triggers, "filters[triggerState][EQUALS]=DISABLED") == ["f/s", "g/s", "g/w"]


def test_many_are_unlocked(triggers: Api) -> None:
    locked(triggers, "trigger/t/f/s", "trigger/t.below/g/s")
    assert triggers.post("/triggers/unlock/by-triggers", json=[name(), name("w")])["count"] == 1
    assert triggers.post("/triggers/unlock/by-query?namespace=t")["count"] == 1
    assert found(triggers, "filters[locked][EQUALS]=true") == []


def test_many_backfills_are_paused_continued_and_deleted(api: Api) -> None:
    for flow in ("f", "g"):
        api.deploy(daily(flow, tasks=PAUSES).replace("0 0 1 1 *", "0 0 * * *"))
        api.does("PUT", "/triggers/backfill/create", json={**name(flow=flow), "backfill": OLD})
    assert api.post("/triggers/backfill/pause/by-triggers", json=[name(), name("w")])["count"] == 1
    assert api.post("/triggers/backfill/unpause/by-query?flowId=f")["count"] == 1
    assert api.post("/triggers/backfill/delete/by-query")["count"] == 2
    assert api.post("/triggers/backfill/delete/by-triggers", json=[name()])["count"] == 0


def test_many_that_no_flow_declares_are_deleted(triggers: Api) -> None:
    triggers.deploy("")
    assert triggers.does("DELETE", "/triggers/delete/by-triggers", json=[name(), name(flow="g")])["count"] == 1
    assert triggers.does("DELETE", "/triggers/delete/by-query?namespace=t")["count"] == 1
    assert found(triggers, "") == ["g/s", "g/w"]


@pytest.mark.parametrize(
    ("filters", "left"),
    [
        ([{"field": "triggerId", "operation": "EQUALS", "value": "s"}], ["f/w", "g/s", "g/w"]),
        ([{"field": "TRIGGER_ID", "operation": "IN", "value": ["w", "x"]}], ["f/s", "g/s", "g/w"]),
        (
            [
                {
                    "logical": "OR",
                    "children": [
                        {"field": "triggerId", "operation": "EQUALS", "value": "x"},
                        {"field": "workerId", "operation": "IS_NOT_NULL", "value": None},
                    ],
                }
            ],
            ["f/s", "f/w", "g/s", "g/w"],
        ),
        ([], ["g/s", "g/w"]),
    ],
)
def test_a_filter_may_stand_in_the_body(triggers: Api, filters: list[dict[str, Any]], left: list[str]) -> None:
    triggers.deploy("")
    triggers.does("DELETE", "/triggers/delete/by-query", json={"filters": filters})
    assert found(triggers, "") == left


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"filters": [{"field": "colour", "operation": "EQUALS", "value": "red"}]}, "colour"),
        ({"filters": [{"field": "q", "operation": "LIKES", "value": "red"}]}, "LIKES"),
        ({"filters": [{"logical": "XOR", "children": []}]}, "group"),
        ({"filters": [{"field": "q", "operation": "EQUALS", "value": ""}]}, "no value"),
        ({"filters": [{"logical": "OR", "children": [{"field": "q", "operation": "EQUALS"}]}]}, "no value"),
        ({"filter": []}, "filter"),
    ],
)
def test_a_body_that_is_no_filter_changes_nothing(triggers: Api, body: dict[str, Any], said: str) -> None:
    triggers.deploy("")
    response = triggers.send("DELETE", "/triggers/delete/by-query", json=body)
    assert response.status_code in (400, 422)
    assert response.json is not None
    assert said in response.json["message"]
    assert len(found(triggers, "")) == 4


def test_a_parameter_that_nobody_knows_changes_nothing(triggers: Api) -> None:
    assert "flow" in triggers.fails(400, "POST", "/triggers/set-disabled/by-query?flow=f")["message"]
    assert found(triggers, "filters[triggerState][EQUALS]=DISABLED") == []
