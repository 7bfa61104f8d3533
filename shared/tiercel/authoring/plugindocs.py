"""The plugins as documents: JSON Schemas from their models, Markdown from their docstrings, a simple icon for each.

Promise: nothing is written twice: what a plugin takes is told by its model, what that is for by the text below each
field. Everything is made once in a process.
"""

from __future__ import annotations

import html
import inspect
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from tiercel import registry
from tiercel.conditions import Condition
from tiercel.errors import NotFoundError
from tiercel.flowables.base import FlowableTask
from tiercel.model.described import field_docs, output_docs
from tiercel.model.inputs import INPUT_TYPES
from tiercel.model.nesting import Nested, nested_shapes
from tiercel.model.plugin import Plugin, field_kinds
from tiercel.model.task import COMMON, Task
from tiercel.plugin_names import DEPRECATED, PLUGINS
from tiercel.triggers.base import Trigger

TASK, TRIGGER, CONDITION, RUNNER = "tasks", "triggers", "conditions", "taskRunners"
"""The kinds of plugins, as the API names their lists."""

_BASES: tuple[tuple[type[Plugin], str], ...] = ((Task, TASK), (Trigger, TRIGGER), (Condition, CONDITION))
_OF_TRIGGERS = frozenset(field.alias or name for name, field in Trigger.model_fields.items())
_COLORS = ("#3b6fb6", "#2f8f6b", "#b0573c", "#7a56b3", "#a8862a", "#4a7d8c", "#a3477a", "#5b7f34")


@cache
def plugins() -> Mapping[str, tuple[type[Plugin], str]]:
    """Return each type with its class and its kind; those whose code cannot be loaded here are left out."""
    found = {}
    for name in sorted(PLUGINS):
        with suppress(ImportError):
            found[name] = plugin_of(name)
    return found


@cache
def plugin_of(name: str) -> tuple[type[Plugin], str]:
    """Return the class and the kind of a canonical type; only its own code is loaded.

    Raises:
        ImportError: It cannot be loaded here.
    """
    plugin = registry.load(name)
    return plugin, next((kind for base, kind in _BASES if issubclass(plugin, base)), RUNNER)


def plugin_named(name: str) -> tuple[str, type[Plugin], str]:
    """Return the canonical name, the class and the kind of a type.

    Raises:
        NotFoundError: There is no such type.
    """
    known = registry.find(name)
    if known is not None:
        with suppress(ImportError):
            return (known.type, *plugin_of(known.type))
    near = registry.nearest(name)
    raise NotFoundError(f"there is no plugin '{name}'{f'; nearest is {near}' if near else ''}")


def title_of(plugin: type) -> str:
    """Return what a plugin does, in one line."""
    return (inspect.getdoc(plugin) or plugin.__name__).partition("\n")[0]


def is_available(plugin: type) -> bool:
    """Tell whether a plugin does here what it says; task runners other than the process are only accepted."""
    return bool(getattr(plugin, "is_process", True))


def is_flowable(plugin: type) -> bool:
    """Tell whether a plugin decides which tasks come next."""
    return issubclass(plugin, FlowableTask)


# ------------------------------------------------------------------ schemas


class _Described(GenerateJsonSchema):
    """A schema with the text below each field, and without the titles that only repeat the names."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's own signature
        return False

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        made = super().model_schema(schema)
        model: type[BaseModel] = schema["cls"]
        docs: Mapping[str, str] = {}
        with suppress(OSError, TypeError):  # its source is not there
            docs = field_docs(model)
        for name, field in model.model_fields.items():
            known = made.get("properties", {}).get(_name_of(field.validation_alias) or field.alias or name)
            if known is not None and name in docs:
                known.setdefault("description", docs[name])
        return made


def _name_of(alias: object) -> str | None:
    """Return the name under which pydantic's schema shows a field that may be written with several."""
    if isinstance(alias, str):
        return alias
    choices = getattr(alias, "choices", None)
    return str(choices[0]) if choices else None


def model_schema(model: type[BaseModel], prefix: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a model's JSON Schema and the definitions to which it refers.

    Args:
        model: The model.
        prefix: What the names of its definitions begin with.
    """
    template = f"#/definitions/{prefix}-{{model}}"
    made = model.model_json_schema(by_alias=True, ref_template=template, schema_generator=_Described)
    inner = {f"{prefix}-{name}": definition for name, definition in made.pop("$defs", {}).items()}
    return made, inner


@cache
def plugin_schema(name: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return the JSON Schema of a canonical type and the definitions to which it refers."""
    plugin, kind = plugin_of(name)
    made, inner = model_schema(plugin, name)
    kinds, properties = field_kinds(plugin), made.setdefault("properties", {})
    for each, schema in properties.items():
        if each in kinds and kinds[each].dynamic:
            properties[each] = _dynamic(schema)
    properties.update((each, _tasks(shape)) for each, shape in nested_shapes(plugin).items())
    properties["type"] = {"const": name, "description": "The plugin's type."}
    needed = [each for each, shape in nested_shapes(plugin).items() if shape in (Nested.REQUIRED, Nested.GRAPH)]
    made["required"] = list(
        dict.fromkeys([*(["id"] if kind in (TASK, TRIGGER) else []), "type", *made.get("required", ()), *needed])
    )
    made["title"] = title_of(plugin)
    if name in DEPRECATED:
        made["deprecated"] = True
    return made, inner


@cache
def output_schema(name: str) -> Mapping[str, Any]:
    """Return the JSON Schema of what the runs of a canonical type give; without properties where they give nothing.

    Of a trigger it is what an execution sees as `trigger`. `additionalProperties` says which others there may be.
    """
    plugin, _ = plugin_of(name)
    found = {
        each: {**TypeAdapter(kind).json_schema(), "description": text}
        for each, (kind, text) in output_docs(plugin).items()
    }
    others = {"additionalProperties": {"description": plugin.gives.others}} if plugin.gives.others else {}
    return {"properties": found, **others}


_A_TEXT = {"type": "string"}


def _dynamic(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a property that may be an expression too."""
    if schema.get("type") == "string":
        return {**schema, "$dynamic": True}
    about: dict[str, Any] = {each: schema[each] for each in ("description", "default") if each in schema}
    inner = {each: value for each, value in schema.items() if each not in about}
    choices = inner["anyOf"] if set(inner) == {"anyOf"} else [inner]
    if _A_TEXT not in choices:
        choices = [*choices, _A_TEXT]
    return {**about, "anyOf": choices, "$dynamic": True}


TASK_NAME = "io.kestra.core.models.tasks.Task"
TRIGGER_NAME = "io.kestra.core.models.triggers.AbstractTrigger"
FLOW_NAME = "io.kestra.core.models.flows.Flow"
DEFAULT_NAME = "io.kestra.core.models.flows.PluginDefault"
INPUT_NAME = "io.kestra.core.models.flows.Input"


def _one(name: str = TASK_NAME) -> dict[str, Any]:
    return {"$ref": f"#/definitions/{name}"}


def _many(name: str = TASK_NAME) -> dict[str, Any]:
    return {"type": "array", "items": _one(name)}


def _tasks(shape: Nested) -> dict[str, Any]:
    """Return the schema of a property that holds tasks."""
    if shape is Nested.ONE:
        return _one()
    if shape is Nested.CASES:
        return {"type": "object", "additionalProperties": _many()}
    if shape is Nested.GRAPH:
        waits = {"type": "array", "items": {"type": "string"}}
        entry = {"type": "object", "properties": {"task": _one(), "dependsOn": waits}, "required": ["task"]}
        return {"type": "array", "items": entry, "minItems": 1}
    return {**_many(), "minItems": 1} if shape is Nested.REQUIRED else _many()


# ------------------------------------------------------------------ documentation


def plugin_document(name: str, *, everything: bool) -> dict[str, Any]:
    """Return `{markdown, schema: {properties, outputs, definitions}}` of a type.

    Args:
        name: Its canonical name.
        everything: Whether the properties that every task or trigger has are shown too.
    """
    plugin, kind = plugin_of(name)
    schema, inner = plugin_schema(name)
    common = {TASK: COMMON, TRIGGER: _OF_TRIGGERS}.get(kind, frozenset({"type"}))
    shown = {each: about for each, about in schema["properties"].items() if everything or each not in common}
    made = {**schema, "properties": shown}
    if not everything:
        made["required"] = [each for each in schema["required"] if each in shown]
    outputs = output_schema(name)
    parts = {"properties": made, "outputs": outputs, "definitions": dict(inner)}
    text = _markdown(name, plugin, made, outputs)
    return {"markdown": text, "schema": parts, "kind": kind, "available": is_available(plugin)}


def input_document(kind: str) -> dict[str, Any]:
    """Return the documentation of a type of input.

    Raises:
        NotFoundError: There is no such type.
    """
    model = INPUT_TYPES.get(kind.upper())
    if model is None:
        raise NotFoundError(f"there is no input type '{kind}'; there are {', '.join(sorted(INPUT_TYPES))}")
    made, inner = model_schema(model, kind.upper())
    parts = {"properties": made, "outputs": {}, "definitions": inner}
    return {"markdown": _markdown(kind.upper(), model, made, {}), "schema": parts}


def _markdown(name: str, model: type, schema: Mapping[str, Any], outputs: Mapping[str, Any]) -> str:
    lines = [f"# {name}", "", inspect.getdoc(model) or "", "", "## Properties", ""]
    for each, about in schema["properties"].items():
        marks = [
            kind_in_words(about),
            "required" if each in schema.get("required", ()) else "",
            "dynamic" if about.get("$dynamic") else "",
        ]
        lines += [f"### `{each}`", "", " · ".join(mark for mark in marks if mark), ""]
        lines += [str(about["description"]), ""] if about.get("description") else []
        if about.get("default") not in (None, "", [], {}):
            lines += [f"Default: `{about['default']}`", ""]
    return "\n".join([*lines, *_outputs_in_words(outputs)])


def _outputs_in_words(outputs: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines about what a type gives; none where it gives nothing."""
    if any(outputs.values()):
        yield from ("## Outputs", "")
    for each, about in outputs.get("properties", {}).items():
        yield from (f"### `{each}`", "", kind_in_words(about), "", about["description"], "")
    if "additionalProperties" in outputs:
        yield from ("### Others", "", outputs["additionalProperties"]["description"], "")


def kind_in_words(schema: Mapping[str, Any]) -> str:
    """Return what a schema takes, in a few words."""
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return " | ".join(f"`{each}`" for each in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(kind_in_words(each) for each in schema["anyOf"] if each.get("type") != "null"))
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2].rpartition("-")[2].rpartition(".")[2]
    if schema.get("type") == "array":
        return f"list of {kind_in_words(schema.get('items') or {})}"
    return str(schema.get("type", "anything"))


# ------------------------------------------------------------------ icons


def icon_of(name: str) -> str:
    """Return a simple icon as SVG: the first letters of a name on a colour of its group."""
    group, _, last = name.rpartition(".")
    capitals = "".join(letter for letter in last if letter.isupper()) or last[:2].title()
    color = _COLORS[zlib.crc32(group.encode()) % len(_COLORS)]
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" width="32" height="32">'
        f'<rect width="32" height="32" rx="6" fill="{color}"/>'
        '<text x="16" y="21" font-family="sans-serif" font-size="13" font-weight="bold" fill="#fff" '
        f'text-anchor="middle">{html.escape(capitals[:2])}</text></svg>'
    )
