"""A type name in a flow to the plugin's class, with the remedy where nothing has that name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tiercel import registry
from tiercel.flowfile.places import Path, Report
from tiercel.flowfile.words import shown
from tiercel.model.plugin import Plugin
from tiercel.model.task import Task

_EXAMPLES = {"task": "log.Log", "trigger": "trigger.Schedule", "condition": "condition.Expression"}


def find_plugin(
    raw: Mapping[str, Any], path: Path, report: Report | None, what: str
) -> tuple[str, type[Plugin]] | None:
    """Return the canonical type and the class of a map with a `type`, or None after reporting why not.

    Args:
        raw: The map.
        path: Where it stands.
        report: Takes the problem; None to stay silent.
        what: `task`, `trigger` or `condition`.
    """
    name = raw.get("type")
    known = registry.find(name) if isinstance(name, str) else None
    if known is None:
        if report is not None:
            report.problem((*path, "type"), _unknown(name, what))
        return None
    if known.deprecated and report is not None:
        report.notice((*path, "type"), _deprecated(known))
    try:
        plugin = known.load()
    except ImportError as error:
        message = f"the type {known.type} is known, but its code cannot be loaded: {error}; install what it needs"
    else:
        if issubclass(plugin, Task) is (what == "task"):
            return known.type, plugin
        message = _misplaced(known.type, what)
    if report is not None:
        report.problem((*path, "type"), message)
    return None


def _unknown(name: object, what: str) -> str:
    if not isinstance(name, str) or not name.strip():
        return (
            f"Invalid type: {shown(name)}; every {what} needs a type, such as {registry.PREFIX}core.{_EXAMPLES[what]}"
        )
    instead = registry.unsupported(name)
    if instead is not None:
        return f"Invalid type: {name}; {instead}"
    near = registry.nearest(name)
    remedy = f"nearest is {near}" if near else "no known type is like it: check its spelling"
    return f"Invalid type: {name}; {remedy}"


def _misplaced(name: str, what: str) -> str:
    found = "no task" if what == "task" else f"a task, wanted a {what}"
    return f"Invalid type: {name} is {found}; move it to where such types stand, or use one such as {_EXAMPLES[what]}"


def _deprecated(known: registry.Known) -> str:
    if known.written in (known.type, known.type.removeprefix(registry.PREFIX)):
        return f"the type {known.type} is deprecated"
    return f"the type {known.written} is deprecated: use {known.type}"
