"""What Kestra 2.0 no longer has: such a flow runs here, and `validate` says what to write (flow specification, 13).

Promise: nothing but notices, and none that a task run would log. ForEach, ForEachItem and `pluginDefaults` are gone
there too, and get none: they are the heart of the 1.3 dialect, which we recommend (section 0).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tiercel import registry
from tiercel.flowfile.places import Path, Report

_CORE = f"{registry.PREFIX}core."
_API = "ask the API"
_KEYS = f"use {_CORE}kv.Set, kv.Get and kv.Delete"

TYPES: Mapping[str, str] = {
    f"{_CORE}storage.LocalFiles": "use 'inputFiles' and 'outputFiles'",
    f"{_CORE}execution.Count": _API,
    f"{_CORE}execution.Resume": _API,
    f"{_CORE}trigger.Toggle": _API,
    f"{_CORE}state.Get": _KEYS,
    f"{_CORE}state.Set": _KEYS,
    f"{_CORE}state.Delete": _KEYS,
}
"""Each type with what takes its place."""
PROPERTIES: Mapping[str, Mapping[str, str]] = {
    f"{_CORE}flow.Subflow": {"outputs": "declare 'outputs' in the flow that is called"},
    f"{_CORE}trigger.Schedule": {"conditions": "use 'when'"},
    f"{_CORE}trigger.Webhook": {"conditions": "use 'when'"},
    f"{_CORE}trigger.Flow": {"conditions": "use 'dependsOn'", "preconditions": "use 'dependsOn'"},
}
"""Properties of such types, likewise."""
_AUTH = {"basicAuthUser": "use 'auth'", "basicAuthPassword": "use 'auth'"}
_FLOW = {"workerGroup": "use 'workerSelector'"}
_BRANCHES = ("tasks", "errors", "finally", "afterExecution", "triggers", "listeners")


def note_outdated(raw: Mapping[str, Any], report: Report) -> None:
    """Note what a flow has that is gone in Kestra 2.0, where nothing else was said about it."""
    _properties(raw, _FLOW, (), report)
    checks = raw.get("checks")
    for index, check in enumerate(checks if isinstance(checks, list) else ()):
        if isinstance(check, dict):
            _properties(check, {"condition": "use 'when'"}, ("checks", index), report)
    for name in _BRANCHES:
        _walk(raw.get(name), (name,), report)


def _walk(value: object, path: Path, report: Report) -> None:
    if isinstance(value, list):
        for index, item in enumerate(value):
            _walk(item, (*path, index), report)
    elif isinstance(value, dict):
        kind = value.get("type")
        known = registry.find(kind) if isinstance(kind, str) else None
        if known is not None:
            _note(known, value, path, report)
        for key, item in value.items():
            _walk(item, (*path, key), report)


def _note(known: registry.Known, raw: Mapping[str, Any], path: Path, report: Report) -> None:
    remedy = TYPES.get(known.type)
    if remedy is not None:
        report.notice((*path, "type"), f"the type {known.type} is deprecated, Kestra 2.0 has it no more: {remedy}")
    _properties(raw, PROPERTIES.get(known.type, {}), path, report)
    if known.type == f"{_CORE}execution.Exit" and raw.get("state") == "CANCELED":
        report.notice((*path, "state"), "'CANCELED' is deprecated, Kestra 2.0 has it no more: use 'CANCELLED'")
    options = raw.get("options")
    if known.type.startswith(f"{_CORE}http.") and isinstance(options, dict):
        _properties(options, _AUTH, (*path, "options"), report)


def _properties(raw: Mapping[str, Any], remedies: Mapping[str, str], path: Path, report: Report) -> None:
    for name, remedy in remedies.items():
        if raw.get(name) is not None:
            message = f"'{name}' is deprecated, Kestra 2.0 has it no more: {remedy}"
            report.notice((*path, name), message, key=True)
