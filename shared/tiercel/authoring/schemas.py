"""The JSON Schemas by which editors complete and check flows (draft-07), made from the plugins' models."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from tiercel.authoring.plugindocs import (
    DEFAULT_NAME,
    FLOW_NAME,
    INPUT_NAME,
    TASK,
    TASK_NAME,
    TRIGGER,
    TRIGGER_NAME,
    model_schema,
    plugin_schema,
    plugins,
)
from tiercel.errors import NotFoundError
from tiercel.flowfile.blocks import CheckBlock, ConcurrencyBlock, SlaBlock
from tiercel.flowfile.document import FIELDS
from tiercel.model.inputs import INPUT_TYPES, FlowOutput
from tiercel.model.task import Task
from tiercel.triggers.base import Trigger

_DRAFT = "http://json-schema.org/draft-07/schema#"
_TEXT, _SWITCH, _MAP = {"type": "string"}, {"type": "boolean"}, {"type": "object"}
_LABEL = {"type": "object", "properties": {"key": _TEXT, "value": {}}, "required": ["key", "value"]}
_LABELS = {"anyOf": [_MAP, {"type": "array", "items": _LABEL}]}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/definitions/{name}"}


def _list(name: str, **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": _ref(name), **more}


def folded(kind: str) -> str:
    """Return the name of a schema in one form: `PLUGIN_DEFAULT` is `plugindefault`."""
    return kind.lower().replace("_", "").replace("-", "")


def schema_of(kind: str, *, many: bool = False) -> dict[str, Any]:
    """Return the schema of `flow`, `task`, `trigger`, `plugindefault`, `template` or `dashboard`.

    Args:
        kind: What it is of, in any case.
        many: Whether it is of a list of them.

    Raises:
        NotFoundError: There is no such schema.
    """
    roots = {"flow": FLOW_NAME, "task": TASK_NAME, "trigger": TRIGGER_NAME, "plugindefault": DEFAULT_NAME}
    name = folded(kind)
    if name in ("dashboard", "template"):
        own: dict[str, Any] = {"type": "object", "required": ["id"], "properties": {"id": _TEXT}}
        return {"$schema": _DRAFT, "definitions": {}, **({"type": "array", "items": own} if many else own)}
    if name not in roots:
        raise NotFoundError(f"there is no schema '{kind}'; there are {', '.join([*roots, 'dashboard', 'template'])}")
    root = _list(roots[name]) if many else _ref(roots[name])
    return {"$schema": _DRAFT, "definitions": _definitions(), **root}


@cache
def _definitions() -> Mapping[str, Any]:
    """Return the definitions of everything that a flow may hold."""
    found: dict[str, Any] = {}
    unions: dict[str, list[dict[str, Any]]] = {TASK: [], TRIGGER: []}
    for name, (_, kind) in plugins().items():
        made, inner = plugin_schema(name)
        found |= {name: made, **inner}
        if kind in unions:
            unions[kind].append(_ref(name))
    found[TASK_NAME] = {"anyOf": unions[TASK]}
    found[TRIGGER_NAME] = {"anyOf": unions[TRIGGER]}
    found[INPUT_NAME] = {"anyOf": [_input(kind, found) for kind in sorted(INPUT_TYPES)]}
    found[DEFAULT_NAME] = {
        "type": "object",
        "properties": {"type": _TEXT, "forced": _SWITCH, "values": _MAP},
        "required": ["type", "values"],
    }
    found[FLOW_NAME] = _flow(found)
    return found


def _input(kind: str, found: dict[str, Any]) -> dict[str, Any]:
    name = f"{INPUT_NAME}-{kind}"
    made, inner = model_schema(INPUT_TYPES[kind], name)
    made.setdefault("properties", {})["type"] = {"const": kind}
    found |= {name: made, **inner}
    return _ref(name)


@cache
def flow_alone() -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return the schema of a flow and the definitions that only it needs: no plugin is loaded for it."""
    found: dict[str, Any] = {}
    return _flow(found), found


@cache
def common_properties(kind: str) -> Mapping[str, Any]:
    """Return the properties that every task has, or every trigger (by the kind)."""
    made, _ = model_schema(Task if kind == TASK else Trigger, kind)
    return {**made.get("properties", {}), "type": _TEXT}


def _flow(found: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a flow; definitions that only it needs are added."""
    for name, model in (
        ("Concurrency", ConcurrencyBlock),
        ("SLA", SlaBlock),
        ("Check", CheckBlock),
        ("Output", FlowOutput),
    ):
        made, inner = model_schema(model, name)
        found |= {name: made, **inner}
    properties: dict[str, Any] = {name: {} for name in FIELDS} | dict(_FLOW)
    return {
        "type": "object",
        "title": "A flow: tasks, and what starts them",
        "properties": properties,
        "required": ["id", "namespace", "tasks"],
        "additionalProperties": False,
    }


_FLOW: Mapping[str, Any] = {
    "id": {**_TEXT, "pattern": "^[a-zA-Z0-9][a-zA-Z0-9._-]*$", "maxLength": 100},
    "namespace": {**_TEXT, "pattern": "^[a-z0-9][a-z0-9._-]*$", "maxLength": 150},
    "revision": {"type": "integer", "minimum": 1},
    "description": _TEXT,
    "labels": _LABELS,
    "inputs": _list(INPUT_NAME),
    "outputs": _list("Output"),
    "variables": _MAP,
    "tasks": _list(TASK_NAME, minItems=1),
    "errors": _list(TASK_NAME),
    "finally": _list(TASK_NAME),
    "afterExecution": _list(TASK_NAME),
    "triggers": _list(TRIGGER_NAME),
    "pluginDefaults": _list(DEFAULT_NAME),
    "concurrency": _ref("Concurrency"),
    "sla": _list("SLA"),
    "checks": _list("Check"),
    "retry": _MAP,
    "disabled": _SWITCH,
    "deleted": _SWITCH,
    "draft": _SWITCH,
    "tenantId": _TEXT,
}


def properties_of(kind: str) -> Mapping[str, Any]:
    """Return the properties of a flow, or those that every task or trigger has.

    Raises:
        NotFoundError: There are none of this name.
    """
    if kind.lower() == "flow":
        return dict(_definitions()[FLOW_NAME]["properties"])
    if kind.lower() in ("task", "trigger"):
        wanted = TASK if kind.lower() == "task" else TRIGGER
        schemas = [plugin_schema(name)[0]["properties"] for name, (_, each) in plugins().items() if each == wanted]
        shared = {name: about for name, about in schemas[0].items() if all(name in other for other in schemas)}
        return shared | {"type": _TEXT}
    raise NotFoundError(f"there are no properties of '{kind}'; there are those of flow, task and trigger")
