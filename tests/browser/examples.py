"""Executions, graphs and logs as the API gives them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

BEGAN = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)
TYPES = "io.kestra.core.models.hierarchies."


def at(seconds: float) -> str:
    """Return a moment after the beginning."""
    return (BEGAN + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def state(*names: str, begin: float = 0, step: float = 1) -> dict[str, Any]:
    """Return a state with its history: one entry each `step` seconds."""
    histories = [{"state": name, "date": at(begin + place * step)} for place, name in enumerate(names)]
    return {"current": names[-1], "histories": histories, "startDate": histories[0]["date"]}


def run(task: str, *names: str, begin: float = 0, **more: object) -> dict[str, Any]:
    """Return a task run."""
    found = {"id": f"run-{task}", "taskId": task, "executionId": "e1", "namespace": "demo", "flowId": "flow"}
    return {**found, "state": state(*(names or ("CREATED", "RUNNING", "SUCCESS")), begin=begin), **more}


def execution(*names: str, runs: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """Return an execution."""
    shown = state(*(names or ("CREATED", "RUNNING", "SUCCESS")))
    return {"id": "e1", "namespace": "demo", "flowId": "flow", "state": shown, "taskRunList": list(runs)}


def loop(count: int, ended: int) -> list[dict[str, Any]]:
    """Return the runs of a loop: of the loop itself, and of a task in it for each value."""
    each = run("each", "CREATED", "RUNNING")
    rounds = []
    for number in range(count):
        names = ("CREATED", "RUNNING", "SUCCESS") if number < ended else ("CREATED", "RUNNING")
        more = {"id": f"run-inner-{number}", "parentTaskRunId": each["id"], "value": str(number), "iteration": number}
        rounds.append(run("inner", *names, begin=number / 10, **more))
    return [each, *rounds]


def line(number: int, message: str = "", level: str = "INFO") -> dict[str, Any]:
    """Return a log line."""
    shown = {"namespace": "demo", "flowId": "flow", "executionId": "e1", "taskId": "t", "taskRunId": "run-t"}
    text = message or f"line {number}"
    return {**shown, "timestamp": at(number / 100), "level": level, "message": text, "attemptNumber": 0}


def chain(count: int) -> dict[str, Any]:
    """Return the graph of a flow whose tasks run one after the other."""
    names = [f"task{number}" for number in range(count)]
    ends = [node("root.flow", "GraphClusterRoot"), node("end.flow", "GraphClusterEnd")]
    order = ["root.flow", *names, "end.flow"]
    pairs = pairwise(order)
    tasks = [node(name, "GraphTask", {"id": name, "type": "a.b.Log"}) for name in names]
    return {"nodes": [*ends, *tasks], "edges": [edge(*pair) for pair in pairs], "clusters": [], "flowables": []}


def node(uid: str, kind: str, task: dict[str, str] | None = None) -> dict[str, Any]:
    """Return a node."""
    return {"uid": uid, "type": TYPES + kind, "error": False, **({"task": task} if task else {})}


def edge(source: str, target: str) -> dict[str, Any]:
    """Return an edge."""
    return {"source": source, "target": target, "relation": {"relationType": "SEQUENTIAL", "value": None}}


def looped() -> dict[str, Any]:
    """Return the graph of a loop: `each` holds `inner`."""
    task = {"id": "each", "type": "io.kestra.plugin.core.flow.ForEach"}
    nodes = [
        node("root.flow", "GraphClusterRoot"),
        node("end.flow", "GraphClusterEnd"),
        node("root.each", "GraphClusterRoot"),
        node("end.each", "GraphClusterEnd"),
        node("each", "GraphTask", task),
        node("inner", "GraphTask", {"id": "inner", "type": "io.kestra.plugin.core.log.Log"}),
    ]
    order = ["root.flow", "root.each", "each", "inner", "end.each", "end.flow"]
    inside = {"uid": "cluster_each", "type": f"{TYPES}GraphCluster", "relationType": "DYNAMIC", "taskNode": task}
    around = {"parents": [], "start": "root.each", "end": "end.each"}
    members = {"nodes": ["root.each", "end.each", "each", "inner"], **around}
    edges = [edge(*pair) for pair in pairwise(order)]
    return {"nodes": nodes, "edges": edges, "clusters": [{"cluster": inside, **members}], "flowables": ["each"]}
