"""What no well-meaning client sends, at every route that would read it: refused by name, quickly, and never an error
of ours.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.test import Client

from api.driving import Api
from tiercel.api.app import Application
from tiercel.api.catalogue import all_routes
from tiercel.api.routing import Route
from tiercel.api.site import Site
from tiercel.runtime import Runtime, embedded

YAML, JSON = "application/x-yaml", "application/json"
QUICK = 10.0
"""Seconds that a machine with other work may take for what takes a tenth of one."""

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 12)
)
"""Some 400 bytes that stand for 10^12 values."""

SCRAPS = {
    "a bomb of aliases": f"id: f\nnamespace: t\n{BOMB}tasks: *a11\n",
    "a bomb in a map": "id: f\nnamespace: t\nvariables: &v\n  x: &x {a: 1}\n  <<: [*x, *x]\n  y: *v\n",
    "lists in lists": "id: f\nnamespace: t\nvariables: " + "[" * 50_000 + "]" * 50_000,
    "maps in maps": "id: f\nnamespace: t\nvariables: " + "{a: " * 20_000 + "}" * 20_000,
    "lists that never end": "[" * 200_000,
    "indentation": "".join(f"{' ' * depth}a:\n" for depth in range(2_000)),
    "half a character": b"id: f\nnamespace: t\ndescription: \xff\xfe\xfa",
    "a null character": "id: f\nnamespace: t\ndescription: \0",
    "an anchor to nothing": "id: *nothing",
    "a tag that builds": "!!python/object/apply:os.system ['true']",
    "many documents": "---\n" * 5_000,
}
NESTED = {
    "lists": b"[" * 300_000,
    "lists that end": b"[" * 100_000 + b"]" * 100_000,
    "maps": b'{"a":' * 100_000,
    "half a character": b'["\xff"]',
    "no JSON": b"id: f",
    "a number": b"1e999999",
    "a lone surrogate": b'["\\ud800"]',
}


def routes(kind: str = "") -> list[Route]:
    """Return the routes whose body has a content type; all of them without one."""
    return [route for route in all_routes().all if kind in ("", route.body)]


def address(route: Route) -> str:
    """Return an address of a route, where it can be that of something that is there."""
    names = {"namespace": "t", "id": "f", "flowId": "f"}
    return "".join(f"/{names.get(part.strip('{}*'), 'x') if part.startswith('{') else part}" for part in route.segments)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    with embedded(tmp_path_factory.mktemp("hostile")) as runtime:
        yield runtime


@pytest.fixture
def full(shared: Runtime) -> Api:
    """Return an installation that has the flow `t.f`."""
    api = Api(shared, Site(shared, longest_wait=0.1))
    api.deploy("")
    return api


def test_a_parameter_that_nobody_declared_is_refused_by_every_route(full: Api) -> None:
    asked = [route for route in routes() if not route.any_query]
    assert len(asked) > 150
    for route in asked:
        path = f"{address(route)}?nope=1"
        response = full.send(route.method, path)
        assert response.status_code == 400, (route, response.text)
        assert "nope" in response.text, route


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("filters[nope][EQUALS]=1", "nope"),
        ("filters[namespace][NOPE]=1", "NOPE"),
        ("filters[namespace]=1", "filters[namespace]"),
        ("filters[or][x][namespace][EQUALS]=1", "x"),
        ("filters=1", "filters"),
        ("filters[or][0][and][0][or][0][namespace][EQUALS]=1", "deep"),
        ("filters[state][IN]=NOPE", "NOPE"),
        ("filters[startDate][LESS_THAN]=nope", "nope"),
        ("state=NOPE", "NOPE"),
        ("timeRange=nope", "nope"),
        ("timeRange=P1D&startDate=2026-01-01T00:00:00Z", "exclude"),
    ],
)
def test_a_filter_that_nobody_knows_is_refused_by_every_list_and_bulk_route(full: Api, query: str, named: str) -> None:
    asked = [route for route in routes() if route.filtered]
    assert len(asked) > 25
    for route in asked:
        own = "".join(f"{each.name}=1&" for each in route.parameters if each.required)
        response = full.send(route.method, f"{address(route)}?{own}{query}")
        assert response.status_code in (400, 422), (route, response.text)
        assert named in response.text, route


def test_a_field_that_a_list_does_not_have_is_refused_too(full: Api) -> None:
    """Each list has some of the fields; a condition on another one must not mean everything."""
    execution = full.run()
    asked = [route for route in routes() if route.filtered and "{" not in route.pattern]
    for route in asked:
        body: dict[str, Any] = {"json": []} if route.body == JSON else {}
        own = "".join(f"{each.name}=FAILED&" for each in route.parameters if each.required)
        response = full.send(route.method, f"{address(route)}?{own}filters[parentPath][EQUALS]=1", **body)
        assert response.status_code in (400, 422), (route, response.text)
    assert full.get(f"/executions/{execution}")["id"] == execution
    assert full.get("/flows/t/f")["id"] == "f"


@pytest.mark.parametrize("name", SCRAPS)
def test_yaml_that_is_meant_to_hurt_is_refused_by_every_route_that_reads_it(full: Api, name: str) -> None:
    asked = routes(YAML)
    assert len(asked) >= 8
    for route in asked:
        began = time.monotonic()
        response = full.send(route.method, address(route), data=SCRAPS[name], content_type=YAML)
        assert response.status_code < 500, (route, response.text)
        assert time.monotonic() - began < QUICK, route
        if "validate" not in route.pattern and name != "many documents":
            assert response.status_code in (404, 422), (route, response.text[:500])
    assert [each["id"] for each in full.get("/flows/t")] == ["f"]


@pytest.mark.parametrize("name", NESTED)
def test_json_that_is_meant_to_hurt_is_refused_by_every_route_that_reads_it(full: Api, name: str) -> None:
    asked = routes(JSON)
    assert len(asked) > 30
    for route in asked:
        own = "&".join(f"{each.name}=FAILED" for each in route.parameters if each.required)
        began = time.monotonic()
        response = full.send(route.method, f"{address(route)}?{own}", data=NESTED[name], content_type=JSON)
        assert response.status_code < 500, (route, response.text)
        assert time.monotonic() - began < QUICK, route


def test_a_body_over_the_limit_is_refused_by_every_route_that_reads_it(shared: Runtime, full: Api) -> None:
    client = Client(Application(Site(shared, largest_body=1000, longest_wait=0.1)))
    refused = []
    for route in routes():
        if not route.body:
            continue
        own = "&".join(f"{each.name}=FAILED" for each in route.parameters if each.required)
        data = {"a": "x" * 5000} if route.body == "multipart/form-data" else "x" * 5000
        kind = {} if isinstance(data, dict) else {"content_type": route.body}
        response = client.open(
            f"/api/v1{address(route)}?{own}",
            method=route.method,
            data=data,
            **kind,  # type: ignore[arg-type]
        )
        assert response.status_code in (413, 404, 409, 400), (route, response.text)
        refused += [route] if response.status_code == 413 else []
        if response.status_code == 413:
            assert "1000 bytes" in response.text
    assert len(refused) > 35
