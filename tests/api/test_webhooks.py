"""GET, POST and PUT /executions/webhook/{namespace}/{id}/{key}."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest

from api.driving import FAIL, PAUSE, RETURN, SLEEP, Api

WEBHOOK = "io.kestra.plugin.core.trigger.Webhook"
URL = "/executions/webhook/t/f/opensesame"


def hooked(api: Api, *lines: str, flow: str = "") -> None:
    """Deploy a flow with a webhook."""
    more = "".join(f"    {line}\n" for line in lines)
    api.deploy(f"{flow}\ntriggers:\n  - id: hook\n    type: {WEBHOOK}\n    key: opensesame\n{more}")


def seen(api: Api, method: str = "POST", path: str = URL, **kwargs: Any) -> dict[str, Any]:
    """Return what the trigger has seen of a call."""
    found: dict[str, Any] = api.does(method, path, **kwargs)["trigger"]["variables"]
    return found


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
@pytest.mark.parametrize("path", [URL, f"{URL}/some/path"])
def test_a_call_starts_an_execution(api: Api, method: str, path: str) -> None:
    hooked(api)
    started = api.does(method, path)
    assert started["trigger"]["id"] == "hook"
    assert started["url"].endswith(started["id"])
    assert api.state(started["id"]) == "SUCCESS"


def test_the_query_and_the_headers_are_lists(api: Api) -> None:
    hooked(api)
    found = seen(api, path=f"{URL}?a=1&a=2&namespace=mine&b=", headers={"X-Me": "me"})
    assert found["parameters"] == {"a": ["1", "2"], "namespace": ["mine"], "b": [""]}
    assert found["headers"]["X-Me"] == ["me"]
    assert found["body"] is None


def test_a_header_is_found_however_it_is_written(api: Api) -> None:
    flow = f"tasks: [{{id: r, type: {RETURN}, format: '{{{{ trigger.headers[\"X-GitHub-Event\"][0] }}}}'}}]"
    hooked(api, "when: \"{{ trigger.headers['x-github-event'][0] == 'push' }}\"", "wait: true", flow=flow)
    ended = api.post(URL, headers={"x-github-event": "push"})
    assert ended["taskRunList"][0]["outputs"] == {"value": "push"}
    assert api.send("POST", URL, headers={"x-github-event": "other"}).status_code == 204


@pytest.mark.parametrize(
    ("sent", "wanted"),
    [
        (b'{"a": [1, 2.5, null]}', {"a": [1, 2.5, None]}),
        (b"[1]", [1]),
        (b"plain", "plain"),
        (b"12", "12"),
        (b'{"a": ', '{"a": '),
        (b'{"a": "\\ud800"}', '{"a": "\\ud800"}'),
        (b"", None),
        (b"\xff\x00", "/wA="),
        (b"[" * 5000, "[" * 5000),
    ],
)
def test_a_body_is_json_or_text(api: Api, sent: bytes, wanted: object) -> None:
    hooked(api)
    assert seen(api, data=sent, content_type="text/plain")["body"] == wanted


def test_a_form_gives_files_and_fields(api: Api) -> None:
    hooked(api)
    data = {"note": "hi", "doc": (io.BytesIO(b"content"), "../d.txt", "text/plain")}
    found = seen(api, data=data)
    [part] = found["parts"]
    assert {**part, "uri": ""} == {
        "name": "doc",
        "filename": "../d.txt",
        "contentType": "text/plain",
        "size": 7,
        "uri": "",
    }
    with api.rt.services.objects.open(part["uri"]) as file:
        assert file.read() == b"content"
    assert found["formFields"] == {"note": ["hi"]}
    assert found["body"] is None


@pytest.mark.parametrize("name", ["\0", "..", "a\\b\x07.txt", "é" * 400 + ".txt", "/"])
def test_any_file_name_is_taken(api: Api, name: str) -> None:
    hooked(api, flow="inputs: [{id: doc, type: FILE, required: false}]")
    head = f'--x\r\nContent-Disposition: form-data; name="doc"; filename="{name}"\r\n\r\nz\r\n--x--'
    sent: dict[str, Any] = {"data": head.encode(), "content_type": "multipart/form-data; boundary=x"}
    [part] = seen(api, **sent)["parts"]
    assert part["uri"].startswith("kestra:///t/f/executions/")
    assert api.post("/executions/t/f", **sent)["inputs"]["doc"].startswith("kestra:///t/f/executions/")


def test_a_body_may_be_stored_as_a_file_or_dropped(api: Api) -> None:
    hooked(api, "fetchType: STORE")
    found = seen(api, data=b"large")
    assert found["body"] is None
    with api.rt.services.objects.open(found["uri"]) as file:
        assert file.read() == b"large"
    hooked(api, "fetchType: NONE")
    assert "uri" not in seen(api, data=b"large")


@pytest.mark.parametrize("path", ["t/f/wrong", "t/f/opensesam", "t/none/opensesame", "x/f/opensesame", "t/plain/k"])
def test_a_wrong_key_tells_nothing(api: Api, path: str) -> None:
    hooked(api)
    api.deploy("id: plain\nnamespace: t")
    body = api.fails(404, "GET", f"/executions/webhook/{path}")
    assert (body["message"], body["title"]) == ("Not Found", "Not Found")
    unknown = api.fails(404, "GET", "/executions/webhook/no/such/flow")
    own = ("instance", "_links")
    assert {key: body[key] for key in body if key not in own} == {
        key: unknown[key] for key in unknown if key not in own
    }


@pytest.mark.parametrize("path", [URL, "/executions/webhook/t/f/wrong", "/executions/webhook/t/none/opensesame"])
def test_a_head_starts_nothing(api: Api, path: str) -> None:
    hooked(api)
    assert api.send("HEAD", path).status_code == 405
    assert api.get("/executions/search")["total"] == 0


def test_nobody_is_asked_for_credentials(api: Api) -> None:
    hooked(api)
    guarded = Api(api.rt, replace(api.site, credentials=("me", "pass")))
    guarded.fails(401, "POST", "/executions/t/f")
    assert guarded.post(URL)["state"]["current"] == "CREATED"


def test_a_key_may_be_a_secret_or_an_expression(api: Api) -> None:
    api.deploy(f"triggers: [{{id: hook, type: {WEBHOOK}, key: ' {{{{ flow.id }}}}-x '}}]")
    assert api.post("/executions/webhook/t/f/f-x")["trigger"]["id"] == "hook"
    api.deploy(f"triggers: [{{id: hook, type: {WEBHOOK}, key: \"{{{{ secret('NONE') }}}}\"}}]")
    api.fails(404, "GET", "/executions/webhook/t/f/")
    api.fails(404, "GET", "/executions/webhook/t/f/x")


def test_each_key_opens_its_own_trigger(api: Api) -> None:
    api.deploy(f"triggers: [{{id: a, type: {WEBHOOK}, key: ka}}, {{id: b, type: {WEBHOOK}, key: kb}}]")
    assert api.post("/executions/webhook/t/f/kb")["trigger"]["id"] == "b"


def test_conditions_that_do_not_hold_start_nothing(api: Api) -> None:
    hooked(api, "when: '{{ trigger.body.go == true }}'")
    assert api.send("POST", URL, json={"go": False}).status_code == 204
    assert list(api.rt.store.query("execution")) == []
    assert api.post(URL, json={"go": True})["id"]


def test_disabled_triggers_and_flows_are_409(api: Api) -> None:
    hooked(api, "disabled: true")
    api.fails(409, "POST", URL)
    hooked(api, flow="disabled: true")
    api.fails(409, "POST", URL)


def test_a_trigger_stops_after_a_state(api: Api) -> None:
    hooked(api, "stopAfter: [SUCCESS]")
    assert api.state(api.post(URL)["id"]) == "SUCCESS"
    assert "disabled" in api.fails(409, "POST", URL)["message"]


def test_inputs_that_cannot_be_rendered_are_422(api: Api) -> None:
    hooked(api, "inputs: {n: '{{ trigger.body.n }}'}", flow="inputs: [{id: n, type: INT}]")
    assert api.post(URL, json={"n": 4})["inputs"] == {"n": 4}
    api.fails(422, "POST", URL, json={"m": 4})
    assert [error["path"] for error in api.fails(422, "POST", URL, json={"n": "x"})["_embedded"]["errors"]] == ["n"]


def test_wait_answers_with_the_end(api: Api) -> None:
    hooked(api, "wait: true")
    ended = api.post(URL)
    assert ended["state"]["current"] == "SUCCESS"
    assert len(ended["taskRunList"]) == 1
    hooked(api, "wait: true", flow=f"tasks: [{{id: p, type: {PAUSE}}}]")
    assert api.post(URL)["state"]["current"] == "PAUSED"


def test_outputs_are_the_answer(api: Api) -> None:
    flow = "outputs: [{id: o, type: STRING, value: '{{ trigger.body.o }}'}]"
    hooked(api, "wait: true", "returnOutputs: true", flow=flow)
    assert api.post(URL, json={"o": "x"}) == {"o": "x"}
    hooked(api, "wait: true", "returnOutputs: true", "responseContentType: text/plain", "responseCode: 202", flow=flow)
    response = api.send("POST", URL, json={"o": "x"})
    assert (response.status_code, response.mimetype, response.get_data()) == (202, "text/plain", b'{"o":"x"}')


def test_a_flow_that_fails_is_500_unless_the_trigger_has_a_code(api: Api) -> None:
    failing = f"tasks: [{{id: x, type: {FAIL}}}]"
    hooked(api, "wait: true", flow=failing)
    response = api.send("POST", URL)
    assert response.status_code == 500
    assert response.json is not None
    assert response.json["state"]["current"] == "FAILED"
    hooked(api, "wait: true", "responseCode: \"{{ execution.state == 'FAILED' ? 418 : 201 }}\"", flow=failing)
    assert api.send("POST", URL).status_code == 418


def test_a_wait_is_capped(api: Api) -> None:
    hooked(api, "wait: true", flow=f"tasks: [{{id: s, type: {SLEEP}, duration: PT30S}}]")
    short = Api(api.rt, replace(api.site, longest_wait=0.1))
    assert short.post(URL)["state"]["current"] == "RUNNING"


def test_bodies_over_the_limits_are_413(api: Api) -> None:
    hooked(api)
    api.fails(413, "POST", URL, data=b"x" * (4 * 1024 * 1024 + 1))
    small = Api(api.rt, replace(api.site, largest_body=1000))
    small.fails(413, "POST", URL, data=b"x" * 1001)
    small.fails(413, "POST", URL, data={"doc": (io.BytesIO(b"x" * 5000), "d.txt")})
    assert list(api.rt.store.query("execution")) == []


def test_a_call_reads_no_list(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    hooked(api)

    def refused(*_: object, **__: object) -> None:
        raise AssertionError("a list was read")

    monkeypatch.setattr(api.rt.store, "query", refused)
    monkeypatch.setattr(api.rt.store, "scan", refused)
    assert api.send("POST", URL).status_code == 200
    monkeypatch.undo()
    api.settle()
