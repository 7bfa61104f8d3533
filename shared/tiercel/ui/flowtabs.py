"""What the tabs of a flow show."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tiercel.api.failures import UnprocessableError
from tiercel.errors import ConflictError, FlowError
from tiercel.ui import backfilling, formats
from tiercel.ui.asking import YAML, address
from tiercel.ui.counting import executions_daily, ratios, totals
from tiercel.ui.diffs import side_by_side, unified
from tiercel.ui.failing import first_error
from tiercel.ui.lists import SPANS
from tiercel.ui.pages.logs import listed
from tiercel.ui.visit import Moved, Visit, ui

Flow = Mapping[str, Any]

RECENT, FAILURES = 20, 3
"""Executions of an overview, and how many of them say why they failed."""

MEASURED = "PT720H"
"""The span of metrics, where none is chosen."""


def overview(visit: Visit, flow: Flow) -> dict[str, Any]:
    """Return the latest executions, how they went, why they failed, and when the next one is to come."""
    name = {"namespace": flow["namespace"], "flowId": flow["id"]}
    query = {"filters[namespace][EQUALS]": flow["namespace"], "filters[flowId][EQUALS]": flow["id"], "size": RECENT}
    found = visit.api.get("/executions/search", query=query)
    daily = executions_daily(visit, {"flows": [{"namespace": flow["namespace"], "id": flow["id"]}]})
    failed = [each for each in found["results"] if each["state"]["current"] == "FAILED"][:FAILURES]
    return {
        "recent": found["results"],
        "total": found["total"],
        "states": [each for each in states_of(visit, flow) if each["triggerId"] not in _switched_off(flow)],
        "daily": daily,
        "cards": ratios(totals(daily), ui("/flows/edit/{}/{}/executions", *name.values())),
        "failures": [(each, first_error(visit, each["id"])) for each in failed],
    }


def _switched_off(flow: Flow) -> set[str]:
    """Return the triggers of a flow that its source disables."""
    triggers = [each for each in flow.get("triggers", []) if isinstance(each, Mapping)]
    return {each["id"] for each in triggers if each.get("disabled")}


def states_of(visit: Visit, flow: Flow) -> list[dict[str, Any]]:
    """Return how the triggers of a flow stand."""
    found = visit.api.find("/triggers/{}/{}", flow["namespace"], flow["id"], query={"size": 100}, default={})
    states: list[dict[str, Any]] = found.get("results", [])
    return states


def topology(_visit: Visit, flow: Flow) -> dict[str, Any]:
    """Return the tasks in their order: what is read where no picture can be drawn."""
    return {"outline": list(_outline(flow.get("tasks", []), 0))}


def _outline(tasks: object, depth: int) -> list[tuple[int, str, str]]:
    """Return the tasks in a value, those inside others after them: depth, id and type."""
    found: list[tuple[int, str, str]] = []
    for value in tasks if isinstance(tasks, list) else (tasks.values() if isinstance(tasks, Mapping) else ()):
        if isinstance(value, Mapping) and "id" in value and "type" in value:
            found.append((depth, str(value["id"]), str(value["type"])))
            found += [line for each in value.values() for line in _outline(each, depth + 1)]
        elif isinstance(value, list | Mapping):
            found += _outline(value, depth)
    return found


def revisions(visit: Visit, flow: Flow) -> dict[str, Any] | Moved:
    """Return two revisions and what differs; restore one that is asked for by POST."""
    name = flow["namespace"], flow["id"]
    every = visit.api.get("/flows/{}/{}/revisions", *name, query={"allowDelete": True})
    known = {each["revision"]: each for each in every}
    if visit.request.method == "POST":
        return _restored(visit, flow, known)
    right = _revision(visit, "right", known, every[-1]["revision"])
    before = max((number for number in known if number < right), default=right)
    left = _revision(visit, "left", known, before)
    lines = unified(known[left]["source"], known[right]["source"])
    return {
        "every": every[::-1],
        "left": known[left],
        "right": known[right],
        "lines": lines,
        "pairs": side_by_side(lines),
        "view": visit.given("view", "unified"),
        "latest": every[-1],
    }


def _revision(visit: Visit, name: str, known: Mapping[int, Any], default: int) -> int:
    text = visit.given(name)
    if not text:
        return default
    if not text.isdecimal() or int(text) not in known:
        raise UnprocessableError(f"there is no revision '{text}'; there are {', '.join(map(str, sorted(known)))}")
    return int(text)


def _restored(visit: Visit, flow: Flow, known: Mapping[int, Any]) -> Moved:
    """Store the text of an old revision as the next one; a flow that was deleted is created again by it."""
    number, name = visit.request.form.get("revision", ""), (flow["namespace"], flow["id"])
    if not number.isdecimal() or int(number) not in known:
        raise UnprocessableError(f"there is no revision '{number}'")
    how = ("POST", "/flows") if flow["deleted"] else ("PUT", address("/flows/{}/{}", *name))
    stored = visit.api.send(*how, known[int(number)]["source"], YAML)
    said = f"Revision {number} is restored, as revision {stored['revision']}."
    return Moved(ui("/flows/edit/{}/{}/revisions", *name), said)


def triggers(visit: Visit, flow: Flow) -> dict[str, Any] | Moved:
    """Return each trigger of a flow: as declared, and how it stands; and the form of the backfill that is asked for."""
    states = {state["triggerId"]: state for state in states_of(visit, flow)}
    declared = [each for each in flow.get("triggers", []) if isinstance(each, Mapping)]
    rows = [{"trigger": each, "state": states.pop(each["id"], None)} for each in declared]
    rows += [
        {"trigger": {"id": state["triggerId"], "type": state["kind"]}, "state": state} for state in states.values()
    ]
    found = {"rows": rows, "webhook": _webhook_address(visit, flow), "now": visit.now, "form": None, "counted": {}}
    wanted = next((each for each in declared if each["id"] == visit.given("backfill")), None)
    if wanted is None or flow["disabled"] or flow["deleted"]:
        return found
    form = backfilling.form(visit, flow, wanted)
    if isinstance(form, Moved):
        return form
    return {**found, "form": form, "counted": backfilling.count(visit, flow, wanted), "status": form["status"]}


def _webhook_address(visit: Visit, flow: Flow) -> str:
    base = visit.api.site.url.rstrip("/")
    return f"{base}/api/v1/main/executions/webhook/{flow['namespace']}/{flow['id']}/"


def logs(visit: Visit, flow: Flow) -> dict[str, Any]:
    """Return a page of what the flow's executions have written."""
    return listed(visit, (("filters[namespace][EQUALS]", flow["namespace"]), ("filters[flowId][EQUALS]", flow["id"])))


def metrics(visit: Visit, flow: Flow) -> dict[str, Any]:
    """Return what a metric of the flow came to, over time."""
    name = flow["namespace"], flow["id"]
    names = visit.api.get("/metrics/names/{}/{}", *name)
    tasks = visit.api.get("/metrics/tasks/{}/{}", *name)
    metric, task = visit.given("metric") or next(iter(names), ""), visit.given("task")
    sums, span = visit.given("aggregation", "sum"), visit.given("timeRange", MEASURED) or MEASURED
    start = datetime.fromtimestamp(visit.now - (formats.seconds_of(span) or 0), UTC)
    found: dict[str, Any] = {"aggregations": []}
    if metric:
        place = (*name, task, metric) if task else (*name, metric)
        found = visit.api.get(
            "/metrics/aggregates/" + "/".join(["{}"] * len(place)),
            *place,
            query={"aggregation": sums, "startDate": start.isoformat()},
        )
    points = [each for each in found["aggregations"] if each.get("value") is not None]
    chosen = {"metric": metric, "task": task, "sums": sums, "span": span}
    return {"names": names, "tasks": tasks, **chosen, "points": points, "spans": SPANS}


def dependencies(visit: Visit, flow: Flow) -> dict[str, Any]:
    """Return the flows that a flow depends on, and those that depend on it."""
    try:
        found = visit.api.get("/flows/{}/{}/dependencies", flow["namespace"], flow["id"])
    except (ConflictError, FlowError) as error:
        return {"nodes": [], "edges": [], "trouble": str(error)}
    nodes = {each["uid"]: each for each in found.get("nodes", [])}
    edges = [
        (nodes[each["source"]], nodes[each["target"]], str(each.get("relation", "")))
        for each in found.get("edges", [])
        if each["source"] in nodes and each["target"] in nodes
    ]
    return {"nodes": list(nodes.values()), "edges": edges, "trouble": ""}


def concurrency(visit: Visit, flow: Flow) -> dict[str, Any]:
    """Return which executions of a flow run, and which wait, the next one first."""
    name = {"filters[namespace][EQUALS]": flow["namespace"], "filters[flowId][EQUALS]": flow["id"]}
    waiting = {"state": "QUEUED", "size": 25, "sort": "state.startDate:asc"}
    queued = visit.api.get("/executions/search", query={**name, **waiting})
    running = visit.api.get("/executions/search", query={**name, "state": "RUNNING", "size": 25})
    return {"limit": flow.get("concurrency", {}), "queued": queued, "running": running}


def is_late(state: Mapping[str, Any] | None, now: float) -> bool:
    """Tell whether a trigger should have been looked at minutes ago."""
    following = formats.moment_of(state.get("nextExecutionDate")) if state else None
    return following is not None and not (state or {}).get("disabled") and following.timestamp() < now - 120
