"""The REST API and webhooks, through the function `api` on the emulators; and who is let in where it is deployed."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from werkzeug.test import Client

from gcp.doors import Doors
from gcp.emulating import PATIENCE, Emulation
from tiercel.api import function
from tiercel.cloud import process
from tiercel.cloud.settings import SettingsError

pytestmark = pytest.mark.filterwarnings("ignore:The return_immediately flag:DeprecationWarning")

CORE = "io.kestra.plugin.core."
GREETS = f"""
id: greets
namespace: tests.api
inputs: [{{id: name, type: STRING}}]
tasks:
- {{id: say, type: {CORE}debug.Return, format: "hello {{{{ inputs.name }}}} {{{{ kv('door') }}}}"}}
triggers: [{{id: hook, type: {CORE}trigger.Webhook, key: s3cret, inputs: {{name: "{{{{ trigger.body.name }}}}"}}}}]
"""
LETTER = f"""
id: letter
namespace: tests.api
inputs: [{{id: text, type: FILE}}]
tasks: [{{id: say, type: {CORE}debug.Return, format: "{{{{ read(inputs.text) }}}}"}}]
"""


@pytest.fixture(scope="module")
def api(emulation: Emulation) -> Iterator[httpx.Client]:
    """Give a client of the function, with a value that the flow reads."""
    with httpx.Client(base_url=emulation.settings["TIERCEL_URL"] + "/api/v1", timeout=PATIENCE) as client:
        assert client.put("/namespaces/tests.api/kv/door", json="through the door").status_code == 200
        yield client


def deploy(api: httpx.Client, source: str) -> None:
    """Store a flow, whether it is there or not."""
    answer = api.post("/flows/bulk", content=source, headers={"Content-Type": "application/x-yaml"})
    assert answer.status_code == 200, answer.text


def said(execution: dict[str, Any]) -> object:
    """Return what the task of an execution that succeeded gave."""
    assert execution["state"]["current"] == "SUCCESS"
    return execution["taskRunList"][0]["outputs"]["value"]


def test_a_flow_is_created_run_and_found_again(api: httpx.Client) -> None:
    deploy(api, GREETS)
    created = api.post("/executions/tests.api/greets?wait=true", files={"name": (None, "Ada")})
    assert created.status_code == 200, created.text
    assert said(created.json()) == "hello Ada through the door"
    assert created.json()["url"].startswith(str(api.base_url).partition("/api/")[0])
    found = api.get(f"/executions/{created.json()['id']}").json()
    assert said(found) == "hello Ada through the door"
    assert api.get("/namespaces/tests.api/kv/door").json()["value"] == "through the door"
    assert api.get("/flows/tests.api/nobody").status_code == 404


def test_a_file_is_sent_along(api: httpx.Client) -> None:
    deploy(api, LETTER)
    sent = {"text": ("letter.txt", b"Dear Ada, " * 100_000)}
    answer = api.post("/executions/tests.api/letter?wait=true", files=sent)
    assert answer.status_code == 200, answer.text
    assert said(answer.json()) == "Dear Ada, " * 100_000


def test_an_execution_is_followed_to_its_end(api: httpx.Client) -> None:
    deploy(api, GREETS)
    started = api.post("/executions/tests.api/greets", files={"name": (None, "Bob")}).json()
    with api.stream("GET", f"/executions/{started['id']}/follow") as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        lines = [line for line in stream.iter_lines() if line]
    assert (lines[0], lines[-2]) == ("id: start", "id: end")
    assert said(json.loads(lines[-1].removeprefix("data: "))) == "hello Bob through the door"


def test_a_webhook_starts_its_flow(api: httpx.Client) -> None:
    deploy(api, GREETS)
    assert api.post("/executions/webhook/tests.api/greets/wrong", json={"name": "Eve"}).status_code == 404
    started = api.post("/executions/webhook/tests.api/greets/s3cret", json={"name": "Cleo"})
    assert started.status_code == 200, started.text
    with api.stream("GET", f"/executions/{started.json()['id']}/follow") as stream:
        assert "id: end" in list(stream.iter_lines())
    assert said(api.get(f"/executions/{started.json()['id']}").json()) == "hello Cleo through the door"


# ------------------------------------------------------------------ who is let in

Knock = Callable[..., int]


@pytest.fixture
def knock() -> Iterator[Knock]:
    """Ask for a flow that is not there, of a door with further settings; give the code: 404 means let in."""
    there = Doors()

    def ask(path: str = "/api/v1/flows/a/b", headers: dict[str, str] | None = None, **settings: Any) -> int:
        deployed = replace(there.cloud.settings, firestore_host=None, **settings)
        door = function.door(replace(there.cloud, settings=deployed))
        return Client(door).get(path, headers=headers or {}).status_code

    yield ask
    there.close()


def test_without_credentials_nobody_is_let_in(knock: Knock, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        assert knock() == 401
    assert "TIERCEL_TOKEN" in caplog.text
    assert knock("/health") == 200
    assert knock("/api/v1/executions/webhook/a/b/c") == 404
    assert knock(api_open="true") == 404


def test_a_password_and_a_token_open_it(knock: Knock) -> None:
    set_up = {"user": "ada", "password": "pw", "token": "tok"}
    assert knock(**set_up) == 401
    assert knock(headers={"Authorization": "Basic YWRhOnB3"}, **set_up) == 404
    assert knock(headers={"Authorization": "Bearer tok"}, **set_up) == 404
    assert knock(headers={"Authorization": "Bearer other"}, **set_up) == 401
    with pytest.raises(SettingsError, match="go together"):
        knock(user="ada")


def test_what_it_sends_leaves_no_note_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    there = Doors()
    monkeypatch.setattr(process, "_cloud", [there.cloud])
    try:
        client = Client(function.door(there.cloud))
        client.post("/api/v1/flows/bulk", data=GREETS, headers={"Content-Type": "application/x-yaml"})
        started = client.post("/api/v1/executions/tests.api/greets", data={"name": "Ada"}, content_type=FORM)
        assert started.status_code == 200, started.text
        assert there.cloud.store.outbox.sent() == []
        assert list(there.cloud.store.scan("outbox/")) == []
        there.settle()
        assert there.header(started.json["id"]).finished  # type: ignore[index]
    finally:
        there.close()


FORM = "multipart/form-data"
