"""Reading executions (api.md, 3): one, lists of them, and the flows that they are executions of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tiercel.api.bodies import read_json
from tiercel.api.calls import Answer, Call, page_of
from tiercel.api.executions.briefly import brief_flow
from tiercel.api.executions.searching import named_headers, search
from tiercel.api.executions.shapes import execution_bytes, execution_json
from tiercel.api.failures import UnprocessableError
from tiercel.api.filters import Filter
from tiercel.api.parameters import Parameter
from tiercel.api.routing import routes
from tiercel.model.execution import Execution, Record, decode_execution
from tiercel.model.instants import iso
from tiercel.model.states import State
from tiercel.views.telling import telling_tasks as tasks_of

LATEST = 1000
"""Flows whose latest executions may be asked for at once."""

RECENT = 100
"""Executions over which the average duration of a flow is taken."""


class FlowName(Record):
    """Which flow's latest execution is asked for."""

    namespace: str
    id: str


@routes.route("GET", "/executions/{id}")
def get_execution(call: Call) -> object:
    """Return an execution with its task runs."""
    header = call.site.parts.view.header(call.path["id"])
    return Answer(execution_bytes(call.site, header), content_type="application/json")


@routes.route(
    "GET",
    "/executions/search",
    parameters=[Parameter("dateFilter", description="Which date is meant; only the start date is known.")],
    paged=True,
    filtered=True,
)
def search_executions(call: Call) -> object:
    """Return a page of executions, without their task runs."""
    asked = call.query["dateFilter"]
    if asked and asked.replace("_", "").lower() != "startdate":
        raise UnprocessableError(f"dateFilter is '{asked}'; executions are found by their START_DATE only")
    return _page(call, call.filter)


@routes.route(
    "GET",
    "/executions",
    parameters=[Parameter("namespace", required=True), Parameter("flowId", required=True)],
    paged=True,
)
def list_executions(call: Call) -> object:
    """Return a page of the executions of one flow."""
    names = (("namespace", call.query["namespace"]), ("flowId", call.query["flowId"]))
    return _page(call, Filter("and", tuple(Filter("is", (), name, "EQUALS", value, name) for name, value in names)))


def _page(call: Call, wanted: Filter | None) -> dict[str, Any]:
    found, total = search(call.site.parts.store, wanted, call.page)
    return page_of([execution_json(call.site, header, full=False) for header in found], total)


@routes.route("POST", "/executions/latest", body="application/json", shape=list[FlowName])
def latest_executions(call: Call) -> object:
    """Return the latest execution of each flow that is named; those that have none are left out."""
    names = read_json(call, list[FlowName])
    if len(names) > LATEST:
        raise UnprocessableError(f"{len(names)} flows are named, more than {LATEST}")
    return latest_of(call, names)


def latest_of(call: Call, names: Sequence[FlowName]) -> list[dict[str, Any]]:
    """Return the latest execution of each flow that has any."""
    found = []
    for name in names:
        newest = call.site.parts.store.query(
            "execution", namespace=name.namespace, flow_id=name.id, newest_first=True, limit=1
        )
        found += [_latest(decode_execution(stored.body)) for stored in newest]
    return found


def _latest(header: Execution) -> dict[str, Any]:
    return {
        "id": header.id,
        "namespace": header.namespace,
        "flowId": header.flow_id,
        "startDate": iso(header.at[0][1]),
        "status": str(header.state),
    }


@routes.route("POST", "/executions/tasks", body="application/json", shape=list[str])
def telling_tasks(call: Call) -> object:
    """Return the task of each execution that failed, or that is at work: `{id: task}`, without those that have none."""
    ids, parts = read_json(call, list[str]), call.site.parts
    if len(ids) > LATEST:
        raise UnprocessableError(f"{len(ids)} executions are named, more than {LATEST}")
    headers = named_headers(parts.store, ids, newest_first=True)
    return tasks_of(parts.store, headers)


@routes.route("GET", "/executions/{id}/flow")
def flow_of_execution(call: Call) -> object:
    """Return the flow of an execution, as it was when that started."""
    header = call.site.parts.view.header(call.path["id"])
    flows = call.site.parts.flows
    return brief_flow(flows.record(header.namespace, header.flow_id, header.revision, allow_deleted=True))


@routes.route("GET", "/executions/flows/{namespace}/{flowId}", parameters=[Parameter("revision", "integer")])
def flow_to_execute(call: Call) -> object:
    """Return what one needs to know of a flow to execute it."""
    names = call.path["namespace"], call.path["flowId"]
    return brief_flow(call.site.parts.flows.record(*names, call.query["revision"]))


@routes.route("GET", "/executions/namespaces")
def executable_namespaces(call: Call) -> object:
    """Return the namespaces that have flows which can be executed."""
    return sorted({record.namespace for record in call.site.parts.flows.all() if not record.disabled})


@routes.route("GET", "/executions/namespaces/{namespace}/flows")
def executable_flows(call: Call) -> object:
    """Return the flows of a namespace that can be executed."""
    found = call.site.parts.flows.all(call.path["namespace"])
    return [brief_flow(record) for record in found if not record.disabled]


@routes.route("GET", "/executions/namespaces/{namespace}/flows/{id}/average-duration")
def average_duration(call: Call) -> object:
    """Return how long the latest successful executions of a flow took on average (seconds), and how many they are."""
    recent = call.site.parts.store.query(
        "execution",
        namespace=call.path["namespace"],
        flow_id=call.path["id"],
        states=[State.SUCCESS, State.WARNING],
        newest_first=True,
        limit=RECENT,
    )
    lengths = [header.at[-1][1] - header.at[0][1] for header in (decode_execution(each.body) for each in recent)]
    return {"averageDuration": sum(lengths) / len(lengths) if lengths else None, "count": len(lengths)}
