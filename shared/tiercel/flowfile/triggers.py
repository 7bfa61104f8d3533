"""Triggers: their properties, and what a trigger and its flow must have together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tiercel.flowfile.defaults import Injected, canonical_type
from tiercel.flowfile.places import Path, Report
from tiercel.flowfile.plugins import find_plugin
from tiercel.flowfile.properties import read_properties
from tiercel.flowfile.words import shown

_CORE = "io.kestra.plugin.core."
_ID = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]*")


def read_trigger(raw: Any, path: Path, report: Report, injected: Injected) -> Mapping[str, Any] | None:
    """Return a trigger as authored with its types canonical, or None after reporting what is wrong with it."""
    if not isinstance(raw, dict):
        found = "must not be null" if raw is None else f"must be a map with 'id' and 'type', found {shown(raw)}"
        report.problem(path, found)
        return None
    known = find_plugin(raw, path, report, "trigger")
    if known is None:
        _check_id(raw, path, report)
        return None
    canonical, plugin = known
    properties = read_properties(plugin, raw, path, report, owner=f"class {canonical}", injected=injected)
    properties["type"] = canonical
    _rules(canonical, properties, path, report)
    read_conditions(properties, path, report, injected)
    return properties


def read_conditions(raw: Mapping[str, Any], path: Path, report: Report, injected: Injected) -> None:
    """Check the conditions of a trigger, a listener or another condition; their types become canonical, in place."""
    for place, condition in _conditions(raw, path):
        _condition(condition, place, report, injected)


def _check_id(raw: Mapping[str, Any], path: Path, report: Report) -> None:
    name = raw.get("id")
    if not isinstance(name, str) or not _ID.fullmatch(name):
        report.problem((*path, "id"), f"must match the pattern {_ID.pattern}, found {shown(name)}")


def _conditions(raw: Mapping[str, Any], path: Path) -> Iterator[tuple[Path, Any]]:
    """Yield the conditions of a trigger or of another condition, each with its place."""
    for name in ("conditions", "scheduleConditions"):
        inside = raw.get(name)
        if isinstance(inside, list):
            yield from (((*path, name, index), each) for index, each in enumerate(inside))
        elif isinstance(inside, dict):
            yield from (((*path, name, key), each) for key, each in inside.items())


def _condition(raw: Any, path: Path, report: Report, injected: Injected) -> None:
    if not isinstance(raw, dict):
        report.problem(path, f"must be a condition: a map with 'type', found {shown(raw)}")
        return
    known = find_plugin(raw, path, report, "condition")
    if known is not None:
        properties = read_properties(known[1], raw, path, report, owner=f"class {known[0]}", injected=injected)
        for name in raw.keys() - properties.keys():
            del raw[name]
        raw.update(properties, type=known[0])
    read_conditions(raw, path, report, injected)


def _rules(canonical: str, raw: Mapping[str, Any], path: Path, report: Report) -> None:
    if canonical == f"{_CORE}trigger.Flow" and not any(
        raw.get(name) for name in ("conditions", "preconditions", "dependsOn", "when")
    ):
        message = (
            "a Flow trigger without conditions or preconditions fires for every execution of every flow; give it some"
        )
        report.notice(path, message)
    if canonical != f"{_CORE}trigger.Webhook":
        return
    for place, condition in _conditions(raw, path):
        kind = condition.get("type") if isinstance(condition, dict) else None
        if isinstance(kind, str) and canonical_type(kind) == f"{_CORE}condition.MultipleCondition":
            message = "invalid webhook: conditions of type MultipleCondition are not supported; use a Flow trigger"
            report.problem((*place, "type"), message)


def report_missing_inputs(raw: Mapping[str, Any], report: Report) -> None:
    """Note the triggers that cannot start their flow, because an input has neither a default nor a value there."""
    inputs = raw.get("inputs")
    wanted = [
        str(entry.get("id"))
        for entry in (inputs if isinstance(inputs, list) else ())
        if isinstance(entry, dict)
        and entry.get("required") is not False
        and not any(name in entry for name in ("defaults", "dependsOn"))
    ]
    triggers = raw.get("triggers")
    for index, entry in enumerate(triggers if isinstance(triggers, list) else ()):
        kind = canonical_type(str(entry.get("type"))) if isinstance(entry, dict) else ""
        if kind not in (f"{_CORE}trigger.Schedule", f"{_CORE}trigger.Webhook"):
            continue
        given = entry.get("inputs")
        missing = [name for name in wanted if not isinstance(given, dict) or name not in given]
        if missing:
            what = kind.rpartition(".")[2]
            message = f"Missing inputs for {what} Trigger '{entry.get('id')}', missing inputs: '{', '.join(missing)}'"
            report.notice(("triggers", index), f"{message}; give them under 'inputs' of the trigger")
