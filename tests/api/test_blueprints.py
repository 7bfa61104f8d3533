"""The example flows that come with Tiercel: each validates, and clients find them."""

from __future__ import annotations

import pytest

from api.driving import Api
from tiercel.authoring.blueprints import blueprints
from tiercel.flowfile import parse_flow

ROOT = "/blueprints/community"


@pytest.mark.parametrize("name", blueprints())
def test_each_is_a_valid_flow_that_can_be_stored(api: Api, name: str) -> None:
    found = blueprints()[name]
    flow = parse_flow(found.source)
    assert (flow.id, flow.namespace) == (name, "company.team")
    assert found.title
    assert found.description
    assert all(found.tags)
    assert not found.source.startswith("#")
    assert all(each.startswith("io.kestra.") for each in found.included_tasks)
    assert api.post("/flows", data=found.source)["id"] == name


def test_there_are_a_dozen(api: Api) -> None:
    found = api.get(f"{ROOT}/flow?size=100")
    assert found == api.get(f"{ROOT}?size=100")
    assert found["total"] == len(found["results"]) == len(blueprints()) >= 12
    assert api.get(f"{ROOT}/dashboard") == {"results": [], "total": 0}
    assert "nope" in api.fails(404, "GET", f"{ROOT}/nope")["message"]


def test_they_are_found_by_text_and_tags(api: Api) -> None:
    def ids(query: str) -> list[str]:
        return [each["id"] for each in api.get(f"{ROOT}/flow?size=100&{query}")["results"]]

    assert ids("q=webHOOK&tags=http") == ["webhook-to-answer"]
    assert ids("tags=sql,schedule") == ["postgres-load"]
    assert ids("q=core.flow.Subflow") == ["subflow-with-outputs"]
    assert ids("tags=nope") == []
    assert ids("filters[q][EQUALS]=webHOOK&filters[tags][IN]=http,nope") == ["webhook-to-answer"]
    assert "namespace" in api.fails(400, "GET", f"{ROOT}?namespace=company")["message"]
    assert ids("sort=id:desc")[-1] == "after-another-flow"
    tags = {each["id"]: each["count"] for each in api.get(f"{ROOT}/tags")}
    assert tags["sql"] == 2
    assert tags == {each["id"]: each["count"] for each in api.get(f"{ROOT}/flow/tags")}


def test_one_is_read_with_its_source_and_graph(api: Api) -> None:
    found = api.get(f"{ROOT}/flow/hello-world")
    assert found["title"] == "Say hello"
    assert found["tags"] == ["getting-started"]
    assert found["includedTasks"] == ["io.kestra.plugin.core.log.Log"]
    for path in ("flow/hello-world/source", "flow/hello-world/flow", "hello-world/source", "hello-world/flow"):
        response = api.send("GET", f"{ROOT}/{path}")
        assert response.mimetype == "application/x-yaml"
        assert response.text.startswith("id: hello-world\n"), path
    graph = api.get(f"{ROOT}/flow/hello-world/graph")
    assert "greet" in [node.get("task", {}).get("id") for node in graph["nodes"]]
    assert graph == api.get(f"{ROOT}/hello-world/graph")
    for path in ("flow/none", "flow/none/source", "none/graph"):
        assert "hello-world" in api.fails(404, "GET", f"{ROOT}/{path}")["message"]


def test_the_first_one_runs(api: Api) -> None:
    api.post("/flows", data=blueprints()["hello-world"].source)
    execution = api.run("/executions/company.team/hello-world")
    assert api.get(f"/executions/{execution}")["outputs"] == {"greeting": "Hello world"}
