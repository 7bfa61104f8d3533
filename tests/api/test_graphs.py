"""Graphs: a flow's tasks, an execution's runs, and which flows depend on which."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from api.driving import FAIL, LOG, Api

CORE = "io.kestra.plugin.core."
TYPES = "io.kestra.core.models.hierarchies."
LEAF = f"type: {LOG}, message: x"

EVERYTHING = f"""
tasks:
  - {{id: first, {LEAF}}}
  - id: each
    type: {CORE}flow.ForEach
    values: [1, 2]
    tasks: [{{id: inside, {LEAF}}}, {{id: next, {LEAF}}}]
  - id: switch
    type: {CORE}flow.Switch
    value: a
    cases: {{a: [{{id: one, {LEAF}}}], b: [{{id: two, {LEAF}}}]}}
  - id: side
    type: {CORE}flow.Parallel
    tasks: [{{id: left, {LEAF}}}, {{id: right, {LEAF}}}]
  - id: dag
    type: {CORE}flow.Dag
    tasks:
      - {{task: {{id: base, {LEAF}}}}}
      - {{task: {{id: top, {LEAF}}}, dependsOn: [base]}}
  - {{id: call, type: {CORE}flow.Subflow, namespace: t, flowId: child}}
errors: [{{id: oops, {LEAF}}}]
finally: [{{id: last, {LEAF}}}]
afterExecution: [{{id: after, {LEAF}}}]
triggers: [{{id: evening, type: {CORE}trigger.Schedule, cron: "0 18 * * *"}}]
"""


def edges(graph: dict[str, Any]) -> set[tuple[str, str, str]]:
    """Return the edges with their relations."""
    return {(each["source"], each["target"], each["relation"]["relationType"]) for each in graph["edges"]}


def node(graph: dict[str, Any], uid: str) -> dict[str, Any]:
    """Return the one node of a uid."""
    (found,) = [each for each in graph["nodes"] if each["uid"] == uid]
    return dict(found)


def check(graph: dict[str, Any]) -> None:
    """Check what holds of every graph: uids are unique, edges join nodes, and everything leads from begin to end."""
    uids = Counter(each["uid"] for each in graph["nodes"])
    assert set(uids.values()) == {1}
    assert all(each["source"] in uids and each["target"] in uids for each in graph["edges"])
    for cluster in graph["clusters"]:
        assert {cluster["start"], cluster["end"], *cluster["nodes"]} <= set(uids)
    leaving, entered = ({each[end] for each in graph["edges"]} for end in ("source", "target"))
    assert len(set(uids) - leaving) == 1
    assert len(set(uids) - entered) == 1


def test_a_flow_is_drawn_with_all_its_branches(api: Api) -> None:
    api.deploy(EVERYTHING)
    graph = api.get("/flows/t/f/graph")
    check(graph)
    assert graph["flowables"] == ["each", "switch", "side", "dag"]
    assert node(graph, "first") == {
        "uid": "first",
        "type": f"{TYPES}GraphTask",
        "error": False,
        "task": {"id": "first", "type": LOG, "message": "x"},
        "relationType": "SEQUENTIAL",
    }
    assert node(graph, "call")["type"] == f"{TYPES}SubflowGraphTask"
    assert node(graph, "Triggers.evening")["triggerDeclaration"]["cron"] == "0 18 * * *"
    assert (node(graph, "oops")["error"], node(graph, "oops")["branchType"]) == (True, "ERROR")
    assert edges(graph) >= {
        ("root.f", "first", "SEQUENTIAL"),
        ("first", "root.each", "SEQUENTIAL"),
        ("root.each", "each", "SEQUENTIAL"),
        ("each", "inside", "DYNAMIC"),
        ("inside", "next", "SEQUENTIAL"),
        ("next", "end.each", "SEQUENTIAL"),
        ("switch", "one", "CHOICE"),
        ("switch", "two", "CHOICE"),
        ("side", "left", "PARALLEL"),
        ("side", "right", "PARALLEL"),
        ("dag", "base", "PARALLEL"),
        ("base", "top", "SEQUENTIAL"),
        ("root.f", "oops", "ERROR"),
        ("call", "last", "FINALLY"),
        ("oops", "last", "FINALLY"),
        ("last", "after", "AFTER_EXECUTION"),
        ("after", "end.f", "SEQUENTIAL"),
        ("end.Triggers", "root.f", "SEQUENTIAL"),
    }
    assert ("dag", "top", "PARALLEL") not in edges(graph)
    assert {each["relation"]["value"] for each in graph["edges"] if each["target"] in ("one", "two")} == {"a", "b"}


def test_a_cluster_says_what_it_holds(api: Api) -> None:
    inner = f"{{id: inner, type: {CORE}flow.Sequential, tasks: [{{id: a, {LEAF}}}]}}"
    api.deploy(f"tasks: [{{id: outer, type: {CORE}flow.Sequential, tasks: [{inner}]}}]\n")
    graph = api.get("/flows/t/f/graph")
    check(graph)
    clusters = {each["cluster"]["uid"]: each for each in graph["clusters"]}
    assert clusters["cluster_inner"]["parents"] == ["cluster_outer"]
    assert clusters["cluster_inner"]["nodes"] == ["root.inner", "end.inner", "inner", "a"]
    assert clusters["cluster_inner"]["cluster"]["taskNode"]["task"]["id"] == "inner"


def test_a_subflow_is_shown_in_its_place_when_that_is_asked_for(api: Api) -> None:
    api.deploy(EVERYTHING)
    api.deploy("id: child\nnamespace: t\n")
    graph = api.get("/flows/t/f/graph?subflows=call")
    check(graph)
    assert node(graph, "call.log")["task"]["message"] == "hello"
    kinds = {each["cluster"]["uid"]: each["cluster"]["type"] for each in graph["clusters"]}
    assert kinds["cluster_call"] == f"{TYPES}SubflowGraphCluster"


def test_flows_that_call_each_other_are_not_drawn_for_ever(api: Api) -> None:
    for name, other in (("a", "b"), ("b", "a")):
        call = f"{{id: c, type: {CORE}flow.Subflow, namespace: t, flowId: {other}}}"
        api.deploy(f"id: {name}\nnamespace: t\ntasks: [{call}]\n")
    uids = [".".join("c" * depth) for depth in range(1, 30)]
    graph = api.get(f"/flows/t/a/graph?subflows={','.join(uids)}")
    check(graph)
    assert len(graph["clusters"]) == 5


def test_a_flow_that_is_not_stored_is_drawn(api: Api) -> None:
    source = f"id: new\nnamespace: t\n{EVERYTHING}"
    check(api.post("/flows/graph", data=source, content_type="application/x-yaml"))
    api.fails(422, "POST", "/flows/graph", data="id: [", content_type="application/x-yaml")
    assert api.get("/flows/search")["total"] == 0


def test_the_graph_of_an_execution_shows_the_run_that_says_most(api: Api) -> None:
    fails = f"{{id: a, type: {FAIL}, runIf: \"{{{{ taskrun.value == '1' }}}}\"}}"
    each = f"{{id: each, type: {CORE}flow.ForEach, values: [1, 2], concurrencyLimit: 0, tasks: [{fails}]}}"
    api.deploy(f"tasks: [{each}, {{id: never, {LEAF}}}]\n")
    graph = api.get(f"/executions/{api.run()}/graph")
    check(graph)
    run = node(graph, "a")["taskRun"]
    assert (run["state"]["current"], run["value"], node(graph, "a")["values"]) == ("FAILED", "1", ["1"])
    assert node(graph, "a")["task"] == {"id": "a", "type": FAIL}
    assert "taskRun" not in node(graph, "never")
    api.fails(404, "GET", "/executions/none/graph")


# ------------------------------------------------------------------ dependencies


def arrows(graph: dict[str, Any]) -> set[tuple[str, str, str]]:
    """Return the arrows of a topology by the ids of the flows."""
    names = {each["uid"]: each["id"] for each in graph["nodes"]}
    return {(names[each["source"]], names[each["target"]], each["relation"]) for each in graph["edges"]}


@pytest.fixture
def chain(api: Api) -> Api:
    """Deploy a -> b -> c, where c listens to b, and d, which has nothing to do with them."""
    listens = f"{{id: w, type: {CORE}trigger.Flow, dependsOn: [{{namespace: t, flowId: b}}]}}"
    api.deploy(f"id: a\nnamespace: t\ntasks: [{{id: x, type: {CORE}flow.Subflow, namespace: t, flowId: b}}]\n")
    api.deploy("id: b\nnamespace: t\n")
    api.deploy(f"id: c\nnamespace: u\ntriggers: [{listens}]\n")
    api.deploy("id: d\nnamespace: t\n")
    return api


def test_dependencies_lead_both_ways(chain: Api) -> None:
    graph = chain.get("/flows/t/b/dependencies")
    assert graph["nodes"][0] == {"uid": "main_t_b", "namespace": "t", "id": "b"}
    assert arrows(graph) == {("a", "b", "FLOW_TASK"), ("b", "c", "FLOW_TRIGGER")}
    assert arrows(chain.get("/flows/t/b/dependencies?destinationOnly=true")) == {("b", "c", "FLOW_TRIGGER")}
    assert arrows(chain.get("/flows/t/a/dependencies")) == {("a", "b", "FLOW_TASK")}
    assert len(arrows(chain.get("/flows/t/a/dependencies?expandAll=true"))) == 2


def test_a_flow_without_dependencies_stands_alone(chain: Api) -> None:
    graph = chain.get("/flows/t/d/dependencies")
    assert graph == {"nodes": [{"uid": "main_t_d", "namespace": "t", "id": "d"}], "edges": []}


def test_a_namespace_shows_all_its_flows(chain: Api) -> None:
    graph = chain.get("/namespaces/t/dependencies")
    assert {each["id"] for each in graph["nodes"]} == {"a", "b", "c", "d"}
    assert len(graph["edges"]) == 2


def test_a_deleted_flow_has_no_arrows(chain: Api) -> None:
    chain.send("DELETE", "/flows/t/b")
    assert chain.get("/namespaces/t/dependencies")["edges"] == []


@pytest.mark.parametrize(
    ("trigger", "sources"),
    [
        (f"conditions: [{{type: {CORE}condition.ExecutionFlow, namespace: t, flowId: b}}]", {"b"}),
        (f"conditions: [{{type: {CORE}condition.ExecutionNamespace, namespace: t}}]", {"a", "b", "d"}),
        (
            f"conditions: [{{type: {CORE}condition.ExecutionNamespace, namespace: u, comparison: PREFIX}}]",
            {"c"},
        ),
        ("preconditions: {id: p, flows: [{namespace: t, flowId: a}, {namespace: t, flowId: d}]}", {"a", "d"}),
        (
            "preconditions: {id: p, where: [{id: g, filters: [{field: FLOW_ID, type: IN, values: [a, c]}]}]}",
            {"a", "c"},
        ),
        (
            "preconditions: {id: p, where: [{id: g, operand: OR, filters: ["
            "{field: FLOW_ID, type: EQUAL_TO, value: a}, {field: NAMESPACE, type: STARTS_WITH, value: u}]}]}",
            {"a", "c"},
        ),
        (f"conditions: [{{type: {CORE}condition.ExecutionStatus, in: [FAILED]}}]", {"a", "b", "c", "d"}),
    ],
)
def test_a_trigger_names_flows_in_many_ways(chain: Api, trigger: str, sources: set[str]) -> None:
    chain.deploy(f"id: z\nnamespace: v\ntriggers: [{{id: w, type: {CORE}trigger.Flow, {trigger}}}]\n")
    found = arrows(chain.get("/flows/v/z/dependencies"))
    assert found == {(source, "z", "FLOW_TRIGGER") for source in sources}
