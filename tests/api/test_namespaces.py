"""Namespaces of which something is stored, their variables, and secrets, over HTTP."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.driving import RETURN, Api
from tiercel.api.site import Site
from tiercel.runtime import embedded


def put(api: Api, name: str, **given: Any) -> Any:
    """Store a namespace; return how it is shown."""
    return api.does("PUT", f"/namespaces/{name}", json={"id": name, **given})


def said(api: Api, text: str, more: str = "", namespace: str = "t.u") -> Any:
    """Return what an expression gives in a flow."""
    api.deploy(f"id: f\nnamespace: {namespace}\n{more}\ntasks:\n  - {{id: say, type: {RETURN}, format: '{text}'}}\n")
    found = api.get(f"/executions/{api.run(f'/executions/{namespace}/f')}")
    return found["taskRunList"][0].get("outputs", {}).get("value", found["state"]["current"])


def test_a_namespace_is_stored_shown_changed_and_forgotten(api: Api) -> None:
    given = {"id": "a.b", "deleted": False, "description": "Ours", "variables": {"n": 1, "deep": {"x": [None]}}}
    assert api.post("/namespaces", json=given) == given
    assert api.get("/namespaces/a.b") == given
    assert "already" in api.fails(409, "POST", "/namespaces", json={"id": "a.b"})["message"]
    assert put(api, "a.b", description="Theirs", disabled=True, storageType="") == {
        "id": "a.b",
        "deleted": False,
        "description": "Theirs",
    }
    assert api.does("PUT", "/namespaces/never.seen", json={}) == {"id": "never.seen", "deleted": False}
    assert api.send("DELETE", "/namespaces/a.b").status_code == 204
    assert api.get("/namespaces/a.b") == {"id": "a.b", "deleted": False}
    api.fails(404, "DELETE", "/namespaces/a.b")


def test_a_namespace_that_holds_only_files_or_keys_is_found(api: Api) -> None:
    api.deploy("id: f\nnamespace: a.flows\n")
    api.run("/executions/a.flows/f")
    services = api.rt.services
    services.files.write("only.files.deep", "x/y.txt", b"1")
    services.files.write("a", "z.txt", b"1")
    services.keys.set("only.keys", "k", 1)
    put(api, "only.stored", description="d")
    there = {"a", "a.flows", "only.files.deep", "only.keys", "only.stored"}
    found = api.get("/namespaces/search?size=100")
    assert {each["id"] for each in found["results"]} == there | {"only", "only.files", "system"}
    assert {each["id"] for each in api.get("/namespaces/search?existing=true&size=100")["results"]} == there
    services.files.delete("only.files.deep", "x/y.txt")
    assert "only.files.deep" not in str(api.get("/namespaces/search?size=100"))


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"id": "other"}, 422),
        ({"variables": ["a"]}, 422),
        ({"description": 1}, 422),
        ({"variables": {"a": "x" * (1 << 20)}}, 413),
        ({"concurrency": {"limit": 3}}, 422),
        ({"allowedNamespaces": [{"namespace": "a"}]}, 422),
        ([], 422),
        ("text", 422),
    ],
)
def test_a_namespace_that_asks_for_more_is_refused(api: Api, body: object, status: int) -> None:
    api.fails(status, "PUT", "/namespaces/a", json=body)
    assert api.get("/namespaces/a") == {"id": "a", "deleted": False}


def test_variables_that_are_nested_too_deeply_are_refused(api: Api) -> None:
    for depth in (300, 100_000):
        text = '{"variables": {"a": ' + "[" * depth + "]" * depth + "}}"
        api.fails(422, "PUT", "/namespaces/a", data=text)


@pytest.mark.parametrize("name", ["A", "-a", "a%2Fb", "%00", "a" * 151, "a b"])
def test_names_that_are_none_are_refused(api: Api, name: str) -> None:
    for method in ("GET", "PUT", "DELETE"):
        assert api.send(method, f"/namespaces/{name}", json={}).status_code == 422
    assert api.send("POST", "/namespaces", json={}).status_code == 422


def test_stored_namespaces_are_found(api: Api) -> None:
    put(api, "a.b")
    api.deploy("id: f\nnamespace: c.d\n")
    found = {each["id"]: each["disabled"] for each in api.get("/namespaces/search")["results"]}
    assert found == {"a": True, "a.b": False, "c": True, "c.d": True, "system": True}
    assert [each["id"] for each in api.get("/namespaces/search?existing=true")["results"]] == ["a.b", "c.d"]
    assert api.post("/namespaces/autocomplete", json={"q": ""}) == ["a", "a.b", "c", "c.d", "system"]
    assert api.post("/namespaces/autocomplete", json={"existingOnly": True}) == ["a.b", "c.d"]


def test_flows_see_the_variables_of_their_namespace_and_of_those_above(api: Api) -> None:
    put(api, "t", variables={"team": "blue", "db": {"host": "h", "port": 1}})
    put(api, "t.u", variables={"db": {"port": 2}, "own": "{{ flow.id }}"})
    put(api, "tt", variables={"team": "red"})
    assert api.get("/namespaces/t.u.v/inherited-variables") == {
        "team": "blue",
        "db": {"host": "h", "port": 2},
        "own": "{{ flow.id }}",
    }
    assert api.get("/namespaces/t.u/inherited-variables") == {"team": "blue", "db": {"host": "h", "port": 1}}
    assert api.get("/namespaces/t/inherited-variables") == {}
    text = "{{ namespace.team }} {{ namespace.db.host }}:{{ namespace.db.port }} {{ namespace.own }}"
    assert said(api, text) == "blue h:2 {{ flow.id }}"
    assert said(api, "{{ render(namespace.own) }} {{ render(render(namespace.own)) }}") == "f f"
    assert said(api, "{{ namespace.team }} {{ namespace.db.port }}", namespace="t") == "blue 1"


def test_the_variables_of_a_namespace_are_seen_before_there_is_an_execution(api: Api) -> None:
    put(api, "t", variables={"day": "monday", "key": "sesame"})
    more = (
        "inputs: [{id: day, type: STRING, defaults: '{{ namespace.day }}'}]\n"
        "triggers: [{id: hook, type: io.kestra.plugin.core.trigger.Webhook, key: '{{ namespace.key }}'}]"
    )
    assert said(api, "{{ inputs.day }}", more) == "monday"
    assert api.send("POST", "/executions/webhook/t.u/f/sesame").status_code == 200
    assert api.send("POST", "/executions/webhook/t.u/f/other").status_code == 404
    api.settle()


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("{{ namespace.x ?? 1 }}", "1"),
        ("{{ namespace ?? 2 }}", "2"),
        ("{{ namespace }}", "FAILED"),
        ("{% set namespace = 3 %}{{ namespace }}", "3"),
    ],
)
def test_without_variables_a_namespace_is_not_there(api: Api, text: str, given: str) -> None:
    assert said(api, text) == given


def test_a_macro_sees_no_variables_of_a_namespace(api: Api) -> None:
    put(api, "t.u", variables={"x": "1"})
    assert said(api, "{% macro m() %}{{ namespace.x ?? 0 }}{% endmacro %}{{ namespace.x }}{{ m() }}") == "10"


@pytest.fixture
def secretive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """Give an installation with two secrets."""
    for name in ("SECRET_TOKEN", "SECRET_db_pass"):
        monkeypatch.setenv(name, base64.b64encode(b"hidden").decode())
    with embedded(tmp_path / "store") as runtime:
        yield Api(runtime, Site(runtime))


def test_secrets_are_listed_by_name(secretive: Api) -> None:
    found = secretive.get("/namespaces/company.data/secrets")
    assert found == {
        "readOnly": True,
        "results": [
            {"key": name, "namespace": "company.data", "source": "environment", "tags": []}
            for name in ("DB_PASS", "TOKEN")
        ],
        "total": 2,
    }
    assert secretive.get("/secrets?size=1&page=2&sort=key:desc") == {
        "readOnly": True,
        "results": [{"key": "DB_PASS", "source": "environment", "tags": []}],
        "total": 2,
    }
    assert [each["key"] for each in secretive.get("/namespaces/t/secrets?q=tok")["results"]] == ["TOKEN"]
    assert secretive.get("/secrets?filters[namespace][EQUALS]=any&q=tok")["results"][0]["namespace"] == "any"
    assert secretive.get("/namespaces/t/inherited-secrets") == {"t": ["DB_PASS", "TOKEN"]}


def test_secrets_are_not_changed_here(secretive: Api) -> None:
    for method, path in (("PUT", ""), ("PATCH", "/TOKEN"), ("DELETE", "/TOKEN")):
        refused = secretive.fails(405, method, f"/namespaces/t/secrets{path}", json={"key": "TOKEN", "value": "v"})
        assert "SECRET_<KEY>" in refused["message"]
    assert secretive.get("/secrets")["total"] == 2
