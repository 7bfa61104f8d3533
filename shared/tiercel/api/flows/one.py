"""Routes of one flow: created, read, changed, deleted, its revisions and its tasks (api.md, 2)."""

from __future__ import annotations

from typing import Any

from tiercel.api.bodies import read_text
from tiercel.api.calls import Answer, Call
from tiercel.api.failures import BadRequestError
from tiercel.api.parameters import Parameter
from tiercel.api.routing import TENANT, routes
from tiercel.authoring.deploying import forget_revisions
from tiercel.errors import NotFoundError
from tiercel.flows import FlowRecord
from tiercel.model.flow import Flow
from tiercel.views.flows import flow_view, task_bodies

YAML = "application/x-yaml"
REVISION = Parameter("revision", "integer", description="A revision; the latest by default.")
_DRAFT = Parameter("draft", "boolean", False, description="Accepted; there are no drafts.")


def flow_of(call: Call) -> Flow:
    """Return the flow that is the body.

    Raises:
        FlowError: It is none.
    """
    from tiercel.flowfile import parse_flow

    return parse_flow(read_text(call.request))


def record_of(call: Call, *, allow_deleted: bool = False) -> FlowRecord:
    """Return the flow that the path names, in the revision that the query names.

    Raises:
        NotFoundError: There is no such flow or revision.
    """
    flows, name = call.site.parts.flows, (call.path["namespace"], call.path["id"])
    latest = flows.record(*name, allow_deleted=allow_deleted)
    revision = call.query.get("revision")
    return latest if revision is None else flows.record(*name, revision, allow_deleted=True)


def stored_view(call: Call, flow: Flow) -> dict[str, Any]:
    """Return a flow that was just stored, with its source."""
    record = call.site.parts.flows.record(flow.namespace, flow.id, flow.revision)
    return flow_view(record, TENANT, source=True)


@routes.route("POST", "/flows", body=YAML, parameters=[_DRAFT])
def create_flow(call: Call) -> object:
    """Create a flow."""
    return stored_view(call, call.site.parts.flows.create(flow_of(call)))


@routes.route(
    "GET",
    "/flows/{namespace}/{id}",
    parameters=[
        Parameter("source", "boolean", True, description="Whether the YAML text is shown too."),
        REVISION,
        Parameter("allowDeleted", "boolean", False, description="Whether a deleted flow is shown."),
    ],
)
def get_flow(call: Call) -> object:
    """Return a flow."""
    return flow_view(record_of(call, allow_deleted=call.query["allowDeleted"]), TENANT, source=call.query["source"])


@routes.route("PUT", "/flows/{namespace}/{id}", body=YAML, parameters=[_DRAFT])
def update_flow(call: Call) -> object:
    """Store a flow's next revision; the same text makes none."""
    flows, name = call.site.parts.flows, (call.path["namespace"], call.path["id"])
    flows.record(*name)
    return stored_view(call, flows.update(*name, flow_of(call)))


@routes.route("DELETE", "/flows/{namespace}/{id}", gives="", codes=(204,))
def delete_flow(call: Call) -> object:
    """Delete a flow; its revisions stay."""
    call.site.parts.flows.delete(call.path["namespace"], call.path["id"])
    return Answer(status=204)


@routes.route(
    "GET",
    "/flows/{namespace}/{id}/revisions",
    parameters=[Parameter("allowDelete", "boolean", False, description="Whether those of a deleted flow are shown.")],
)
def list_revisions(call: Call) -> object:
    """Return every revision of a flow with its source, oldest first."""
    flows, name = call.site.parts.flows, (call.path["namespace"], call.path["id"])
    if flows.record(*name, allow_deleted=True).deleted and not call.query["allowDelete"]:
        return []
    return [flow_view(record, TENANT, source=True) for record in flows.revisions(*name)]


@routes.route(
    "DELETE",
    "/flows/{namespace}/{id}/revisions",
    parameters=[Parameter("revisions", many=True, required=True, description="Their numbers, between commas.")],
    gives="",
)
def delete_revisions(call: Call) -> object:
    """Remove old revisions for good."""
    parts = [part.strip() for value in call.query["revisions"] for part in value.split(",")]
    wrong = [part for part in parts if not part.isdecimal() or len(part) > 9]
    if wrong:
        raise BadRequestError(f"revisions holds '{wrong[0]}', wanted numbers between commas, such as 1,2")
    name = (call.path["namespace"], call.path["id"])
    forget_revisions(call.site.parts.store, call.site.parts.flows, name, {int(part) for part in parts})
    return Answer()


@routes.route("GET", "/flows/{namespace}/{id}/tasks/{taskId}", parameters=[REVISION])
def get_task(call: Call) -> object:
    """Return a task of a flow, as authored."""
    found = task_bodies(record_of(call).source).get(call.path["taskId"])
    if found is None:
        raise NotFoundError(f"flow '{call.path['namespace']}'.'{call.path['id']}' has no task '{call.path['taskId']}'")
    return found
