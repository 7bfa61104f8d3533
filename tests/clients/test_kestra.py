"""The package `kestra`: `Flow.execute` and what it waits for; credentials, in both clients."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from kestra import Flow
from kestrapy.exceptions import UnauthorizedException
from kestrapy.kestra_client import KestraClient
from requests.exceptions import HTTPError

from clients.flows import CORE, FAIL, HELLO, HOOK, LONG, Place, T
from serving import Server, serving

FILE = f"""
inputs:
  - {{id: name, type: STRING}}
  - {{id: flag, type: BOOL}}
  - {{id: data, type: FILE}}
tasks:
  - id: log
    type: {CORE}.log.Log
    message: "{{{{ inputs.name }}}} {{{{ inputs.flag }}}} {{{{ read(inputs.data) }}}}"
"""


@pytest.fixture
def flow(server: Server, monkeypatch: pytest.MonkeyPatch) -> Flow:
    """Return a caller that polls often."""
    monkeypatch.setenv("KESTRA_HOSTNAME", server.url)
    return Flow(poll_interval=0)


def test_a_flow_is_executed_and_waited_for(place: Place, flow: Flow) -> None:
    place.deploy(HELLO)
    done = flow.execute(place.namespace, "f", {"name": "you"})
    assert (done.status, done.error) == ("SUCCESS", None)
    assert " INFO Hello you\n" in done.log
    assert flow.check_status(done.execution_id).json()["id"] == done.execution_id
    assert flow.execute(place.namespace, "f").status == "SUCCESS"


def test_a_tenant_may_be_named(place: Place, server: Server) -> None:
    place.deploy(HELLO)
    named = Flow(poll_interval=0, tenant="main")
    named.hostname = server.url
    assert named.execute(place.namespace, "f").status == "SUCCESS"


def test_how_it_ends_is_told(place: Place, flow: Flow) -> None:
    place.deploy(FAIL)
    assert flow.execute(place.namespace, "f").status == "FAILED"
    with pytest.raises(HTTPError, match="404"):
        flow.execute(place.namespace, "none")


def test_nobody_needs_to_wait(place: Place, flow: Flow) -> None:
    place.deploy(LONG)
    flow.wait_for_completion = False
    begun = flow.execute(place.namespace, "f")
    assert (begun.status, begun.log) == ("STARTED", None)
    assert flow.get_logs(begun.execution_id).text == ""
    place.client.executions.kill_execution(begun.execution_id, T)


def test_files_and_labels_are_sent(place: Place, flow: Flow) -> None:
    place.deploy(FILE)
    given: dict[str, Any] = {"name": "n", "flag": True, "data": ("data", io.BytesIO(b"content"), "text/plain")}
    assert " INFO n true content\n" in flow.execute(place.namespace, "f", given).log
    place.deploy(HELLO, "hello")
    flow.labels_from_inputs = True
    done = flow.execute(place.namespace, "hello", {"name": "you"})
    labels = place.client.executions.execution(done.execution_id, T).labels
    assert ("name", "you") in {(label.key, label.value) for label in labels}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run a server that asks for credentials."""
    options = ("--user", "ann@example.com", "--password", "pass:word", "--token", "a-token")
    with serving(tmp_path_factory.mktemp("guarded") / "store", *options) as running:
        yield running


@pytest.mark.parametrize("shown", [{"username": "ann@example.com", "password": "pass:word"}, {"token": "a-token"}])
def test_kestrapy_shows_its_credentials(guarded: Server, shown: dict[str, str]) -> None:
    with KestraClient(host=guarded.url, timeout=60, **shown) as client:
        place = Place(client, "guarded." + "".join(shown))
        place.deploy(HELLO)
        assert place.run().state.current.value == "SUCCESS"
        assert list(client.executions.follow_execution(place.run().id, T))


@pytest.mark.parametrize("shown", [{}, {"username": "ann@example.com", "password": "pass"}, {"token": "other"}])
def test_kestrapy_without_credentials_is_refused(guarded: Server, shown: dict[str, str]) -> None:
    with (
        KestraClient(host=guarded.url, timeout=60, **shown) as client,
        pytest.raises(UnauthorizedException) as refused,
    ):
        client.flows.search_flows(T)
    assert "credentials" in refused.value.body


def test_kestra_shows_its_credentials(guarded: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with KestraClient(host=guarded.url, timeout=60, token="a-token") as client:
        Place(client, "guarded.flow").deploy(HELLO)
    monkeypatch.setenv("KESTRA_HOSTNAME", guarded.url)
    monkeypatch.setenv("KESTRA_USER", "ann@example.com")
    flow = Flow(poll_interval=0)
    flow.password = "pass:word"
    assert flow.execute("guarded.flow", "f").status == "SUCCESS"
    flow.password = "wrong"
    with pytest.raises(Exception, match="Authentication required"):
        flow.execute("guarded.flow", "f")
    monkeypatch.setenv("KESTRA_API_TOKEN", "a-token")
    assert Flow(poll_interval=0).execute("guarded.flow", "f").status == "SUCCESS"


def test_what_is_open_asks_nobody(guarded: Server) -> None:
    with KestraClient(host=guarded.url, timeout=60, token="a-token") as client:
        Place(client, "guarded.hook").deploy(HOOK)
    hook = "/api/v1/executions/webhook/guarded.hook/f/a-secret-key"
    for path in ("/health", "/ping", "/version", hook):
        assert httpx.get(guarded.url + path).status_code == 200
    refused = httpx.get(f"{guarded.url}/api/v1/flows/search")
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"].startswith("Basic realm=")
