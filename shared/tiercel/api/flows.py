"""Routes of flows."""

from __future__ import annotations

from tiercel.api.calls import Answer, Call
from tiercel.api.parameters import Parameter
from tiercel.api.routing import routes
from tiercel.flowfile import parse_flow

YAML = "application/x-yaml"


@routes.route("GET", "/flows/{namespace}/{id}", parameters=[Parameter("source", "boolean", False)])
def get_flow(call: Call) -> object:
    """Return a flow."""
    flow = call.site.parts.flows.latest(call.path["namespace"], call.path["id"])
    return {"id": flow.id, "namespace": flow.namespace, "revision": flow.revision}


@routes.route("POST", "/flows", body=YAML)
def create_flow(call: Call) -> Answer:
    """Create a flow."""
    flow = call.site.parts.flows.deploy(parse_flow(call.request.get_data(as_text=True)))
    return Answer({"id": flow.id, "namespace": flow.namespace, "revision": flow.revision})
