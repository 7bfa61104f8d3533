"""A flow's text: written, checked, stored. The editor takes the form's place where scripts run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tiercel.errors import ConflictError, FlowError, InputError
from tiercel.ui.asking import YAML, address
from tiercel.ui.pages.blueprints import source_of
from tiercel.ui.pages.plugins import example_of
from tiercel.ui.pages.welcome import EXAMPLE
from tiercel.ui.visit import Moved, Shown, Visit, ui


def new(visit: Visit) -> Shown | Moved:
    """Show the form for a new flow: an example's text, or a copy of another flow's."""
    if visit.request.method != "POST":
        return _new(_beginning(visit), {})
    source = _given(visit)
    said = _checked(visit, source)
    if visit.request.form.get("do") == "check" or said["problems"]:
        return _new(source, said)
    try:
        flow = visit.api.post("/flows", body=source, kind=YAML)
    except (FlowError, InputError, ConflictError) as error:
        return _new(source, {"problems": [("", str(error))], "warnings": []})
    return Moved(ui("/flows/edit/{}/{}", flow["namespace"], flow["id"]), "The flow is stored.")


def _new(source: str, said: Mapping[str, Any]) -> Shown:
    values = {"source": source, "options": {"source": source}, **_unsaid(said)}
    return Shown("flow_new", "New flow", values, (("Flows", "/ui/flows"),), "flows", status=_status(said))


def _beginning(visit: Visit) -> str:
    """Return the text with which a new flow begins."""
    if visit.given("copy") == "true":
        found = visit.api.get("/flows/{}/{}", visit.given("namespace"), visit.given("id"))
        return str(found["source"])
    if visit.given("blueprintId"):
        return source_of(visit, visit.given("blueprintId"))
    if visit.given("plugin"):
        return example_of(visit.api.get("/plugins/{}", visit.given("plugin")), visit.given("plugin"))
    namespace = visit.given("namespace")
    return EXAMPLE.replace("company.team", namespace) if namespace else EXAMPLE


def of_flow(visit: Visit, flow: Mapping[str, Any]) -> dict[str, Any] | Moved:
    """Return what the tab that edits a flow shows; store what comes by POST."""
    name = flow["namespace"], flow["id"]
    if visit.request.method != "POST":
        return _form(flow, flow["source"], {})
    source, known = _given(visit), visit.request.form.get("revision", "")
    said = _checked(visit, source)
    if visit.request.form.get("do") == "check" or said["problems"]:
        return _form(flow, source, said)
    if known and known != str(flow["revision"]) and source != flow["source"]:
        newer = (
            f"revision {flow['revision']} was stored meanwhile; this text began as {known}. Compare, then save again"
        )
        return _form(flow, source, {"problems": [("", newer)], "warnings": []})
    try:
        stored = visit.api.send("PUT", address("/flows/{}/{}", *name), source, YAML)
    except (FlowError, InputError, ConflictError) as error:
        return _form(flow, source, {"problems": [("", str(error))], "warnings": []})
    is_new = stored["revision"] != flow["revision"]
    said_after = f"Revision {stored['revision']} is stored." if is_new else "Nothing has changed."
    return Moved(ui("/flows/edit/{}/{}/edit", *name), said_after)


def _form(flow: Mapping[str, Any], source: str, said: Mapping[str, Any]) -> dict[str, Any]:
    options = {"namespace": flow["namespace"], "flow": flow["id"], "revision": flow["revision"]}
    values = {"source": source, "options": {**options, "source": source, "saved": flow["source"]}}
    return {**values, **_unsaid(said), "status": _status(said)}


def _given(visit: Visit) -> str:
    """Return the text of the form; browsers send lines with a carriage return."""
    return visit.request.form.get("source", "").replace("\r\n", "\n")


def _checked(visit: Visit, source: str) -> dict[str, Any]:
    """Return what is wrong with a text, and what is old in it."""
    problems: list[tuple[str, str]] = []
    warnings: list[str] = []
    for each in visit.api.post("/flows/validate", body=source, kind=YAML):
        if each.get("constraints"):
            problems += [("", line) for line in str(each["constraints"]).splitlines() if line.strip()]
        warnings += [*each.get("warnings", []), *each.get("infos", []), *each.get("deprecationPaths", [])]
    return {"problems": problems, "warnings": warnings, "checked": True}


def _unsaid(said: Mapping[str, Any]) -> dict[str, Any]:
    return {"problems": [], "warnings": [], "checked": False, **said}


def _status(said: Mapping[str, Any]) -> int:
    return 422 if said.get("problems") else 200
