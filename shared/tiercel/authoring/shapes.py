"""What may stand at a place of a flow: the JSON Schema of each mapping.

Promise: only the plugins that a mapping names are loaded for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from tiercel import registry
from tiercel.authoring import plugindocs, schemas
from tiercel.authoring.outline import Block
from tiercel.authoring.plugindocs import (
    CONDITION,
    INPUT_NAME,
    RUNNER,
    TASK,
    TASK_NAME,
    TRIGGER,
    TRIGGER_NAME,
    model_schema,
)
from tiercel.model.inputs import INPUT_TYPES
from tiercel.plugin_names import PLUGINS

Schema = Mapping[str, Any]
_PREFIX = "#/definitions/"
_OF_KIND = {TASK_NAME: TASK, TRIGGER_NAME: TRIGGER}


def kind_of(name: str) -> str:
    """Return the kind of a canonical type, by where its code stands; nothing is loaded."""
    module, _, written = PLUGINS[name].partition(":")
    if ".runner." in name:
        return RUNNER
    if ".condition." in name:
        return CONDITION
    return TRIGGER if module.startswith("tiercel.triggers") or written.endswith("Trigger") else TASK


@cache
def names_of(kind: str) -> tuple[str, ...]:
    """Return the types of a kind, sorted."""
    return tuple(sorted(name for name in PLUGINS if kind_of(name) == kind))


def schema_at(block: Block) -> list[Schema]:
    """Return what a mapping may be: the schemas that fit the `type` that it names, all where it names none."""
    if block.parent is None:
        return [schemas.flow_alone()[0]]
    return _chosen(_below(block), block.keys.get("type", ""))


def kinds_at(block: Block) -> list[str]:
    """Return the kinds of plugins one of which a mapping is."""
    names = {each for schema in _below(block) for each in _references(schema)}
    found = [kind for name, kind in _OF_KIND.items() if name in names]
    path = block.path()
    if path and path[-1] == "conditions":
        return [CONDITION]
    return [*found, *([RUNNER] if path and path[-1] == "taskRunner" else [])]


def _below(block: Block) -> list[Schema]:
    """Return the schemas of what stands below the key under which a mapping stands."""
    assert block.parent is not None
    found = [each for schema in schema_at(block.parent) for each in property_of(schema, block.under)]
    return [item for schema in found for item in _items(schema, in_list=block.in_list)]


def property_of(schema: Schema, name: str) -> list[Schema]:
    """Return the schemas of a property."""
    properties = schema.get("properties", {})
    if name in properties:
        return [properties[name]]
    more = schema.get("additionalProperties")
    return [more] if isinstance(more, Mapping) else []


def _items(schema: Schema, *, in_list: bool) -> Iterator[Schema]:
    for each in leaves(schema):
        if in_list and isinstance(each.get("items"), Mapping):
            yield each["items"]
        elif not in_list:
            yield each


def _references(schema: Schema) -> Iterator[str]:
    if "$ref" in schema:
        yield schema["$ref"].removeprefix(_PREFIX)
    for each in schema.get("anyOf", ()):
        yield from _references(each)


def leaves(schema: Schema) -> Iterator[Schema]:
    """Yield the schemas of which one holds; a plugin is given by its reference alone."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(_PREFIX)
        found = None if name in _OF_KIND else _definition(name)
        if found is None:
            yield schema
        else:
            yield from leaves(found)
    elif "anyOf" in schema or "oneOf" in schema:
        for each in schema.get("anyOf", schema.get("oneOf", ())):
            yield from leaves(each)
    else:
        yield schema


def _definition(name: str) -> Schema | None:
    if name == INPUT_NAME:
        return {"anyOf": [{"$ref": f"{_PREFIX}{INPUT_NAME}-{each}"} for each in sorted(INPUT_TYPES)]}
    if name.startswith(f"{INPUT_NAME}-"):
        return _input(name.removeprefix(f"{INPUT_NAME}-"))
    if name in PLUGINS:
        return _plugin(name)
    owner = name.partition("-")[0]
    inner = plugindocs.plugin_schema(owner)[1] if owner in PLUGINS else schemas.flow_alone()[1]
    return inner.get(name) or _nested_input(name)


@cache
def _input(kind: str) -> Schema:
    made, _ = model_schema(INPUT_TYPES[kind], f"{INPUT_NAME}-{kind}")
    return {**made, "properties": {**made.get("properties", {}), "type": {"const": kind}}}


def _nested_input(name: str) -> Schema | None:
    for kind, model in INPUT_TYPES.items():
        if name.startswith(f"{INPUT_NAME}-{kind}-"):
            return model_schema(model, f"{INPUT_NAME}-{kind}")[1].get(name)
    return None


def _plugin(name: str) -> Schema | None:
    try:
        return plugindocs.plugin_schema(name)[0]
    except KeyError:  # its code cannot be loaded here
        return None


def _chosen(found: list[Schema], written: str) -> list[Schema]:
    """Return those of several schemas that fit a type."""
    written = written.strip("\"'")
    shown: list[Schema] = []
    for schema in found:
        for each in leaves(schema):
            if "$ref" in each:
                shown += _of_plugin(written, each["$ref"].removeprefix(_PREFIX))
                continue
            const = each.get("properties", {}).get("type", {}).get("const")
            if const is None or const == written or not written or _canonical(written) == const:
                shown.append(each)
    return shown


def _of_plugin(written: str, name: str) -> list[Schema]:
    plugin = _plugin(_canonical(written)) if written and _canonical(written) in PLUGINS else None
    if plugin is not None:
        return [plugin]
    return [{"properties": schemas.common_properties(_OF_KIND[name]), "required": ["id", "type"]}]


def _canonical(written: str) -> str:
    known = registry.find(written)
    return known.type if known is not None else ""
