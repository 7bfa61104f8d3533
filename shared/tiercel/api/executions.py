"""Routes of executions."""

from __future__ import annotations

from tiercel.api.calls import Call
from tiercel.api.routing import routes


@routes.route("GET", "/executions/{id}")
def get_execution(call: Call) -> object:
    """Return an execution."""
    parts = call.site.parts
    header = parts.view.header(call.path["id"])
    return parts.view.show(header, None, related=False)
