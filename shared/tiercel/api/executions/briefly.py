"""A flow as whoever executes it sees it: its inputs and the outline of its tasks, not their properties."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tiercel.flows import FlowRecord
from tiercel.model.instants import iso
from tiercel.views.flows import authored

_KEPT = ("description", "inputs", "outputs", "variables", "labels")
_TASKS = ("tasks", "errors", "finally", "afterExecution")


def brief_flow(record: FlowRecord) -> dict[str, Any]:
    """Return a flow's outline: `{id, namespace, revision, inputs, outputs, labels, tasks, triggers, ...}`."""
    source = authored(record.source)
    found: dict[str, Any] = {
        "id": record.id,
        "namespace": record.namespace,
        "revision": record.revision,
        "updated": iso(record.at),
        "disabled": record.disabled,
        "deleted": record.deleted,
        "draft": False,
    }
    found.update((name, source[name]) for name in _KEPT if source.get(name))
    found.update((name, _outline(source[name])) for name in _TASKS if source.get(name))
    found.setdefault("tasks", [])
    if isinstance(source.get("triggers"), list):
        found["triggers"] = [_named(trigger) for trigger in source["triggers"] if isinstance(trigger, Mapping)]
    return found


def _named(member: Mapping[str, Any]) -> dict[str, Any]:
    return {name: member[name] for name in ("id", "type", "disabled") if name in member}


def _outline(value: Any) -> Any:
    """Return the tasks in a value, each with nothing but its name, its type and the tasks inside it; None for none."""
    if isinstance(value, list):
        found = [outline for item in value if (outline := _outline(item)) is not None]
        return found or None
    if not isinstance(value, Mapping):
        return None
    if set(value) <= {"task", "dependsOn"}:  # an entry of a Dag
        return _outline(value.get("task"))
    inside = {str(name): outline for name, each in value.items() if (outline := _outline(each)) is not None}
    if isinstance(value.get("id"), str) and isinstance(value.get("type"), str):
        return {**_named(value), **inside}
    return inside or None
