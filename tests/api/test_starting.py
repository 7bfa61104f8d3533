"""POST /executions/{namespace}/{id}, its alias, and …/validate."""

from __future__ import annotations

import io
import json
import time
from dataclasses import replace

import pytest

from api.driving import FAIL, PAUSE, RETURN, SLEEP, Api

INPUTS = """inputs:
  - {id: n, type: INT, defaults: 3}
  - {id: when, type: BOOL, required: false}
  - {id: list, type: ARRAY, itemType: INT, required: false}
  - {id: doc, type: FILE, required: false}
"""


def content(api: Api, uri: str) -> bytes:
    """Return what a file of the internal storage holds."""
    with api.rt.services.objects.open(uri) as file:
        return file.read()


@pytest.mark.parametrize("path", ["/executions/t/f", "/executions/trigger/t/f"])
def test_an_execution_is_started_without_a_body(api: Api, path: str) -> None:
    api.deploy("description: none")
    started = api.post(path)
    execution = started["id"]
    assert started == {
        "tenantId": "main",
        "id": execution,
        "namespace": "t",
        "flowId": "f",
        "flowRevision": 1,
        "originalId": execution,
        "state": started["state"],
        "labels": [{"key": "system.correlationId", "value": execution}],
        "metadata": {"attemptNumber": 1, "originalCreatedDate": started["state"]["startDate"]},
        "deleted": False,
        "kind": "NORMAL",
        "url": f"http://tiercel.test/ui/main/executions/t/f/{execution}",
    }
    assert started["state"]["current"] == "CREATED"
    assert api.state(execution) == "SUCCESS"


def test_values_come_as_parts_json_and_file_names(api: Api) -> None:
    api.deploy(INPUTS)
    data = {"n": "7", "when": "True", "list": "[1, 2]", "doc": (io.BytesIO(b"by name"), "a/b.txt"), "other": "ignored"}
    inputs = api.post("/executions/t/f", data=data)["inputs"]
    assert {**inputs, "doc": None} == {"n": 7, "when": True, "list": [1, 2], "doc": None}
    assert inputs["doc"].endswith("/inputs/doc/b.txt")
    assert content(api, inputs["doc"]) == b"by name"


def test_a_file_finds_its_input_by_its_file_name(api: Api) -> None:
    api.deploy(INPUTS)
    inputs = api.post("/executions/t/f", data={"files": (io.BytesIO(b"old clients"), "doc")})["inputs"]
    assert content(api, inputs["doc"]) == b"old clients"


def test_a_file_may_be_named_by_its_uri_and_not_be_empty(api: Api) -> None:
    api.deploy(INPUTS)
    uri = "kestra:///t/f/executions/x/inputs/doc/b.txt"
    assert api.post("/executions/t/f", data={"doc": uri})["inputs"]["doc"] == uri
    body = api.fails(422, "POST", "/executions/t/f", data={"doc": (io.BytesIO(b""), "e.txt")})
    assert "e.txt" in body["message"]


@pytest.mark.parametrize("path", ["/etc/passwd", "file:///etc/passwd"])
def test_a_text_never_names_a_file_of_the_server(api: Api, path: str) -> None:
    api.deploy(INPUTS)
    response = api.send("POST", "/executions/t/f", data={"doc": path})
    if response.status_code == 200:  # it stays a text, which no task can open
        assert response.json is not None
        assert response.json["inputs"]["doc"] == path
    else:
        assert response.status_code == 422


def test_missing_and_bad_inputs_are_all_named(api: Api) -> None:
    api.deploy("inputs: [{id: a, type: STRING}, {id: b, type: INT}]")
    body = api.fails(422, "POST", "/executions/t/f", data={"b": "x"})
    assert [error["path"] for error in body["_embedded"]["errors"]] == ["a", "b"]
    assert [error["pointer"] for error in body["errors"]] == ["a", "b"]
    assert list(api.rt.store.query("execution")) == []


def test_a_body_that_is_no_form_is_refused(api: Api) -> None:
    api.deploy(INPUTS)
    assert "multipart" in api.fails(422, "POST", "/executions/t/f", json={"n": 1})["message"]


def test_half_a_character_in_an_input_is_no_error_of_the_server(api: Api) -> None:
    api.deploy("inputs: [{id: j, type: JSON}]")
    api.fails(422, "POST", "/executions/t/f", data={"j": '{"a": "\\ud800"}'})


def test_labels_kind_and_date_are_taken_over(api: Api) -> None:
    api.deploy("labels: {team: own}")
    query = "?labels=a:1&labels=b:x:y&kind=TEST&scheduleDate=2999-01-31T08:00:00Z"
    started = api.post(f"/executions/t/f{query}")
    labels = {label["key"]: label["value"] for label in started["labels"]}
    assert {key: labels[key] for key in ("team", "a", "b")} == {"team": "own", "a": "1", "b": "x:y"}
    assert started["kind"] == "TEST"
    assert started["scheduleDate"].startswith("2999-01-31T08:00:00")
    assert api.state(started["id"]) == "CREATED"


@pytest.mark.parametrize(
    ("status", "query"),
    [
        (422, "labels=system.mine:1"),
        (422, "labels=nothing"),
        (422, "kind=ODD"),
        (422, "scheduleDate=soon"),
        (422, "wait=perhaps"),
        (422, "breakpoints=nowhere"),
        (404, "revision=9"),
        (400, "waits=true"),
    ],
)
def test_what_cannot_be_is_refused(api: Api, status: int, query: str) -> None:
    api.deploy("")
    api.fails(status, "POST", f"/executions/t/f?{query}")


def test_the_correlation_id_may_be_given(api: Api) -> None:
    api.deploy("")
    started = api.post("/executions/t/f?labels=system.correlationId:mine")
    assert {"key": "system.correlationId", "value": "mine"} in started["labels"]


def test_wait_answers_with_the_end_and_its_outputs(api: Api) -> None:
    api.deploy(
        f"tasks: [{{id: r, type: {RETURN}, format: yes}}]\n"
        "outputs: [{id: o, type: STRING, value: '{{ outputs.r.value }}'}]"
    )
    ended = api.post("/executions/t/f?wait=true")
    assert (ended["state"]["current"], ended["outputs"]) == ("SUCCESS", {"o": "yes"})
    assert [(run["taskId"], run["outputs"]) for run in ended["taskRunList"]] == [("r", {"value": "yes"})]
    assert ended["url"].endswith(ended["id"])


def test_wait_answers_when_the_execution_is_paused(api: Api) -> None:
    api.deploy(f"tasks: [{{id: p, type: {PAUSE}}}]")
    assert api.post("/executions/t/f?wait=true")["state"]["current"] == "PAUSED"


def test_wait_is_capped(api: Api) -> None:
    api.deploy(f"tasks: [{{id: s, type: {SLEEP}, duration: PT30S}}]")
    short = Api(api.rt, replace(api.site, longest_wait=0.2))
    begun = time.monotonic()
    assert short.post("/executions/t/f?wait=true")["state"]["current"] == "RUNNING"
    assert time.monotonic() - begun < 20


def test_a_breakpoint_stops_the_execution(api: Api) -> None:
    api.deploy(f"tasks: [{{id: a, type: {RETURN}, format: x}}, {{id: b, type: {RETURN}, format: x}}]")
    assert api.post("/executions/t/f?wait=true&breakpoints=a,b")["state"]["current"] == "BREAKPOINT"


def test_a_revision_is_run(api: Api) -> None:
    api.deploy(f"tasks: [{{id: a, type: {RETURN}, format: x}}]")
    api.deploy(f"tasks: [{{id: a, type: {FAIL}}}]")
    old = api.post("/executions/t/f?wait=true&revision=1")
    assert (old["flowRevision"], old["state"]["current"]) == (1, "SUCCESS")
    assert api.post("/executions/t/f?wait=true")["state"]["current"] == "FAILED"


def test_unknown_and_disabled_flows_are_told_apart(api: Api) -> None:
    api.fails(404, "POST", "/executions/t/none")
    api.deploy("disabled: true")
    api.fails(409, "POST", "/executions/t/f")


def test_validate_reports_each_input_and_stores_nothing(api: Api) -> None:
    api.deploy(INPUTS + "  - {id: secret, type: SECRET, required: false}\n  - {id: need, type: STRING}\n")
    data = {"n": "x", "doc": (io.BytesIO(b"not kept"), "d.txt"), "secret": "hush"}
    found = api.post("/executions/t/f/validate?labels=a:1", data=data)
    assert (found["id"], found["namespace"], found["checks"]) == ("f", "t", [])
    by_id = {entry["input"]["id"]: entry for entry in found["inputs"]}
    assert list(by_id) == ["n", "when", "list", "doc", "secret", "need"]
    assert "received `x`" in by_id["n"]["errors"][0]["message"]
    assert "missing required input" in by_id["need"]["errors"][0]["message"]
    assert by_id["secret"]["value"] == "******"
    assert (by_id["when"]["enabled"], by_id["when"]["isDefault"]) == (True, False)
    assert set(by_id["n"]) == {"input", "value", "enabled", "isDefault", "errors"}
    assert by_id["n"]["input"] == {"id": "n", "type": "INT", "required": True, "defaults": 3}
    assert list(api.rt.services.objects.list("kestra:///")) == []
    assert list(api.rt.store.query("execution")) == []


def test_validate_says_what_is_default_and_which_checks_fail(api: Api) -> None:
    api.deploy(
        INPUTS + "checks:\n  - {condition: '{{ inputs.n > 5 }}', message: too few, style: WARNING}\n"
        "  - {condition: '{{ true }}', message: never}\n"
    )
    found = api.post("/executions/t/f/validate")
    assert found["inputs"][0]["isDefault"] is True
    assert found["checks"] == [{"message": "too few", "style": "WARNING", "behavior": "BLOCK_EXECUTION"}]
    assert api.post("/executions/t/f/validate", data={"n": "6"})["checks"] == []
    api.fails(404, "POST", "/executions/t/none/validate")
    api.fails(422, "POST", "/executions/t/f/validate?labels=system.x:1")


def test_a_body_over_the_limit_is_413(api: Api) -> None:
    api.deploy(INPUTS)
    small = Api(api.rt, replace(api.site, largest_body=1000))
    small.fails(413, "POST", "/executions/t/f", data={"doc": (io.BytesIO(b"x" * 5000), "d.txt")})
    large = json.dumps(["x" * 1000] * 5000)
    api.fails(413, "POST", "/executions/t/f", data={"n": large})
