"""Flows that are looked for: search, lists, namespaces, texts in their sources."""

from __future__ import annotations

import pytest

from api.driving import Api


@pytest.fixture
def flows(api: Api) -> Api:
    """Deploy a few flows."""
    api.deploy("id: load\nnamespace: company.data\nlabels: {team: blue, tier: one}\n")
    api.deploy("id: clean\nnamespace: company.data.raw\nlabels: {team: red}\n")
    api.deploy("id: tidy\nnamespace: companyx\n# Load nothing (loaded)\n")
    api.deploy("id: own\nnamespace: system\n")
    return api


def ids(api: Api, query: str) -> list[str]:
    """Return the ids of the flows that a search finds."""
    return [each["id"] for each in api.get(f"/flows/search?{query}")["results"]]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", ["load", "clean", "tidy", "own"]),
        ("q=LOA", ["load"]),
        ("namespace=company", ["load", "clean"]),
        ("flowId=tidy", ["tidy"]),
        ("labels=team:red", ["clean"]),
        ("scope=SYSTEM", ["own"]),
        ("filters[namespace][EQUALS]=company.data", ["load"]),
        ("filters[labels][EQUALS][team]=blue", ["load"]),
        ("filters[or][0][flowId][EQUALS]=tidy&filters[or][1][flowId][EQUALS]=own", ["tidy", "own"]),
        ("sort=id:desc", ["tidy", "own", "load", "clean"]),
        ("size=2&page=2", ["tidy", "own"]),
    ],
)
def test_a_search_finds_what_is_asked_for(flows: Api, query: str, wanted: list[str]) -> None:
    assert ids(flows, query) == wanted


def test_a_page_tells_how_many_there_are(flows: Api) -> None:
    page = flows.get("/flows/search?size=1")
    assert (len(page["results"]), page["total"]) == (1, 4)
    assert {"id", "namespace", "revision", "disabled", "deleted", "draft", "tasks"} <= page["results"][0].keys()
    assert "source" not in page["results"][0]


def test_a_search_by_what_flows_do_not_have_is_refused(flows: Api) -> None:
    assert "'state'" in flows.fails(400, "GET", "/flows/search?state=RUNNING")["message"]
    assert "'size'" in flows.fails(422, "GET", "/flows/search?sort=size:asc")["message"]


def test_a_namespace_lists_its_own_flows_only(flows: Api) -> None:
    assert [each["id"] for each in flows.get("/flows/company.data")] == ["load"]
    assert flows.get("/flows/nowhere") == []


def test_distinct_namespaces_are_those_of_flows(flows: Api) -> None:
    assert flows.get("/flows/distinct-namespaces") == ["company.data", "company.data.raw", "companyx", "system"]
    assert flows.get("/flows/distinct-namespaces?q=RAW") == ["company.data.raw"]


def test_a_text_is_found_in_sources_with_its_place(flows: Api) -> None:
    page = flows.get("/flows/source?q=load&namespace=companyx")
    assert page["total"] == 1
    hit = page["results"][0]
    assert (hit["namespace"], hit["id"], hit["editable"], hit["model"]["id"]) == ("companyx", "tidy", True, "tidy")
    snippet = "# Load nothing (loaded)"
    assert hit["matches"] == [
        {"line": 3, "column": 3, "length": 4, "snippet": snippet},
        {"line": 3, "column": 17, "length": 4, "snippet": snippet},
    ]
    assert "# [mark]Load[/mark] nothing (loaded)" in hit["fragments"][0]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("q=load&caseSensitive=true", 1),
        ("q=load&wholeWord=true", 1),
        ("q=L.ad&regex=true", 2),
        ("q=L.ad", 0),
        ("q=(loaded)", 1),
    ],
)
def test_a_text_is_looked_for_as_it_is_meant(flows: Api, query: str, count: int) -> None:
    found = flows.get(f"/flows/source?namespace=companyx&{query}")["results"]
    assert sum(len(each["matches"]) for each in found) == count


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("filters[q][EQUALS]=load&filters[namespace][EQUALS]=companyx", ["tidy"]),
        ("filters[QUERY][EQUALS]=load&filters[FLOW_ID][NOT_EQUALS]=tidy&namespace=companyx", []),
    ],
)
def test_structured_filters_narrow_a_search_in_sources_down(flows: Api, query: str, ids: list[str]) -> None:
    assert [hit["id"] for hit in flows.get(f"/flows/source?{query}")["results"]] == ids


def test_a_pattern_that_cannot_be_read_or_never_ends_is_refused(flows: Api) -> None:
    flows.fails(422, "GET", "/flows/source?regex=true&q=(")
    flows.deploy(f"id: long\nnamespace: t\n# {'a' * 4000}!\n")
    assert "simpler" in flows.fails(422, "GET", "/flows/source?regex=true&q=(a|aa)%2B%24")["message"]


def test_namespaces_are_found_with_those_above_them(flows: Api) -> None:
    page = flows.get("/namespaces/search")
    assert page == {
        "results": [
            {"id": name, "disabled": True, "deleted": False}
            for name in ("company", "company.data", "company.data.raw", "companyx", "system")
        ],
        "total": 5,
    }
    for query in ("existing=true", "filters[existingOnly][EQUALS]=true", "filters[EXISTING_ONLY][EQUALS]=true"):
        names = [each["id"] for each in flows.get(f"/namespaces/search?{query}")["results"]]
        assert names == ["company.data", "company.data.raw", "companyx", "system"]
    assert flows.get("/namespaces/search?filters[existingOnly][EQUALS]=false") == page
    assert [each["id"] for each in flows.get("/namespaces/search?q=raw&existing=true")["results"]] == [
        "company.data.raw"
    ]
    assert [each["id"] for each in flows.get("/namespaces/search?sort=id:desc&size=1")["results"]] == ["system"]


def test_every_name_is_a_namespace(flows: Api) -> None:
    assert flows.get("/namespaces/any.where") == {"id": "any.where", "deleted": False}
    assert flows.get("/namespaces/any.where/inherited-variables") == {}


def test_namespaces_are_completed(flows: Api) -> None:
    found = flows.post("/namespaces/autocomplete", json={"q": "raw", "ids": ["system", "unknown"]})
    assert found == ["system", "company.data.raw"]


def test_a_limit_tells_how_many_executions_run(flows: Api) -> None:
    pause = "tasks: [{id: p, type: io.kestra.plugin.core.flow.Pause}]"
    flows.deploy(f"id: few\nnamespace: t\nconcurrency: {{limit: 1}}\n{pause}\n")
    flows.run("/executions/t/few")
    flows.run("/executions/t/few")
    limit = {"tenantId": "main", "namespace": "t", "flowId": "few", "running": 1}
    assert flows.get("/concurrency-limit/search") == {"results": [limit], "total": 1}
    assert flows.does("PUT", "/concurrency-limit/t/few", json={**limit, "running": 5}) == limit
    flows.fails(404, "PUT", "/concurrency-limit/t/none", json=limit)
