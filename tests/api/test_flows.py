"""One flow through the API: created, read, changed, deleted, its revisions and its tasks."""

from __future__ import annotations

import pytest

from api.driving import LOG, Api
from tiercel.flowfile import parse_flow
from tiercel.flows import _writes

YAML = {"content_type": "application/x-yaml"}
SOURCE = f"""# the first line
id: daily   # its name
namespace: company.team
labels: {{team: 1.10, on: yes}}
tasks:
  - id: y
    type: {LOG}
    message: 12:30
triggers:
  - {{id: evening, type: io.kestra.plugin.core.trigger.Schedule, cron: "0 18 * * *"}}
"""


def create(api: Api, source: str = SOURCE) -> dict[str, object]:
    """Create a flow through the API."""
    found: dict[str, object] = api.post("/flows", data=source, **YAML)
    return found


def test_a_created_flow_is_answered_whole(api: Api) -> None:
    found = create(api)
    assert isinstance(found.pop("updated"), str)
    assert found == {
        "id": "daily",
        "namespace": "company.team",
        "revision": 1,
        "tenantId": "main",
        "disabled": False,
        "deleted": False,
        "draft": False,
        "labels": [{"key": "team", "value": "1.10"}, {"key": "on", "value": "yes"}],
        "tasks": [{"id": "y", "type": LOG, "message": "12:30"}],
        "triggers": [{"id": "evening", "type": "io.kestra.plugin.core.trigger.Schedule", "cron": "0 18 * * *"}],
        "source": SOURCE,
    }


def test_a_flow_is_read_back_at_once_with_and_without_its_source(api: Api) -> None:
    created = create(api)
    assert api.get("/flows/company.team/daily") == created
    assert api.get("/flows/company.team/daily?source=true") == created
    assert "source" not in api.get("/flows/company.team/daily?source=false")
    assert api.client.get("/api/v1/flows/company.team/daily").json == created


def test_an_id_that_is_there_cannot_be_created(api: Api) -> None:
    create(api)
    body = api.fails(422, "POST", "/flows", data=SOURCE, **YAML)
    assert "flow.id: Flow id already exists" in body["message"]
    assert body["_embedded"]["errors"][0]["path"] == "flow.id"


def test_a_body_in_json_is_a_flow_too(api: Api) -> None:
    body = {"id": "j", "namespace": "t", "tasks": [{"id": "a", "type": LOG, "message": "x"}]}
    assert api.post("/flows", json=body)["tasks"] == body["tasks"]


def test_what_is_wrong_with_a_flow_is_named_with_its_path(api: Api) -> None:
    body = api.fails(422, "POST", "/flows", data="id: a\nnamespace: b\ntasks: [{id: x, type: no.Such}]\n", **YAML)
    assert [each["path"] for each in body["_embedded"]["errors"]] == ["tasks[0].type"]


def test_a_yaml_bomb_is_refused(api: Api) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert "100,000" in api.fails(422, "POST", "/flows", data="\n".join(lines), **YAML)["message"]


def test_an_update_makes_a_revision_unless_the_text_is_the_same(api: Api) -> None:
    create(api)
    assert api.does("PUT", "/flows/company.team/daily", data=SOURCE, **YAML)["revision"] == 1
    changed = SOURCE.replace("12:30", "12:31")
    assert api.does("PUT", "/flows/company.team/daily", data=changed, **YAML)["revision"] == 2
    assert api.get("/flows/company.team/daily")["tasks"][0]["message"] == "12:31"
    assert api.get("/flows/company.team/daily?revision=1")["tasks"][0]["message"] == "12:30"
    api.fails(404, "GET", "/flows/company.team/daily?revision=7")


def test_an_update_of_no_flow_is_404_and_one_under_another_name_422(api: Api) -> None:
    api.fails(404, "PUT", "/flows/company.team/daily", data=SOURCE, **YAML)
    create(api)
    for old, new, path in (("id: daily", "id: other", "flow.id"), ("company.team", "company", "flow.namespace")):
        body = api.fails(422, "PUT", "/flows/company.team/daily", data=SOURCE.replace(old, new), **YAML)
        assert body["_embedded"]["errors"][0]["path"] == path
    assert [each["id"] for each in api.get("/flows/search")["results"]] == ["daily"]


def test_a_deleted_flow_is_gone_and_its_revisions_stay(api: Api) -> None:
    create(api)
    assert api.send("DELETE", "/flows/company.team/daily").status_code == 204
    api.fails(404, "GET", "/flows/company.team/daily")
    api.fails(404, "DELETE", "/flows/company.team/daily")
    assert api.get("/flows/company.team/daily/revisions") == []
    api.fails(404, "GET", "/flows/company.team/other/revisions")
    assert api.get("/flows/search")["total"] == 0
    gone = api.get("/flows/company.team/daily?allowDeleted=true")
    assert (gone["revision"], gone["deleted"], gone["source"]) == (2, True, SOURCE)
    assert gone["labels"] == [{"key": "team", "value": "1.10"}, {"key": "on", "value": "yes"}]
    found = api.get("/flows/company.team/daily/revisions?allowDelete=true")
    assert [(each["revision"], each["deleted"]) for each in found] == [(1, False), (2, True)]


def test_a_deleted_flow_has_no_triggers_and_listens_to_nothing(api: Api) -> None:
    listener = SOURCE.replace("- {id: evening", "- {id: f, type: trigger, dependsOn: [{flowId: x}]}\n  - {id: evening")
    listener = listener.replace("type: trigger,", "type: io.kestra.plugin.core.trigger.Flow,")
    create(api, listener)
    assert len(api.rt.flows.listeners.all()) == 1
    assert len(list(api.rt.store.scan("trigger/company.team/daily/"))) == 2
    api.send("DELETE", "/flows/company.team/daily")
    assert api.rt.flows.listeners.all() == ()
    assert list(api.rt.store.scan("trigger/company.team/daily/")) == []
    create(api, listener)
    assert len(api.rt.flows.listeners.all()) == 1
    assert len(list(api.rt.store.scan("trigger/company.team/daily/"))) == 2


def test_a_deleted_flow_that_is_created_again_goes_on_counting(api: Api) -> None:
    create(api)
    api.send("DELETE", "/flows/company.team/daily")
    assert create(api)["revision"] == 3
    assert api.get("/flows/company.team/daily")["deleted"] is False


def test_a_flow_that_no_longer_validates_is_shown_locked_and_deleted(api: Api) -> None:
    create(api)
    broken = api.rt.flows.record("company.team", "daily")
    broken.source = broken.source.replace(LOG, "gone.Plugin")
    api.rt.store.commit(_writes(broken, 1))
    api.rt.flows._parsed.clear()
    assert api.get("/flows/company.team/daily")["tasks"][0]["type"] == "gone.Plugin"
    assert "gone.Plugin" in api.fails(423, "GET", "/flows/company.team/daily/graph")["message"]
    (listed,) = api.get("/flows/search?q=daily")["results"]
    assert "gone.Plugin" in listed["exception"]
    api.fails(409, "POST", "/executions/company.team/daily")
    assert api.send("DELETE", "/flows/company.team/daily").status_code == 204


@pytest.mark.parametrize("charset", ["utf-8", "ISO-8859-1", "utf-16"])
def test_a_flow_is_read_in_the_charset_that_it_names(api: Api, charset: str) -> None:
    text = f"id: f\nnamespace: t\ndescription: où\ntasks:\n  - {{id: l, type: {LOG}, message: x}}\n"
    kind = f"application/x-yaml; charset={charset}"
    stored = api.post("/flows", data=text.encode(charset), content_type=kind)
    assert (stored["description"], stored["source"]) == ("où", text)


@pytest.mark.parametrize("charset", ["hex", "klingon", "utf-16"])
def test_a_body_that_is_not_in_its_charset_is_refused(api: Api, charset: str) -> None:
    kind = f"application/x-yaml; charset={charset}"
    assert f"'{charset}'" in api.fails(422, "POST", "/flows", data=b"\xff\xfei", content_type=kind)["message"]


def test_old_revisions_are_removed_for_good_but_not_the_latest(api: Api) -> None:
    create(api)
    for number in (1, 2, 3):
        api.does("PUT", "/flows/company.team/daily", data=f"{SOURCE}# {number}\n", **YAML)
    path = "/flows/company.team/daily/revisions"
    assert api.send("DELETE", f"{path}?revisions=1,2").status_code == 200
    assert [each["revision"] for each in api.get(path)] == [3, 4]
    api.fails(409, "DELETE", f"{path}?revisions=3,4")
    api.fails(404, "DELETE", f"{path}?revisions=1")
    api.fails(400, "DELETE", path)
    api.fails(400, "DELETE", f"{path}?revisions=one")
    assert [each["revision"] for each in api.get(path)] == [3, 4]


def test_the_revision_of_an_execution_that_has_not_ended_stays(api: Api) -> None:
    pause = "io.kestra.plugin.core.flow.Pause"
    api.rt.flows.deploy(parse_flow(f"id: p\nnamespace: t\ntasks: [{{id: a, type: {pause}}}]\n"))
    api.run("/executions/t/p")
    api.rt.flows.deploy(parse_flow(f"id: p\nnamespace: t\ntasks: [{{id: b, type: {pause}}}]\n"))
    assert "has not ended" in api.fails(409, "DELETE", "/flows/t/p/revisions?revisions=1")["message"]


def test_a_task_is_found_at_any_depth(api: Api) -> None:
    inner = f"[{{id: b, type: {LOG}, message: yes}}]"
    api.deploy(f"tasks: [{{id: a, type: io.kestra.plugin.core.flow.Sequential, tasks: {inner}}}]\n")
    assert api.get("/flows/t/f/tasks/b") == {"id": "b", "type": LOG, "message": "yes"}
    assert "no task 'c'" in api.fails(404, "GET", "/flows/t/f/tasks/c")["message"]


@pytest.mark.parametrize("path", ["/flows/t/f", "/flows/t/f/graph", "/flows/t/f/dependencies", "/flows/t/f/tasks/a"])
def test_nothing_is_found_of_a_flow_that_is_not_there(api: Api, path: str) -> None:
    api.fails(404, "GET", path)


def test_an_unknown_parameter_is_refused_by_name(api: Api) -> None:
    create(api)
    assert "'sourc'" in api.fails(400, "GET", "/flows/company.team/daily?sourc=true")["message"]
