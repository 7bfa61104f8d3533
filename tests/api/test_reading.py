"""One execution, its flow, its files, and what it gave."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from api.driving import FAIL, LOG, PAUSE, RETURN, Api
from tiercel.paths import execution_folder

WRITE = "io.kestra.plugin.core.storage.Write"
FOREACH = "io.kestra.plugin.core.flow.ForEach"
STRICT = {"getDuration", "getStartDate", "getEndDate"}
"""Members of a state that kestrapy's model takes for required."""


def test_an_execution_has_what_strict_clients_need(api: Api) -> None:
    api.deploy(f"tasks:\n  - {{id: give, type: {RETURN}, format: hi}}\noutputs: [{{id: o, type: STRING, value: x}}]")
    execution = api.run()
    shown = api.get(f"/executions/{execution}")
    assert shown.keys() >= {"id", "namespace", "flowId", "flowRevision", "state", "originalId", "deleted", "metadata"}
    assert shown["state"].keys() == {"current", "histories", "startDate", "endDate", "duration", *STRICT}
    assert shown["metadata"].keys() == {"attemptNumber", "originalCreatedDate"}
    assert (shown["tenantId"], shown["kind"], shown["outputs"]) == ("main", "NORMAL", {"o": "x"})
    (run,) = shown["taskRunList"]
    assert run.keys() >= {"id", "executionId", "namespace", "flowId", "taskId", "state", "attempts"}
    assert run["outputs"]["value"] == "hi"
    assert run["attempts"][0].keys() == {"state"}
    assert not [name for name, value in shown.items() if value is None]
    assert "inputs" not in shown


def test_many_task_runs_are_all_there(api: Api) -> None:
    api.deploy(
        f"tasks:\n  - {{id: each, type: {FOREACH}, values: [a, b, c], tasks: [{{id: r, type: {RETURN}, format: x}}]}}"
    )
    runs = api.get(f"/executions/{api.run()}")["taskRunList"]
    assert [(run["taskId"], run.get("value"), run.get("iteration")) for run in runs] == [
        ("each", None, None),
        ("r", "a", 0),
        ("r", "b", 1),
        ("r", "c", 2),
    ]
    assert {run.get("parentTaskRunId") for run in runs[1:]} == {runs[0]["id"]}


@pytest.mark.parametrize(
    "path",
    [
        "/executions/nobody",
        "/executions/nobody/flow",
        "/executions/nobody/file?path=kestra:///a",
        "/executions/flows/t/nothing",
        "/outputs/executions/nobody",
        "/outputs/tasks/nobody",
        "/outputs/tasks/nobody/run",
        "/logs/nobody",
        "/logs/nobody/download",
        "/metrics/nobody",
    ],
)
def test_what_is_not_there_is_not_found(api: Api, path: str) -> None:
    api.fails(404, "GET", path)


def test_the_latest_of_each_flow(api: Api) -> None:
    api.deploy("")
    api.deploy(f"id: g\nnamespace: t\ntasks: [{{id: no, type: {FAIL}}}]")
    api.run()
    newest, failed = api.run(), api.run("/executions/t/g")
    names = [{"namespace": "t", "id": name} for name in ("f", "g", "never")]
    found = api.post("/executions/latest", json=names)
    assert [(each["id"], each["flowId"], each["status"]) for each in found] == [
        (newest, "f", "SUCCESS"),
        (failed, "g", "FAILED"),
    ]
    assert found[0].keys() == {"id", "flowId", "namespace", "startDate", "status"}
    for body in ("", "{}", "[1]", "[{}", '[{"namespace": "t"}]'):
        api.fails(422, "POST", "/executions/latest", data=body)


def test_the_task_that_failed_or_is_at_work_is_named(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    fork = "io.kestra.plugin.core.flow.Parallel"
    broken = f"{{id: broken, type: {FAIL}}}"
    api.deploy(f"tasks:\n  - {{id: fork, type: {fork}, tasks: [{broken}, {{id: fine, type: {LOG}, message: x}}]}}")
    each = "io.kestra.plugin.core.flow.ForEach"
    inner = f"[{{id: inner, type: {FAIL}}}]"
    api.deploy(f"id: g\nnamespace: t\ntasks: [{{id: loop, type: {each}, values: [a], tasks: {inner}}}]")
    api.deploy(f"id: h\nnamespace: t\ntasks: [{{id: ask, type: {PAUSE}}}]")
    api.deploy(f"id: i\nnamespace: t\ntasks: [{{id: say, type: {LOG}, message: x}}]")
    forked, looped, paused, good = (api.run(f"/executions/t/{flow}") for flow in "fghi")
    found = api.post("/executions/tasks", json=[forked, looped, paused, good, "nobody"])
    assert found == {forked: "broken", looped: "inner", paused: "ask"}
    api.deploy(f"id: j\nnamespace: t\ntasks: [{{id: crash, type: {FAIL}}}]")
    plain = api.run("/executions/t/j")
    monkeypatch.setattr(type(api.rt.store), "scan", lambda *_: pytest.fail("read more than the top level"))
    assert api.post("/executions/tasks", json=[plain, paused, good]) == {plain: "crash", paused: "ask"}
    api.fails(422, "POST", "/executions/tasks", json=["x"] * 1001)


def test_the_outline_of_a_flow(api: Api) -> None:
    source = f"""
labels: {{team: sdk}}
description: what it does
inputs: [{{id: name, type: STRING, required: false}}]
tasks:
  - id: choose
    type: io.kestra.plugin.core.flow.If
    condition: "true"
    then: [{{id: a, type: {LOG}, message: secret words}}]
    else: [{{id: b, type: {LOG}, message: other}}]
  - id: dag
    type: io.kestra.plugin.core.flow.Dag
    tasks: [{{task: {{id: c, type: {LOG}, message: x}}}}]
triggers: [{{id: daily, type: io.kestra.plugin.core.trigger.Schedule, cron: "0 0 1 1 *"}}]
"""
    api.deploy(source)
    execution = api.run()
    found = api.get("/executions/flows/t/f")
    assert api.get(f"/executions/{execution}/flow") == found
    assert (found["id"], found["namespace"], found["revision"]) == ("f", "t", 1)
    assert (found["disabled"], found["deleted"], found["draft"]) == (False, False, False)
    assert found["labels"] == [{"key": "team", "value": "sdk"}]
    assert found["inputs"][0]["id"] == "name"
    choose, dag = found["tasks"]
    assert choose == {
        "id": "choose",
        "type": "io.kestra.plugin.core.flow.If",
        "then": [{"id": "a", "type": LOG}],
        "else": [{"id": "b", "type": LOG}],
    }
    assert dag["tasks"] == [{"id": "c", "type": LOG}]
    assert found["triggers"] == [{"id": "daily", "type": "io.kestra.plugin.core.trigger.Schedule"}]
    api.deploy(source + "# another\n")
    assert api.get("/executions/flows/t/f")["revision"] == 2
    assert api.get("/executions/flows/t/f?revision=1")["revision"] == 1
    api.fails(404, "GET", "/executions/flows/t/f?revision=7")
    assert api.get(f"/executions/{execution}/flow")["revision"] == 1


def test_what_can_be_executed(api: Api) -> None:
    api.deploy("")
    api.deploy("id: g\nnamespace: u\n")
    api.deploy("id: off\nnamespace: v\ndisabled: true\n")
    assert api.get("/executions/namespaces") == ["t", "u"]
    assert [flow["id"] for flow in api.get("/executions/namespaces/u/flows")] == ["g"]
    assert api.get("/executions/namespaces/v/flows") == []
    assert api.get("/executions/namespaces/t/flows/f/average-duration") == {"averageDuration": None, "count": 0}
    api.run()
    found = api.get("/executions/namespaces/t/flows/f/average-duration")
    assert found["count"] == 1
    assert 0 <= found["averageDuration"] < 10


def written(api: Api, content: str, extension: str = ".txt") -> tuple[str, str]:
    """Run a flow that writes a file; return the execution and the URI."""
    api.deploy(f"tasks: [{{id: w, type: {WRITE}, extension: {extension}, content: {content!r}}}]")
    execution = api.run()
    outputs: dict[str, Any] = api.get(f"/executions/{execution}")["taskRunList"][0]["outputs"]
    return execution, outputs["uri"]


def test_a_file_is_given_with_its_name_and_its_size(api: Api) -> None:
    execution, uri = written(api, "one two")
    response = api.send("GET", f"/executions/{execution}/file", query_string={"path": uri})
    assert (response.status_code, response.data) == (200, b"one two")
    assert response.content_type == "application/octet-stream"
    assert response.headers["Content-Length"] == "7"
    assert response.headers["Content-Disposition"] == f"attachment; filename={uri.rpartition('/')[2]}"
    assert api.get(f"/executions/{execution}/file/metas", query_string={"path": uri}) == {"size": 7}


def test_a_file_of_another_execution_is_asked_of_that_one(api: Api) -> None:
    other, uri = written(api, "x")
    execution, _ = written(api, "y")
    for suffix in ("", "/metas", "/preview"):
        response = api.send("GET", f"/executions/{execution}/file{suffix}", query_string={"path": uri})
        assert response.status_code == 307
        assert response.headers["Location"].startswith(f"/api/v1/main/executions/{other}/file{suffix}?path=kestra")
        assert api.client.get(response.headers["Location"]).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "file:///etc/passwd",
        "kestra:///",
        "kestra:///../secret",
        "kestra:///t/f/executions/nobody/a",
        "kestra:///t/_files/a",
        "kestra:///u/f/executions/{id}/a",
        "kestra:///t/f/executions/{id}/../other/a",
    ],
)
def test_no_other_file_is_given(api: Api, path: str) -> None:
    execution, _ = written(api, "x")
    api.rt.services.files.write("t", "a", b"x")
    for suffix in ("", "/metas", "/preview"):
        at = f"/executions/{execution}/file{suffix}"
        response = api.send("GET", at, query_string={"path": path.replace("{id}", execution)})
        assert response.status_code == 422, response.data
    api.fails(400, "GET", f"/executions/{execution}/file")


def test_a_file_that_is_gone_is_not_found(api: Api) -> None:
    execution, uri = written(api, "x")
    assert api.send("GET", f"/executions/{execution}/file", query_string={"path": uri + "x"}).status_code == 404


@pytest.mark.parametrize(
    ("name", "content", "rows", "kind", "shown", "truncated"),
    [
        ("a.txt", b"one\ntwo\n", 1, "TEXT", "one\n", True),
        ("a.csv", b"one\ntwo\n", 2, "TEXT", "one\ntwo\n", False),
        ("noext", "grün".encode(), 5, "TEXT", "grün", False),
        ("a.md", b"# hi", 5, "MARKDOWN", "# hi", False),
        ("a.ion", b'{"a":1}\n{"a":2}\n', 1, "LIST", [{"a": 1}], True),
        ("a.ion", b'{"a":1}\n{"a":2}\n', 2, "LIST", [{"a": 1}, {"a": 2}], False),
        ("a.png", b"\x89PNG", 5, "IMAGE", base64.b64encode(b"\x89PNG").decode(), False),
        ("a.pdf", b"%PDF", 5, "PDF", base64.b64encode(b"%PDF").decode(), False),
    ],
)
def test_previews(api: Api, name: str, content: bytes, rows: int, kind: str, shown: object, truncated: bool) -> None:
    api.deploy("")
    execution = api.run()
    uri = execution_folder("t", "f", execution) + name
    api.rt.services.objects.write(uri, content)
    query = {"path": uri, "maxRows": str(rows)}
    found = api.get(f"/executions/{execution}/file/preview", query_string=query)
    extension = name.partition(".")[2]
    assert found == {
        "extension": extension,
        "type": kind,
        "content": shown,
        "maxLine": rows,
        "truncated": truncated,
    }


def test_a_preview_reads_no_more_than_the_beginning(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tiercel.api.executions.files.LARGEST", 20)
    api.deploy("")
    execution = api.run()
    folder, at = execution_folder("t", "f", execution), f"/executions/{execution}/file/preview"
    for name, content in (("a.txt", b"x" * 1000), ("a.ion", b'{"a":1}\n' * 100), ("a.png", b"x" * 21)):
        api.rt.services.objects.write(folder + name, content)
    text = api.get(at, query_string={"path": folder + "a.txt"})
    assert (text["content"], text["truncated"]) == ("x" * 20, True)
    rows = api.get(at, query_string={"path": folder + "a.ion"})
    assert (rows["content"], rows["truncated"]) == ([{"a": 1}, {"a": 1}], True)
    api.fails(422, "GET", f"{at}?path={folder}a.png")
    for query in ("maxRows=0", "encoding=nope", "encoding=base64"):
        api.fails(422, "GET", f"{at}?path={folder}a.txt&{query}")
    assert api.get(at, query_string={"path": folder + "a.txt", "encoding": "latin1"})["type"] == "TEXT"


def test_outputs(api: Api) -> None:
    long = "x" * 5000
    api.deploy(
        f"tasks:\n  - {{id: short, type: {RETURN}, format: hi}}\n  - {{id: long, type: {RETURN}, format: {long}}}\n"
        f"  - {{id: none, type: {LOG}, message: a}}\noutputs: [{{id: o, type: STRING, value: x}}]"
    )
    execution = api.run()
    assert api.get(f"/outputs/executions/{execution}") == {"o": "x"}
    found = api.get(f"/outputs/tasks/{execution}")
    assert [(each["taskId"], each["inline"]) for each in found] == [("short", True), ("long", False)]
    assert found == api.get(f"/outputs/{execution}")
    for form in ("/outputs/tasks", "/outputs"):
        assert api.get(f"{form}/{execution}/{found[1]['taskRunId']}")["value"] == long
    api.fails(404, "GET", f"/outputs/tasks/{execution}/nobody")
    api.deploy("")
    assert api.get(f"/outputs/executions/{api.run()}") == {}


def test_expressions_are_rendered(api: Api) -> None:
    api.deploy("variables: {v: 7}\ninputs: [{id: i, type: STRING, defaults: one}]")
    execution = api.run()
    texts = ["{{ inputs.i }}", "{{ vars.v }}", "{{ flow.id }}", "plain", "{{ broken"]
    at = "/expressions/render"
    assert api.post(at, json={"expressions": texts, "executionId": execution}) == {
        "rendered": {"{{ inputs.i }}": "one", "{{ vars.v }}": "7", "{{ flow.id }}": "f", "plain": "plain"}
    }
    expected = {"rendered": {"{{ vars.v }}": "7", "{{ flow.id }}": "f", "plain": "plain"}}
    assert api.post(at, json={"expressions": texts, "namespace": "t", "flowId": "f"}) == expected
    source = f"id: f\nnamespace: n\nvariables: {{v: 7}}\ntasks: [{{id: l, type: {LOG}, message: x}}]"
    assert api.post(at, json={"expressions": texts, "flow": source}) == expected
    for body in ({"expressions": texts}, {"expressions": [], "flow": source}, {"expressions": texts, "flow": "{"}, {}):
        api.fails(422, "POST", at, json=body)
    api.fails(404, "POST", at, json={"expressions": texts, "executionId": "nobody"})
    api.fails(404, "POST", at, json={"expressions": texts, "namespace": "t", "flowId": "no"})
