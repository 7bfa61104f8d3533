"""What brings an execution on by hand and needs a choice: a restart on a revision, another state of a task run."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from tiercel.errors import ConflictError, NotFoundError
from tiercel.ui import formats
from tiercel.ui.visit import Moved, Shown, Visit, ui

PATIENCE = 10.0
"""Seconds for which a restart waits for the end of what is killed first."""

LOOK = 0.05
"""Seconds between two looks at it."""

STATES: Mapping[str, str] = {
    "SUCCESS": "what comes after it runs, as if it had succeeded",
    "WARNING": "what comes after it runs, and the execution ends with a warning",
    "FAILED": "the execution fails at it: its errors branch runs, if there is one",
    "SKIPPED": "what comes after it runs, as if its condition had not held",
    "CANCELLED": "nothing comes after it, and the execution is CANCELLED",
    "KILLED": "nothing comes after it, and the execution is KILLED",
}
"""The states that a person may give a task run, each with what happens then."""

Execution = Mapping[str, Any]


def restart(visit: Visit) -> Shown | Moved:
    """Show on which revision an execution may go on; let it go on when that is sent, and kill it first if it runs."""
    execution = visit.api.get("/executions/{}", visit.path["id"])
    if visit.request.method == "POST":
        return _restarted(visit, execution)
    return _shown(
        "restart", "Restart", execution, {"stuck": _is_open(execution), "revisions": revisions(visit, execution)}
    )


def _is_open(execution: Execution) -> bool:
    return not formats.is_over(execution["state"]["current"])


def _restarted(visit: Visit, execution: Execution) -> Moved:
    if _is_open(execution):
        _killed(visit, str(execution["id"]))
    query = {"revision": visit.request.form.get("revision", "")}
    after = visit.api.post("/executions/{}/actions/restart", execution["id"], query=query)
    said = (
        "It goes on from its failed tasks." if after["id"] == execution["id"] else "A new execution goes on from them."
    )
    return Moved(ui("/executions/{}/{}/{}", after["namespace"], after["flowId"], after["id"]), said)


def _killed(visit: Visit, execution: str) -> None:
    """Kill an execution and wait for its end."""
    visit.api.send("DELETE", f"/executions/{execution}/actions/kill")
    until = time.monotonic() + PATIENCE
    while _is_open(visit.api.get("/executions/{}", execution)):
        if time.monotonic() > until:
            raise ConflictError(
                f"execution {execution} is being killed and has not ended yet; restart it once it is KILLED"
            )
        time.sleep(LOOK)


def revisions(visit: Visit, execution: Execution) -> list[int]:
    """Return the revisions of an execution's flow, the latest first; none of a flow that is deleted."""
    flow = execution["namespace"], execution["flowId"]
    found = visit.api.find("/flows/{}/{}/revisions", *flow, default=[])
    return sorted((each["revision"] for each in found), reverse=True)


def state(visit: Visit) -> Shown | Moved:
    """Show which state a task run may be given, and what happens then; give it the one that is sent."""
    execution = visit.api.get("/executions/{}", visit.path["id"])
    wanted = visit.given("taskRunId")
    run = next((each for each in execution["taskRunList"] if each["id"] == wanted), None)
    if run is None:
        raise NotFoundError(f"execution {execution['id']} has no task run '{wanted}'; its gantt lists them")
    if visit.request.method == "POST":
        sent = {"taskRunId": wanted, "state": visit.request.form.get("state", "")}
        visit.api.post("/executions/{}/actions/state", execution["id"], body=sent)
        page = ui("/executions/{}/{}/{}/gantt", execution["namespace"], execution["flowId"], execution["id"])
        return Moved(page, f"Task {run['taskId']} is {sent['state']}, and the flow goes on from there.")
    return _shown("taskstate", f"The state of {run['taskId']}", execution, {"run": run, "states": STATES})


def _shown(template: str, title: str, execution: Execution, values: dict[str, Any]) -> Shown:
    name = execution["namespace"], execution["flowId"]
    page = ui("/executions/{}/{}/{}", *name, execution["id"])
    crumbs = (("Executions", "/ui/executions"), (name[1], ui("/flows/edit/{}/{}", *name)), (execution["id"], page))
    return Shown(template, title, {"execution": execution, "page": page, **values}, crumbs, "executions")
