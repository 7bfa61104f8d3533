"""What tasks, triggers, conditions and task runners there are, and the documentation of each."""

from __future__ import annotations

from typing import Any

from tiercel.ui import formats
from tiercel.ui.pluginexamples import flow_of
from tiercel.ui.visit import Shown, Visit, ui

KINDS = (("tasks", "Tasks"), ("triggers", "Triggers"), ("conditions", "Conditions"), ("taskRunners", "Task runners"))


def show(visit: Visit) -> Shown:
    """Show the groups of plugins, or one plugin."""
    return _one(visit, visit.path["cls"]) if visit.path.get("cls") else _all(visit)


def _all(visit: Visit) -> Shown:
    part = visit.given("q").lower()
    groups = [
        {"group": group, "kinds": kinds}
        for group in visit.api.get("/plugins", query={"size": 1000, "sort": "group:asc"})["results"]
        if (kinds := _kinds(group, part))
    ]
    icons = visit.api.get("/plugins/icons/groups")
    return Shown("plugins", "Plugins", {"groups": groups, "icons": icons}, section="plugins")


def _kinds(group: dict[str, Any], part: str) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return the types of a group that a search finds, by their kind."""
    found = [
        (text, [each for each in group.get(kind, ()) if part in each["cls"].lower() or part in _title(each).lower()])
        for kind, text in KINDS
    ]
    return [(text, members) for text, members in found if members]


def _title(each: dict[str, Any]) -> str:
    return str(each.get("title") or "")


def _one(visit: Visit, name: str) -> Shown:
    found = visit.api.get("/plugins/{}", name)
    schema = found["schema"]
    about, outputs = schema["properties"], schema["outputs"]
    required = set(about.get("required", ()))
    rows = sorted(about.get("properties", {}).items(), key=lambda pair: (pair[0] not in required, pair[0]))
    values = {
        "name": name,
        "text": _introduction(found["markdown"]),
        "properties": [(each, shape, each in required) for each, shape in rows],
        "outputs": outputs.get("properties", {}),
        "more_outputs": outputs.get("additionalProperties", {}).get("description", ""),
        "outputs_as": "trigger.NAME" if found["kind"] == "triggers" else "outputs.ID.NAME",
        "example": example_of(found, name),
        "available": found["available"],
        "icon": visit.api.get("/plugins/icons").get(name, {}).get("icon", ""),
    }
    return Shown("plugin", formats.last_part(name), values, (("Plugins", ui("/plugins")),), "plugins")


def example_of(document: dict[str, Any], name: str) -> str:
    """Return a flow that shows a type."""
    schema = document["schema"]
    return flow_of(name, document["kind"], schema["properties"], schema.get("definitions", {}))


def _introduction(text: str) -> str:
    """Return the text between the title and the properties: those are shown as a table."""
    return text.partition("\n")[2].partition("\n## Properties")[0].strip()
