"""Why an execution failed: its first error, and the task that wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tiercel.ui.visit import Visit, ui

BAD = ("FAILED", "WARNING", "KILLED")


def first_failure(visit: Visit, execution: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the first error of an execution that went wrong: `{task, run, message, address}`; None for none."""
    if execution["state"]["current"] not in BAD:
        return None
    run = failed_run(execution.get("taskRunList", []))
    entry = first_error(visit, execution["id"], None if run is None else run["id"])
    if run is None and entry is None:
        return None
    task = run["taskId"] if run is not None else (entry or {}).get("taskId", "")
    query = {"taskRunId": run["id"]} if run is not None else {"minLevel": "ERROR"}
    page = ui("/executions/{}/{}/{}/logs", execution["namespace"], execution["flowId"], execution["id"], query=query)
    return {"task": task, "message": (entry or {}).get("message", ""), "address": page, "run": run}


def failed_run(runs: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the run that failed first: one below which none failed."""
    failed = [run for run in runs if run["state"]["current"] == "FAILED"]
    above = {run.get("parentTaskRunId") for run in failed}
    inner = [run for run in failed if run["id"] not in above]
    return min(inner, key=lambda run: str(run["state"].get("endDate", "")), default=None)


def first_error(visit: Visit, execution: str, run: str | None = None) -> dict[str, Any] | None:
    """Return the first line of a log that says ERROR: of one task run, or of the whole execution."""
    query: dict[str, object] = {
        "filters[executionId][EQUALS]": execution,
        "filters[level][EQUALS]": "ERROR",
        "sort": "timestamp:asc",
        "size": 1,
    }
    if run is not None:
        query["filters[taskRunId][EQUALS]"] = run
    found: list[dict[str, Any]] = visit.api.get("/logs/search", query=query)["results"]
    return found[0] if found else None
