"""What executions and their task runs gave (api.md, 4)."""

from __future__ import annotations

from typing import Any

from tiercel.api.calls import Call
from tiercel.api.executions.shapes import without_nulls
from tiercel.api.routing import routes
from tiercel.errors import NotFoundError
from tiercel.model.ids import derived_id


@routes.route("GET", "/outputs/executions/{executionId}")
def execution_outputs(call: Call) -> object:
    """Return the outputs of an execution's flow."""
    return call.site.parts.view.header(call.path["executionId"]).outputs or {}


@routes.route("GET", "/outputs/tasks/{executionId}", "/outputs/{executionId}")
def list_task_outputs(call: Call) -> object:
    """Return which task runs of an execution have outputs."""
    view = call.site.parts.view
    header = view.header(call.path["executionId"])
    found: list[dict[str, Any]] = []
    for run in view.runs(header, None):
        if run.outputs or run.outputs_uri is not None:
            place = {"taskId": run.task, "taskRunId": derived_id(header.id, run.key)}
            inline = run.outputs_uri is None
            found.append(without_nulls({**place, "value": run.value, "iteration": run.iteration, "inline": inline}))
    return found


@routes.route("GET", "/outputs/tasks/{executionId}/{taskRunId}", "/outputs/{executionId}/{taskRunId}")
def task_outputs(call: Call) -> object:
    """Return the outputs of one task run."""
    view = call.site.parts.view
    header = view.header(call.path["executionId"])
    wanted = call.path["taskRunId"]
    for run in view.runs(header, None):
        if derived_id(header.id, run.key) == wanted:
            return view.outputs(run)
    raise NotFoundError(f"there is no task run '{wanted}' in the execution '{header.id}'")
