"""What clients ask of the server itself, what it does not have, and who may ask."""

from __future__ import annotations

import base64
import gzip
import json
from itertools import product

import pytest
from werkzeug.test import Client

from api.driving import Api
from tiercel import __version__
from tiercel.api import editions
from tiercel.api.app import Application
from tiercel.api.openapi import document
from tiercel.api.site import Site
from tiercel.runtime import Runtime

USER, PASSWORD, TOKEN = "ada", "p:w", "t0ken"


@pytest.fixture
def closed(runtime: Runtime) -> Client:
    """Return a client of a server that asks for credentials."""
    return Client(Application(Site(runtime, credentials=(USER, PASSWORD), token=TOKEN)))


def test_the_configuration_is_what_clients_read(api: Api) -> None:
    found = api.get("/configs")
    assert found["edition"] == "OSS"
    assert found["version"].split(".")[0] == "2"
    assert found["tiercelVersion"] == __version__
    assert found["url"] == "http://tiercel.test"
    assert found["preview"] == {"initial": 100, "max": 5000}
    assert found["systemNamespace"] == "system"
    assert found["hiddenLabelsPrefixes"] == ["system."]
    assert (found["isBasicAuthEnabled"], found["isTemplateEnabled"], found["isTaskRunEnabled"]) == (False, False, False)
    assert found["uuid"] == api.get("/configs")["uuid"]
    assert api.client.get("/api/v1/configs").json == found


def test_usages_count_flows_types_and_executions(api: Api) -> None:
    api.deploy("triggers:\n  - {id: hook, type: io.kestra.plugin.core.trigger.Webhook, key: k}")
    api.run()
    found = api.get("/usages/all")
    assert found["flows"] == {
        "count": 1,
        "namespacesCount": 1,
        "taskTypeCount": {"io.kestra.plugin.core.log.Log": 1},
        "triggerTypeCount": {"io.kestra.plugin.core.trigger.Webhook": 1},
    }
    assert found["executions"]["count"] == 1
    daily = found["executions"]["dailyExecutionsCount"]
    assert [each["groupBy"] for each in daily] == ["day"] * 8
    assert daily[-1]["executionCounts"]["SUCCESS"] == 1


def test_what_stands_outside_of_the_api(api: Api) -> None:
    client = api.client
    assert client.get("/ping").text == "pong"
    assert client.get("/health").json == {"status": "UP"}
    assert client.get("/version").json == {"version": __version__, "type": "OSS"}
    assert (client.get("/").status_code, client.get("/").headers["Location"]) == (307, "/ui/")
    page = client.get("/api")
    assert page.mimetype == "text/html"
    assert "/api/v1/openapi.json" in page.text
    assert "Return how the server is set up." in page.text
    assert client.get("/nowhere").status_code == 404


def test_small_answers(api: Api) -> None:
    assert api.get("/me")["username"] == "anonymous"
    assert api.get("/me/api-tokens") == {"results": [], "total": 0}
    assert api.get("/basicAuthValidationErrors") == []
    assert "tiercel server" in api.fails(409, "POST", "/basicAuth", json={})["message"]
    for method, path in (("GET", "/templates/search"), ("POST", "/templates"), ("DELETE", "/templates/a/b")):
        assert "deprecated" in api.fails(404, method, path)["message"]


# ------------------------------------------------------------------ Enterprise


def test_a_large_answer_is_packed_for_who_takes_it_so(client: Client, api: Api) -> None:
    api.deploy(f"description: {'x' * 30_000}")
    packed = client.get("/api/v1/main/flows/t/f", headers={"Accept-Encoding": "br, gzip"})
    plain = client.get("/api/v1/main/flows/t/f")
    assert (packed.headers["Content-Encoding"], packed.headers["Vary"]) == ("gzip", "Accept-Encoding")
    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(packed.get_data()) == plain.get_data()
    assert len(packed.get_data()) < 2_000
    small = client.get("/api/v1/main/configs", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in small.headers


def test_what_only_the_enterprise_edition_has_says_so(client: Client) -> None:
    for resource, tenant, method in product(sorted(editions.RESOURCES), ("", "/main"), ("GET", "POST", "PATCH")):
        response = client.open(f"/api/v1{tenant}/{resource}/anything", method=method)
        assert response.status_code == 404, resource
        assert response.headers["X-Kestra-Edition"] == "OSS", resource
        assert response.json is not None
        assert "Enterprise" in response.json["message"]


def test_addresses_below_what_is_here_too(api: Api) -> None:
    for method, path in (
        ("GET", "/flows/hashes"),
        ("GET", "/flows/policies"),
        ("POST", "/flows/t/promote"),
        ("POST", "/stats/generate-reports"),
        ("POST", "/flows/hashes/by-ids"),
        ("GET", "/namespaces/t/credentials"),
        ("PUT", "/namespaces/t/reusable-inputs/x"),
        ("GET", "/blueprints/custom"),
        ("POST", "/promotion-targets"),
    ):
        assert api.send(method, path).headers["X-Kestra-Edition"] == "OSS", path
    text = "id: f\nnamespace: hashes\ntasks:\n  - {id: l, type: io.kestra.plugin.core.log.Log, message: x}\n"
    assert [each["id"] for each in api.post("/flows/hashes", data=text)] == ["f"]


def test_what_is_missing_does_not_say_so(api: Api) -> None:
    for path in ("/flows/t/none", "/executions/none", "/nothing/here"):
        assert "X-Kestra-Edition" not in api.send("GET", path).headers


# ------------------------------------------------------------------ which methods

METHODS = [
    ("/api/v1/main/flows", "OPTIONS, POST"),
    ("/api/v1/flows/t/f", "DELETE, GET, HEAD, OPTIONS, PUT"),
    ("/api/v1/main/executions/webhook/t/f/k", "GET, OPTIONS, POST, PUT"),
    ("/ping", "GET, HEAD, OPTIONS"),
]


@pytest.mark.parametrize(("path", "allowed"), METHODS)
def test_an_address_says_which_methods_it_takes(client: Client, path: str, allowed: str) -> None:
    response = client.open(path, method="PATCH")
    assert (response.status_code, response.headers["Allow"]) == (405, allowed)
    response = client.open(path, method="OPTIONS")
    assert (response.status_code, response.headers["Allow"], response.get_data()) == (204, allowed, b"")


def test_where_nothing_is_nothing_is_allowed(client: Client) -> None:
    for path in ("/api/v1/main/nothing", "/api/v1", "/api/v1/", "/nothing"):
        for method in ("OPTIONS", "GET", "PATCH"):
            response = client.open(path, method=method)
            assert (response.status_code, response.headers.get("Allow")) == (404, None), path


def test_secrets_are_read_and_nothing_else(client: Client) -> None:
    response = client.put("/api/v1/main/namespaces/t/secrets", json={"key": "A", "value": "b"})
    assert (response.status_code, response.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")


# ------------------------------------------------------------------ who may ask


def _basic(user: str, password: str, scheme: str = "Basic") -> dict[str, str]:
    return {"Authorization": f"{scheme} {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}


@pytest.mark.parametrize(
    "headers",
    [
        _basic(USER, PASSWORD),
        _basic(USER, PASSWORD, "bASIC"),
        {"Authorization": f"Bearer {TOKEN}"},
        {"Authorization": f"bearer  {TOKEN}"},
    ],
)
def test_who_shows_credentials_is_let_in(closed: Client, headers: dict[str, str]) -> None:
    assert closed.get("/api/v1/main/configs", headers=headers).status_code == 200
    assert closed.get("/api", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        _basic(USER, "wrong"),
        _basic("other", PASSWORD),
        _basic(f"{USER}:p", "w:"),
        {"Authorization": "Basic"},
        {"Authorization": "Basic not base64!"},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": f"Digest {TOKEN}"},
        {"Authorization": "Bearer t\u00f8ken"},
    ],
)
def test_who_does_not_is_asked_for_them(closed: Client, headers: dict[str, str]) -> None:
    for path in ("/api/v1/main/configs", "/api/v1/openapi.json", "/api", "/api/v1/flows/search"):
        assert closed.options(path, headers=headers).status_code == 401, path
        response = closed.get(path, headers=headers)
        assert response.status_code == 401, path
        assert response.headers["WWW-Authenticate"] == 'Basic realm="Tiercel"'
        assert response.json is not None
        assert response.json["status"] == 401


@pytest.mark.parametrize(
    "path", ["/ping", "/health", "/version", "/api/v1/configs/login", "/api/v1/main/configs/login"]
)
def test_some_addresses_are_open(closed: Client, path: str) -> None:
    assert closed.get(path).status_code == 200


def test_a_webhook_is_open_and_tells_nothing_of_others(closed: Client) -> None:
    response = closed.post("/api/v1/main/executions/webhook/t/f/wrong")
    assert response.status_code == 404


def test_who_asks_is_told_who_that_is(closed: Client) -> None:
    found = closed.get("/api/v1/me", headers=_basic(USER, PASSWORD)).json
    assert found == {"id": USER, "username": USER, "type": "BASIC"}
    assert closed.get("/api/v1/configs", headers=_basic(USER, PASSWORD)).json["isBasicAuthEnabled"] is True  # type: ignore[index]


# ------------------------------------------------------------------ the document


def test_the_document_names_every_route_once(client: Client) -> None:
    found = client.get("/api/v1/main/openapi.json").json
    assert found == json.loads(json.dumps(document()))
    operations = [each for path in found["paths"].values() for each in path.values()]
    assert len(operations) == len(Application(client.application.site)._routes.all)  # type: ignore[attr-defined]
    assert len({each["operationId"] for each in operations}) == len(operations)
    assert all(each["summary"] for each in operations)
    daily = found["paths"]["/stats/executions/daily"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert daily["$ref"].startswith("#/components/schemas/")
