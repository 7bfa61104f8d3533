"""kestrapy's `flows`."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
from kestrapy.exceptions import ConflictException, NotFoundException, UnprocessableEntityException
from kestrapy.models.concurrency_limit import ConcurrencyLimit
from kestrapy.models.id_with_namespace import IdWithNamespace

from clients.flows import CORE, FAIL, HELLO, HOOK, LIMITED, Place, T, by


def names(place: Place, *flows: str) -> list[IdWithNamespace]:
    return [IdWithNamespace(namespace=place.namespace, id=flow) for flow in flows]


def found(place: Place, *filters: Any) -> list[str]:
    page = place.client.flows.search_flows(T, size=100, sort=["id:asc"], filters=place.here(*filters))
    assert page.total == len(page.results)
    return [flow.id for flow in page.results]


def test_a_flow_is_created_read_updated_and_deleted(place: Place) -> None:
    flows, ns = place.client.flows, place.namespace
    created = place.deploy(HELLO)
    assert (created.id, created.namespace, created.revision) == ("f", ns, 1)
    assert (created.disabled, created.deleted, created.draft) == (False, False, False)
    assert created.source == place.source("f", HELLO)
    assert [(label.key, label.value) for label in created.labels] == [("team", "sdk")]
    assert [task.id for task in created.tasks] == ["hello", "say"]
    read = flows.flow(ns, "f", T, source=True, revision=1, allow_deleted=False)
    assert (read.source, read.description, read.updated) == (created.source, "Greets", created.updated)
    again = flows.update_flow(ns, "f", T, created.source)
    assert again.revision == 1
    assert flows.update_flow(ns, "f", T, created.source.replace("Greets", "Waves")).revision == 2
    assert flows.flow(ns, "f", T).description == "Waves"
    flows.delete_flow(ns, "f", T)
    with pytest.raises(NotFoundException):
        flows.flow(ns, "f", T)
    assert flows.flow(ns, "f", T, allow_deleted=True).deleted is True


def test_what_cannot_be_is_refused(place: Place) -> None:
    flows = place.client.flows
    place.deploy(HELLO)
    with pytest.raises((ConflictException, UnprocessableEntityException), match="already exists"):
        place.deploy(HELLO)
    with pytest.raises(UnprocessableEntityException, match="nearest is"):
        place.deploy(FAIL.replace("log.Log", "log.Lgo"), "other")
    with pytest.raises(NotFoundException):
        flows.update_flow(place.namespace, "none", T, place.source("none", HELLO))
    with pytest.raises(UnprocessableEntityException):
        flows.update_flow(place.namespace, "f", T, place.source("other", HELLO))
    with pytest.raises(NotFoundException):
        flows.delete_flow(place.namespace, "none", T)


def test_a_flow_comes_from_an_object(place: Place) -> None:
    flows, ns = place.client.flows, place.namespace
    body = {"id": "f", "namespace": ns, "tasks": [{"id": "a", "type": f"{CORE}.log.Log", "message": "x"}]}
    assert flows.create_flow_from_object(T, body, draft=False).revision == 1
    assert flows.update_flow_from_object(ns, "f", T, {**body, "description": "d"}).revision == 2
    read = flows.flow(ns, "f", T)
    read.description = "from the model"
    assert flows.update_flow_from_object(ns, "f", T, read).revision == 3
    assert flows.flow(ns, "f", T).description == "from the model"


def test_revisions_are_listed_read_and_deleted(place: Place) -> None:
    flows, ns = place.client.flows, place.namespace
    source = place.deploy(HELLO).source
    for number in range(3):
        flows.update_flow(ns, "f", T, source.replace("Greets", f"Greets {number}"))
    assert [each.revision for each in flows.list_flow_revisions(ns, "f", T, allow_delete=True)] == [1, 2, 3, 4]
    assert flows.flow(ns, "f", T, revision=2).description == "Greets 0"
    flows.delete_revisions(ns, "f", T, [1, 2])
    assert [each.revision for each in flows.list_flow_revisions(ns, "f", T)] == [3, 4]
    with pytest.raises(NotFoundException):
        flows.flow(ns, "f", T, revision=2)


def test_flows_are_searched(place: Place) -> None:
    place.deploy(HELLO, "one")
    place.deploy(FAIL, "two")
    assert found(place) == ["one", "two"]
    assert found(place, by("flowId", "EQUALS", "one")) == ["one"]
    assert found(place, by("flowId", "IN", ["two", "three"])) == ["two"]
    assert found(place, by("labels", "EQUALS", {"team": "sdk"})) == ["one"]
    assert found(place, by("labels", "NOT_EQUALS", {"team": "sdk"})) == ["two"]
    assert found(place, by("q", "EQUALS", "tw")) == ["two"]
    assert found(place, by("scope", "EQUALS", ["USER"])) == ["one", "two"]
    assert found(place, by("scope", "EQUALS", ["SYSTEM"])) == []
    page = place.client.flows.search_flows(T, page=2, size=1, sort=["id:desc"], filters=place.here())
    assert ([flow.id for flow in page.results], page.total) == (["one"], 2)


def test_flows_are_listed_by_namespace_and_by_their_source(place: Place) -> None:
    flows, ns = place.client.flows, place.namespace
    place.deploy(HELLO, "one")
    place.deploy(FAIL, "two")
    assert [flow.id for flow in flows.list_flows_by_namespace(ns, T)] == ["one", "two"]
    assert ns in flows.list_distinct_namespaces(T, q="clients")
    page = flows.search_flows_by_source_code(T, q="hello {{", namespace=ns, case_sensitive=False, page=1, size=5)
    assert [(hit.namespace, hit.id) for hit in page.results] == [(ns, "one")]
    assert "Hello" in page.results[0].matches[0].snippet
    strict = flows.search_flows_by_source_code(T, q="hello \\{", namespace=ns, case_sensitive=True, regex=True)
    assert strict.total == 0


def test_many_flows_are_stored_at_once(place: Place) -> None:
    flows, ns = place.client.flows, place.namespace
    two = f"{place.source('one', HELLO)}---\n{place.source('two', FAIL)}"
    assert {(flow.id, flow.namespace) for flow in flows.bulk_update_flows(T, delete=False, body=two)} == {
        ("one", ns),
        ("two", ns),
    }
    stored = flows.bulk_update_flows(
        T, delete=True, namespace=ns, allow_namespace_child=True, body=place.source("one", HELLO)
    )
    assert {flow.id for flow in stored} == {"one", "two"}
    assert found(place) == ["one"]
    flows.update_flows_in_namespace(ns, T, place.source("three", FAIL), delete=False)
    assert found(place) == ["one", "three"]
    flows.update_flows_in_namespace(ns, T, place.source("four", FAIL), delete=True)
    assert found(place) == ["four"]
    with pytest.raises(UnprocessableEntityException):
        flows.update_flows_in_namespace(ns, T, "id: x\nnamespace: clients.elsewhere\n" + FAIL.strip())
    flows.update_flows_in_namespace(ns, T, "id: x\nnamespace: clients.elsewhere\n" + FAIL.strip(), override=True)
    assert found(place) == ["four", "x"]


def test_flows_are_switched_off_and_on_and_deleted(place: Place) -> None:
    flows, ns = place.client.flows, place.namespace
    for flow in ("one", "two", "three"):
        place.deploy(FAIL, flow)
    assert flows.disable_flows_by_ids(T, names(place, "one", "two")).count == 2
    assert [flows.flow(ns, flow, T).disabled for flow in ("one", "two", "three")] == [True, True, False]
    with pytest.raises(ConflictException):
        place.run("one")
    assert flows.enable_flows_by_ids(T, names(place, "one")).count == 1
    assert flows.disable_flows_by_query(T, filters=place.here()).count == 2
    assert flows.enable_flows_by_query(T, filters=place.here(by("flowId", "EQUALS", "three"))).count == 1
    assert [flows.flow(ns, flow, T).disabled for flow in ("one", "two", "three")] == [True, True, False]
    assert flows.delete_flows_by_ids(T, names(place, "one")).count == 1
    assert flows.delete_flows_by_query(T, filters=place.here()).count == 2
    assert found(place) == []


def test_flows_are_exported_and_imported(place: Place) -> None:
    flows, ns = place.client.flows, place.namespace
    place.deploy(HELLO, "one")
    place.deploy(FAIL, "two")
    some = flows.export_flows_by_ids(T, names(place, "one"))
    assert zipfile.ZipFile(io.BytesIO(some)).namelist() == [f"{ns}.one.yml"]
    everything = flows.export_flows_by_query(T, filters=place.here())
    assert sorted(zipfile.ZipFile(io.BytesIO(everything)).namelist()) == [f"{ns}.one.yml", f"{ns}.two.yml"]
    header, *rows = flows.export_flows_by_query_csv(T, filters=place.here()).splitlines()
    assert header.startswith("namespace,id,revision,description,labels,disabled,")
    assert [row.rpartition(",")[0] for row in rows] == [
        f"{ns},one,1,Greets,team:sdk,false",
        f"{ns},two,1,,,false",
    ]
    flows.delete_flows_by_query(T, filters=place.here())
    assert flows.import_flows(T, file_content=everything) == []
    assert found(place) == ["one", "two"]
    text = f"{place.source('three', FAIL)}---\n{place.source('four', 'tasks: [{id: a, type: no.Such}]')}"
    assert len(flows.import_flows(T, file_content=text.encode())) == 1
    assert found(place) == ["one", "three", "two"]


def test_graphs_and_dependencies_are_drawn(place: Place) -> None:
    flows, ns = place.client.flows, place.namespace
    place.deploy(HELLO, "callee")
    call = f"{{id: call, type: {CORE}.flow.Subflow, namespace: {ns}, flowId: callee}}"
    place.deploy(f"tasks: [{call}]", "caller")
    graph = flows.generate_flow_graph(ns, "callee", T, revision=1)
    assert {"hello", "say"} <= {node.uid.rpartition(".")[2] for node in graph.nodes}
    assert graph.edges
    assert graph.clusters is not None
    opened = flows.generate_flow_graph(ns, "caller", T, subflows=["root.call"])
    assert opened.nodes
    assert flows.generate_flow_graph_from_source(T, place.source("new", HELLO)).nodes
    topology = flows.flow_dependencies(ns, "caller", T, destination_only=False, expand_all=True)
    assert {node.id for node in topology.nodes} == {"caller", "callee"}
    assert [str(edge.relation.value) for edge in topology.edges] == ["FLOW_TASK"]
    assert {node.id for node in flows.flow_dependencies_from_namespace(ns, T).nodes} == {"caller", "callee"}


def test_a_task_of_a_flow_is_read(place: Place) -> None:
    place.deploy(HELLO)
    task = place.client.flows.task_from_flow(place.namespace, "f", "hello", T, revision=1)
    assert (task.id, task.type) == ("hello", f"{CORE}.log.Log")
    with pytest.raises(NotFoundException):
        place.client.flows.task_from_flow(place.namespace, "f", "none", T)


def test_flows_tasks_and_triggers_are_validated(place: Place) -> None:
    flows = place.client.flows
    good, bad = flows.validate_flows(T, f"{place.source('a', HOOK)}---\n{place.source('b', 'tasks: []')}")
    assert (good.index, good.flow, good.namespace, good.constraints) == (0, "a", place.namespace, None)
    assert (bad.index, bad.flow) == (1, "b")
    assert "tasks" in bad.constraints
    task = {"id": "a", "type": f"{CORE}.log.Log", "message": "x"}
    assert flows.validate_task("TASKS", T, task).constraints is None
    assert flows.validate_task("TASKS", T, {"id": "a", "type": f"{CORE}.log.Log"}).constraints
    schedule = {"id": "s", "type": f"{CORE}.trigger.Schedule", "cron": "* * * * *"}
    assert flows.validate_trigger(T, schedule).constraints is None
    assert "cron" in flows.validate_trigger(T, {**schedule, "cron": "no"}).constraints


def test_concurrency_limits_are_shown_and_corrected(place: Place) -> None:
    flows, ns = place.client.flows, place.namespace
    place.deploy(LIMITED)
    running, waiting = place.begin(), place.begin(state="QUEUED")
    limits = [limit for limit in flows.search_concurrency_limits(T).results if limit.namespace == ns]
    assert [(limit.flow_id, limit.running) for limit in limits] == [("f", 1)]
    changed = ConcurrencyLimit(tenant_id=T, namespace=ns, flow_id="f", running=7)
    assert flows.update_concurrency_limit(ns, "f", T, changed).running == 1  # what runs is counted anew
    for execution in (running, waiting):
        place.client.executions.kill_execution(execution, T)
