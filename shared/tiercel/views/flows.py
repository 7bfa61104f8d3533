"""A flow as people and clients see it: its YAML as JSON with what the store knows about it (API specification, 2).

Promise: a flow whose source no longer validates (a plugin is gone) is shown all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from tiercel import registry
from tiercel.errors import FlowError
from tiercel.flowfile.places import Document
from tiercel.flowfile.texts import Shape, kept, shapes
from tiercel.flows import FlowRecord
from tiercel.model.instants import iso

KEPT = 256
"""Sources that a process keeps read."""

BRANCHES = ("tasks", "errors", "finally", "afterExecution", "listeners")
"""The properties of a flow that hold tasks."""


_WRITTEN = ("id", "type", "description", "displayName")
"""Properties that are text in whatever has them."""


@lru_cache(maxsize=KEPT)
def authored(source: str) -> Mapping[str, Any]:
    """Return the map that a source holds, not to be changed; empty where it holds none.

    What a property takes as text is as it was written, and labels are a list of key and value.
    """
    from tiercel.flowfile.reading import decode, read  # only who shows a flow needs YAML

    try:
        documents = read(decode(source))
    except FlowError:
        return {}
    document = next((each for each in documents if isinstance(each.value, dict)), None)
    if document is None:
        return {}
    _keep_texts(document.value, document)
    labels = list(_labels(document.value.pop("labels", None), document))
    return {**document.value, **({"labels": labels} if labels else {})}


def _keep_texts(value: Any, document: Document) -> None:
    """Turn scalars into the texts that were written, wherever a plugin's property takes text, in place."""
    if isinstance(value, list):
        for item in value:
            _keep_texts(item, document)
    elif isinstance(value, dict):
        shape = _shape(value.get("type"))
        for name, item in value.items():
            if name in shape:
                value[name] = kept(item, shape[name], document, value, name)
            elif name in _WRITTEN and isinstance(item, bool | int | float):
                value[name] = document.text(value, name, item)
            if isinstance(value[name], list | dict):
                _keep_texts(value[name], document)


def _shape(kind: object) -> Mapping[str, Shape]:
    """Return the shapes of a plugin's properties by their names; none for what is no plugin here."""
    known = registry.find(kind) if isinstance(kind, str) else None
    if known is None:
        return {}
    try:
        return shapes(known.load())
    except ImportError:
        return {}


def _labels(labels: Any, document: Document) -> Iterator[dict[str, str]]:
    """Yield the labels of a flow, written as a map or as a list, as key and value."""
    if isinstance(labels, dict):
        for key, value in labels.items():
            yield {"key": key, "value": document.text(labels, key, value) if not isinstance(value, str) else value}
    for entry in labels if isinstance(labels, list) else ():
        if isinstance(entry, dict):
            value = entry.get("value")
            text = value if isinstance(value, str) else document.text(entry, "value", value)
            yield {"key": str(entry.get("key")), "value": text}


def flow_view(record: FlowRecord, tenant: str, *, source: bool = False) -> dict[str, Any]:
    """Return a flow as one JSON document.

    Args:
        record: A revision of it.
        tenant: Whose it is.
        source: Whether its YAML text is shown too.
    """
    found = {name: value for name, value in authored(record.source).items() if value is not None}
    found |= {"id": record.id, "namespace": record.namespace, "revision": record.revision, "tenantId": tenant}
    found |= {"disabled": record.disabled, "deleted": record.deleted, "draft": False, "updated": iso(record.at)}
    found.setdefault("tasks", [])
    if source:
        found["source"] = record.source
    return found


def task_bodies(source: str) -> dict[str, Mapping[str, Any]]:
    """Return every task of a flow as its author wrote it, by its id."""
    raw = authored(source)
    return {str(task["id"]): task for name in BRANCHES for task in _tasks(raw.get(name))}


def _tasks(value: object) -> Iterator[Mapping[str, Any]]:
    """Yield the tasks of a structure, those inside others too."""
    if isinstance(value, list):
        for item in value:
            yield from _tasks(item)
    elif isinstance(value, Mapping):
        if "id" in value and "type" in value:
            yield value
        for item in value.values():
            yield from _tasks(item)
