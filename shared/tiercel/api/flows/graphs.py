"""Routes of graphs: a flow's tasks, an execution's runs, and which flows depend on which (api.md, 2.2 and 2.3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tiercel.api.calls import Call
from tiercel.api.flows.one import REVISION, YAML, flow_of, record_of
from tiercel.api.parameters import Parameter
from tiercel.api.routing import TENANT, routes
from tiercel.authoring.deploying import dependences
from tiercel.errors import FlowError, NotFoundError
from tiercel.graphs.flowgraph import Bodies, Drawing, Find, flow_graph
from tiercel.graphs.topology import reached, topology
from tiercel.model.flow import Flow
from tiercel.model.states import TERMINAL, State
from tiercel.views.flows import task_bodies

_SUBFLOWS = Parameter("subflows", many=True, description="The uids of tasks whose subflows are shown in place.")
_ONWARD = Parameter("destinationOnly", "boolean", False, description="Whether only what comes after is shown.")


def _find(call: Call) -> Find:
    """Return what finds a flow that another one calls."""
    flows = call.site.parts.flows

    def find(namespace: str, flow_id: str) -> tuple[Flow, Bodies] | None:
        try:
            flow = flows.latest(namespace, flow_id)
        except (NotFoundError, FlowError):
            return None
        return flow, task_bodies(flow.source)

    return find


def _expanded(call: Call) -> frozenset[str]:
    return frozenset(part for value in call.query["subflows"] for part in value.split(","))


@routes.route("GET", "/flows/{namespace}/{id}/graph", parameters=[REVISION, _SUBFLOWS])
def get_graph(call: Call) -> object:
    """Return a flow as a graph."""
    record = record_of(call)
    flow = call.site.parts.flows.get(record.namespace, record.id, record.revision)
    return flow_graph(flow, Drawing(task_bodies(record.source), expand=_expanded(call), find=_find(call)))


@routes.route("POST", "/flows/graph", body=YAML, parameters=[_SUBFLOWS])
def graph_of_source(call: Call) -> object:
    """Return a flow that is not stored as a graph."""
    flow = flow_of(call)
    return flow_graph(flow, Drawing(task_bodies(flow.source), expand=_expanded(call), find=_find(call)))


@routes.route("GET", "/executions/{id}/graph", parameters=[_SUBFLOWS])
def get_execution_graph(call: Call) -> object:
    """Return an execution's flow as a graph, with the run of each task."""
    parts = call.site.parts
    header = parts.view.header(call.path["id"])
    flow = parts.flows.get(header.namespace, header.flow_id, header.revision)
    runs = (parts.view.run_fields(header, run) for run in parts.view.runs(header, flow))
    return flow_graph(flow, Drawing({}, _telling(runs), _expanded(call), _find(call)))


_GRAVE = (State.FAILED, State.KILLED, State.CANCELLED)


def _telling(runs: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Return the run of each task that says most: one that goes on, else one that failed, else the latest."""
    found: dict[str, Mapping[str, Any]] = {}
    for run in runs:
        task, shown = str(run["taskId"]), {name: value for name, value in run.items() if name != "outputs"}
        if task not in found or _weight(shown) >= _weight(found[task]):
            found[task] = shown
    return found


def _weight(run: Mapping[str, Any]) -> int:
    state = State(run["state"]["current"])
    return 2 if state not in TERMINAL else 1 if state in _GRAVE else 0


@routes.route(
    "GET",
    "/flows/{namespace}/{id}/dependencies",
    parameters=[_ONWARD, Parameter("expandAll", "boolean", False, description="Whether it goes on from there.")],
)
def get_dependencies(call: Call) -> object:
    """Return the flows that a flow depends on, and those that depend on it."""
    record = record_of(call)
    name, backward = (record.namespace, record.id), not call.query["destinationOnly"]
    arrows = dependences(call.site.parts.flows)
    found = reached(arrows, [name], onward=True, backward=backward, far=call.query["expandAll"])
    return topology(found, [name], TENANT)


@routes.route("GET", "/namespaces/{namespace}/dependencies", parameters=[_ONWARD])
def get_namespace_dependencies(call: Call) -> object:
    """Return the flows of a namespace with those that they depend on, and that depend on them."""
    flows, backward = call.site.parts.flows, not call.query["destinationOnly"]
    names = [(record.namespace, record.id) for record in flows.all(call.path["namespace"])]
    return topology(reached(dependences(flows), names, onward=True, backward=backward, far=False), names, TENANT)
