"""One flow: what it is, what it did, its revisions and its triggers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tiercel.api.failures import NoRouteError
from tiercel.ui import flowtabs, formats
from tiercel.ui.pages import edit
from tiercel.ui.pages.executions import listed
from tiercel.ui.visit import Moved, Shown, Visit, ui

TABS = (
    ("overview", "Overview"),
    ("topology", "Topology"),
    ("executions", "Executions"),
    ("edit", "Edit"),
    ("revisions", "Revisions"),
    ("triggers", "Triggers"),
    ("logs", "Logs"),
    ("metrics", "Metrics"),
    ("dependencies", "Dependencies"),
    ("concurrency", "Concurrency"),
)

Name = tuple[str, str]
Maker = Callable[[Visit, Mapping[str, Any]], Any]


def show(visit: Visit) -> Shown | Moved:
    """Show a tab of a flow."""
    name = visit.path["namespace"], visit.path["id"]
    flow = visit.api.get("/flows/{}/{}", *name, query={"allowDeleted": True})
    tab = visit.tab or "overview"
    if tab not in MAKERS:
        raise NoRouteError(f"a flow has no tab '{tab}'; it has {', '.join(MAKERS)}")
    made = MAKERS[tab](visit, flow)
    if isinstance(made, Moved):
        return made
    values = {"flow": flow, "tab": tab, **frame(name, flow), **made}
    return Shown("flow", name[1], values, crumbs(name[0]), "flows", status=made.get("status", 200))


def crumbs(namespace: str) -> tuple[tuple[str, str], ...]:
    """Return what stands before a flow's title."""
    above = ((part, ui("/namespaces/edit/{}", whole)) for part, whole in formats.ancestors(namespace))
    return (("Flows", "/ui/flows"), *above)


def frame(name: Name, flow: Mapping[str, Any]) -> dict[str, Any]:
    """Return what every tab of a flow shows around itself."""
    page = ui("/flows/edit/{}/{}", *name)
    shown = [(tab, text) for tab, text in TABS if tab != "concurrency" or flow.get("concurrency")]
    tabs = [(tab, text, page if tab == "overview" else f"{page}/{tab}") for tab, text in shown]
    return {"page": page, "tabs": tabs, "address": ui("/flows/{}/{}", *name).removeprefix("/ui")}


def _executions(visit: Visit, flow: Mapping[str, Any]) -> dict[str, Any]:
    name = (("filters[namespace][EQUALS]", flow["namespace"]), ("filters[flowId][EQUALS]", flow["id"]))
    return listed(visit, name, charted=True)


MAKERS: Mapping[str, Maker] = {
    "overview": flowtabs.overview,
    "topology": flowtabs.topology,
    "executions": _executions,
    "edit": edit.of_flow,
    "revisions": flowtabs.revisions,
    "triggers": flowtabs.triggers,
    "logs": flowtabs.logs,
    "metrics": flowtabs.metrics,
    "dependencies": flowtabs.dependencies,
    "concurrency": flowtabs.concurrency,
}
"""What each tab shows."""
