"""Flows that the tests are made of."""

from __future__ import annotations

import json
from typing import Any

CORE = "io.kestra.plugin.core"
PROCESS = {"type": f"{CORE}.runner.Process"}


def task(name: str, kind: str, **properties: Any) -> dict[str, Any]:
    """Return a task."""
    return {"id": name, "type": kind if kind.startswith("io.") else f"{CORE}.{kind}", **properties}


def log(name: str, message: str = "hi", **properties: Any) -> dict[str, Any]:
    """Return a task that writes a line to the log."""
    return task(name, "log.Log", message=message, **properties)


def shell(name: str, script: str, **properties: Any) -> dict[str, Any]:
    """Return a task that runs a script."""
    kind = "io.kestra.plugin.scripts.shell.Script"
    return task(name, kind, taskRunner=PROCESS, script=script, **properties)


def flow(*tasks: dict[str, Any], **more: Any) -> str:
    """Return a flow's text (JSON is YAML too)."""
    return json.dumps({"id": "bad", "namespace": "tests", **more, "tasks": list(tasks)})


def states(execution: Any) -> dict[str, str]:
    """Return the state of each task run by the task."""
    return {run["taskId"]: run["state"]["current"] for run in execution["taskRunList"]}


def lines(execution: Any, name: str | None = None) -> list[str]:
    """Return the log lines of an execution, or those of one of its tasks."""
    return [line["message"] for line in execution["logs"] if name in (None, line.get("taskId"))]


def errors(execution: Any, name: str) -> list[str]:
    """Return the errors in the log of a task."""
    return [line["message"] for line in execution["logs"] if line["level"] == "ERROR" and line.get("taskId") == name]
