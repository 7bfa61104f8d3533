"""Keys and their values, over HTTP."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from api.driving import Api
from clocks import HandClock
from tiercel.api.site import Site
from tiercel.model.execution import LARGEST_VALUES
from tiercel.runtime import embedded


@pytest.fixture
def keys(api: Api) -> Api:
    """Write a few keys."""
    for namespace, key in (("company", "top"), ("company.data", "own"), ("company.data", "b"), ("other", "a")):
        put(api, namespace, key, f'"{namespace}"')
    return api


def put(api: Api, namespace: str, key: str, text: str, **headers: str) -> None:
    """Write a key."""
    response = api.send("PUT", f"/namespaces/{namespace}/kv/{key}", data=text, headers=headers)
    assert (response.status_code, response.data) == (200, b""), response.get_data(as_text=True)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ('"hello"', "STRING", "hello"),
        ("42", "NUMBER", 42),
        ("1.5", "NUMBER", 1.5),
        ("true", "BOOLEAN", True),
        ('{"a": [1, null]}', "JSON", {"a": [1, None]}),
        (" [1]\n", "JSON", [1]),
        ("2026-01-31", "DATE", "2026-01-31"),
        ("2026-01-31T08:00:00Z", "DATETIME", "2026-01-31T08:00:00Z"),
        ("2026-01-31T08:00:00+01:00", "DATETIME", "2026-01-31T07:00:00Z"),
        ("PT1H30M", "DURATION", "PT1H30M"),
        ('"2026-01-31"', "STRING", "2026-01-31"),
        ('"ü"', "STRING", "ü"),
    ],
)
def test_a_value_comes_back_with_its_type(api: Api, text: str, kind: str, value: Any) -> None:
    put(api, "t", "k", text, **{"Content-Type": "text/plain"})
    found = api.get("/namespaces/t/kv/k")
    assert (found["type"], found["value"], found["revision"]) == (kind, value, 1)
    assert found["updated"].endswith("Z")


@pytest.mark.parametrize(
    "text", ["", "hello", "[1", "NaN", "1e999", "2026-02-31", '"\\ud800"', "[" * 5000, "P9999999999999D", b"\xff"]
)
def test_a_value_that_cannot_be_read_is_refused(api: Api, text: str) -> None:
    assert "cannot be read" in api.fails(422, "PUT", "/namespaces/t/kv/k", data=text)["message"]
    api.fails(404, "GET", "/namespaces/t/kv/k")


def test_a_value_over_the_limit_is_refused(api: Api) -> None:
    said = api.fails(413, "PUT", "/namespaces/t/kv/k", data=b'"' + b"a" * LARGEST_VALUES + b'"')["message"]
    assert f"over the limit of {LARGEST_VALUES} bytes" in said


def test_a_key_is_written_again_described_and_removed(api: Api) -> None:
    put(api, "t", "k", "1", description="How many; où")
    put(api, "t", "k", "2")
    (entry,) = api.get("/namespaces/t/kv")
    assert (entry["key"], entry["namespace"], entry["revision"]) == ("k", "t", 2)
    assert entry["description"] == "How many; où"
    assert entry["creationDate"] <= entry["updateDate"]
    assert "expirationDate" not in entry
    assert "value" not in entry
    assert api.does("DELETE", "/namespaces/t/kv/k") is True
    assert api.does("DELETE", "/namespaces/t/kv/k") is False
    assert api.get("/namespaces/t/kv") == []


@pytest.mark.parametrize("ttl", ["soon", "PT0S", "-PT1H", "P99999999999D", "P9999999D"])
def test_a_ttl_that_is_none_is_refused(api: Api, ttl: str) -> None:
    api.fails(422, "PUT", "/namespaces/t/kv/k", data="1", headers={"ttl": ttl})
    assert api.get("/kv")["total"] == 0


@pytest.mark.parametrize(
    "path", ["t/kv/-k", "t/kv/a%2Fb", "t/kv/%2e%2e", "t%2Fu/kv/k", "%2e%2e/kv/k", "t/kv/%00", "ü/kv/k"]
)
@pytest.mark.parametrize("method", ["PUT", "GET", "DELETE"])
def test_names_that_are_none_are_refused(api: Api, method: str, path: str) -> None:
    response = api.send(method, f"/namespaces/{path}", data="1")
    assert response.status_code == 422
    assert "wanted" in response.get_data(as_text=True)


def test_an_expired_key_is_gone_and_then_unknown(tmp_path: Path) -> None:
    clock = HandClock()
    with embedded(tmp_path / "store", clock=clock) as runtime:
        api = Api(runtime, Site(runtime))
        for key in ("k", "l"):
            put(api, "t", key, "1", ttl="PT1H")
        assert [entry["expirationDate"][:4] for entry in api.get("/namespaces/t/kv")] == [str(clock.now().year)] * 2
        clock.advance(timedelta(hours=1))
        assert api.get("/namespaces/t/kv") == []
        assert api.get("/kv")["total"] == 0
        assert "expired" in api.fails(410, "GET", "/namespaces/t/kv/k")["message"]
        api.fails(404, "GET", "/namespaces/t/kv/k")
        assert api.does("DELETE", "/namespaces/t/kv/l") is False


def test_several_keys_are_removed_at_once(keys: Api) -> None:
    found = keys.does("DELETE", "/namespaces/company.data/kv", json={"keys": ["own", "none", "own", "top"]})
    assert found == {"keys": ["own"]}
    assert [entry["key"] for entry in keys.get("/namespaces/company.data/kv")] == ["b"]
    keys.fails(422, "DELETE", "/namespaces/company.data/kv", json={"key": "b"})


def test_the_keys_of_the_namespaces_above_are_listed_apart(keys: Api) -> None:
    put(keys, "company.data.raw", "deep", "1")
    found = keys.get("/namespaces/company.data.raw/kv/inheritance")
    assert [(entry["namespace"], entry["key"]) for entry in found] == [
        ("company.data", "b"),
        ("company.data", "own"),
        ("company", "top"),
    ]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", ["top", "b", "own", "a"]),
        ("sort=key:asc", ["a", "b", "own", "top"]),
        ("sort=key:desc&size=2&page=2", ["b", "a"]),
        ("filters[namespace][EQUALS]=company.data&sort=key:asc", ["b", "own"]),
        ("filters[NAMESPACE][PREFIX]=company&sort=key:asc", ["b", "own", "top"]),
        ("namespace=company&sort=key:asc", ["b", "own", "top"]),
        ("filters[q][EQUALS]=OW", ["own"]),
        ("filters[expirationDate][IS_NULL]=&sort=key:asc", ["a", "b", "own", "top"]),
        ("filters[updated][LESS_THAN]=2000-01-01", []),
        ("filters[namespace][EQUALS]=nowhere", []),
        ("filters[or][0][name][EQUALS]=a&filters[or][1][name][EQUALS]=b&sort=key:asc", ["a", "b"]),
    ],
)
def test_keys_of_all_namespaces_are_searched(keys: Api, query: str, wanted: list[str]) -> None:
    assert [entry["key"] for entry in keys.get(f"/kv?{query}")["results"]] == wanted


def test_a_search_by_what_keys_do_not_have_is_refused(keys: Api) -> None:
    assert "flowId" in keys.fails(400, "GET", "/kv?flowId=f")["message"]
    assert "'value'" in keys.fails(422, "GET", "/kv?sort=value:asc")["message"]


def test_a_flow_reads_what_was_written(api: Api) -> None:
    put(api, "t", "day", "2026-01-31")
    api.deploy(
        "tasks: [{id: say, type: io.kestra.plugin.core.debug.Return, "
        "format: \"{{ kv('day') | dateAdd(1, 'DAYS') | date('yyyy-MM-dd') }}\"}]"
    )
    execution = api.run()
    assert api.get(f"/executions/{execution}")["taskRunList"][0]["outputs"]["value"] == "2026-02-01"


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("42", "STRING", "read as NUMBER, wanted STRING"),
        ("soon", "NUMBER", "cannot be read"),
        ('"soon"', "NUMBER", "is not a NUMBER"),
        ("42", "PLENTY", "wanted one of STRING"),
    ],
)
def test_a_value_of_another_type_than_is_asked_for_is_refused(api: Api, text: str, kind: str, said: str) -> None:
    found = api.fails(422, "PUT", f"/namespaces/t/kv/k?type={kind}", data=text, content_type="application/json")
    assert said in found["message"]
    api.fails(404, "GET", "/namespaces/t/kv/k")


def test_a_text_that_reads_as_a_duration_is_a_text_where_that_is_asked_for(api: Api) -> None:
    for kind in ("STRING", "DURATION"):
        api.send("PUT", f"/namespaces/t/kv/k?type={kind}", data='"PT1H"', content_type="application/json")
        found = api.get("/namespaces/t/kv/k")
        assert (found["type"], found["value"]) == (kind, "PT1H")
        assert [each["type"] for each in api.get("/namespaces/t/kv")] == [kind]
