"""One execution: how it stands, why it failed, what ran when, what it wrote and gave."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tiercel.ui import formats
from tiercel.ui.executiontabs import gantt, logs, metrics, outputs, settled, topology
from tiercel.ui.failing import first_failure
from tiercel.ui.visit import Moved, Shown, Visit, ui

TABS = (
    ("overview", "Overview"),
    ("gantt", "Gantt"),
    ("logs", "Logs"),
    ("topology", "Topology"),
    ("outputs", "Outputs"),
    ("metrics", "Metrics"),
)

ACTIONS: Mapping[str, tuple[str, str, str, str]] = {
    "restart": ("POST", "again", "Restart", "It goes on from its failed tasks."),
    "pause": ("POST", "pause", "Pause", "It begins no new task until it is resumed."),
    "resume-from-breakpoint": ("POST", "play", "Resume", "It goes on."),
    "unqueue": ("POST", "right", "Unqueue", "It is taken out of the queue."),
    "force-run": ("POST", "bolt", "Force run", "It runs."),
    "kill": ("DELETE", "stop", "Kill", "It is being killed."),
}
"""What one button does: method, icon, text, and what is said afterwards."""


NOT_RESTARTED = ("SUCCESS", "SKIPPED", "RETRIED", "CREATED", "QUEUED")
"""States in which nothing has failed, or nothing has begun."""

NEIGHBOURS: Mapping[str, tuple[str, str]] = {"next": ("startDate", "asc"), "previous": ("endDate", "desc")}
"""Addresses that lead to another execution: the filter of dates that finds it, and the order."""


def show(visit: Visit) -> Shown | Moved:
    """Show a tab of an execution."""
    name = visit.path["namespace"], visit.path["flowId"]
    execution = visit.api.get("/executions/{}", visit.path["id"])
    found = execution["namespace"], execution["flowId"]
    if name != found:
        return Moved(ui("/executions/{}/{}/{}", *found, execution["id"]))
    if visit.tab in NEIGHBOURS:
        return _neighbour(visit, execution)
    tab = visit.tab if visit.tab in _MAKERS else "overview"
    page = ui("/executions/{}/{}/{}", *name, execution["id"])
    values = {
        "execution": execution,
        "page": page,
        "tab": tab,
        "tabs": [(each, text, page if each == "overview" else f"{page}/{each}") for each, text in TABS],
        "live": {"execution": execution["id"], "settled": settled(visit, execution)},
        "ahead": _ahead(tab, execution),
        "actions": [(verb, *ACTIONS[verb]) for verb in possible(execution["state"]["current"])],
        "restarts": execution["state"]["current"] not in NOT_RESTARTED,
        **_MAKERS[tab](visit, execution),
    }
    crumbs = (
        ("Executions", "/ui/executions"),
        *((part, ui("/namespaces/edit/{}", whole)) for part, whole in formats.ancestors(name[0])),
        (name[1], ui("/flows/edit/{}/{}", *name)),
    )
    return Shown("execution", str(execution["id"]), values, crumbs, "executions")


ISLANDS: Mapping[str, str] = {"gantt": "gantt", "logs": "log", "topology": "graph"}


def _ahead(tab: str, execution: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the scripts of a tab will ask for, so that the browser asks for it with the page."""
    islands = ["live", *([ISLANDS[tab]] if tab in ISLANDS else [])]
    own = f"/executions/{execution['id']}"
    paths = {"gantt": [own], "topology": [own, f"{own}/graph"]}.get(tab, [])
    return {"islands": islands, "paths": paths}


def _neighbour(visit: Visit, execution: Mapping[str, Any]) -> Moved:
    """Lead to the execution of the same flow that began next after this one, or last before it."""
    bound, order = NEIGHBOURS[visit.tab]
    name = {"filters[namespace][EQUALS]": execution["namespace"], "filters[flowId][EQUALS]": execution["flowId"]}
    query = {**name, bound: execution["state"]["startDate"], "sort": f"state.startDate:{order}", "size": 10}
    found = visit.api.get("/executions/search", query=query)["results"]
    ids = [each["id"] for each in found]
    others = ids[ids.index(execution["id"]) + 1 :] if execution["id"] in ids else ids
    there = others[0] if others else execution["id"]
    said = "" if others else f"There is no {visit.tab} execution of this flow."
    return Moved(ui("/executions/{}/{}/{}", execution["namespace"], execution["flowId"], there), said)


def possible(state: str) -> list[str]:
    """Return the actions that a state lets one do with a button."""
    if state in ("FAILED", "WARNING"):
        return ["restart"]
    if state == "KILLED":
        return ["restart"]
    if state in ("QUEUED", "CREATED"):
        return [*(["unqueue"] if state == "QUEUED" else []), "force-run", "kill"]
    if state == "BREAKPOINT":
        return ["resume-from-breakpoint", "kill"]
    if state == "RUNNING":
        return ["pause", "kill"]
    return [] if formats.is_over(state) else ["kill"]


def _overview(visit: Visit, execution: Mapping[str, Any]) -> dict[str, Any]:
    histories = execution["state"]["histories"]
    return {"failure": first_failure(visit, execution), "histories": histories}


_MAKERS: Mapping[str, Callable[[Visit, Mapping[str, Any]], dict[str, Any]]] = {
    "overview": _overview,
    "gantt": gantt,
    "logs": logs,
    "topology": topology,
    "outputs": outputs,
    "metrics": metrics,
}
