"""What a plugin is: a frozen pydantic model whose values arrive rendered and validated.

A field is *dynamic* when it is annotated with `Rendered[...]`: its YAML value may hold expressions, which are
rendered before the model is made. All other fields are static.
"""

from __future__ import annotations

import json
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, ClassVar, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic.alias_generators import to_camel

from tiercel.model.states import State

T = TypeVar("T")


class Dynamic:
    """Marks a field whose value is rendered before use."""


Rendered = Annotated[T, Dynamic()]


class Outputs:
    """Base of what plugins say they give: an annotation for each output, and below it the text that says what it is.

    It is read when somebody asks for documentation, and nothing is ever made of it. Names are those of Python; YAML's
    follow from them as those of properties do.
    """

    others: ClassVar[str] = ""
    """Which outputs there may be besides, where their names follow from the flow."""


class Plugin(BaseModel):
    """Base of everything that a flow names with `type`: tasks, triggers, conditions, task runners."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        populate_by_name=True,
        arbitrary_types_allowed=True,
        defer_build=True,  # a process builds the few classes that its flows name (20 ms of a cold start)
    )

    deprecated: ClassVar[Mapping[str, str]] = {}
    """Old property names, each with the remedy for whoever still writes it."""
    gives: ClassVar[type[Outputs]] = Outputs
    """What its runs give: the outputs of a task, what the executions of a trigger see as `trigger`."""


@dataclass(frozen=True)
class Result:
    """What a task gives back when its outputs alone do not say it."""

    outputs: Mapping[str, object] | None = None
    """The task run's outputs."""
    state: State | None = None
    """The state to end in, where the plugin decides it (for example WARNING)."""


def text_of(value: object) -> str:
    """Return a value as a text property takes it: text stays, structures and numbers become JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


def _text_map(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): None if item is None else text_of(item) for key, item in value.items()}
    return value


TextMap = Annotated[dict[str, str | None], BeforeValidator(_text_map)]
"""A map of texts; numbers, lists and maps among its values become JSON text."""


def _template_map(value: object) -> object:
    if isinstance(value, Mapping):
        scalars = (bool, int, float)
        return {str(key): text_of(item) if isinstance(item, scalars) else item for key, item in value.items()}
    return value


TemplateMap = Annotated[dict[str, str | list[Any] | dict[str, Any] | None], BeforeValidator(_template_map)]
"""A map of texts and structures; a structure becomes text once it is rendered: before, a quote would spoil its JSON."""


@dataclass(frozen=True)
class FieldKind:
    """How one property of a plugin is treated before validation."""

    name: str
    """The property as it is written in YAML."""
    dynamic: bool
    required: bool
    wants_text: bool
    """True when the field takes text: a structure written there becomes JSON text first."""
    wants_structure: bool
    """True when the field takes a list or map but no text: a text written there is parsed as JSON after rendering."""


@cache
def field_kinds(plugin: type[Plugin]) -> dict[str, FieldKind]:
    """Return each property of a plugin by each of the names it may be written with."""
    kinds: dict[str, FieldKind] = {}
    for name, field in plugin.model_fields.items():
        alias = field.alias or name
        plain, dynamic = _plain_types(field.annotation)
        dynamic = dynamic or any(isinstance(item, Dynamic) for item in field.metadata)
        texts = any(kind is str or (isinstance(kind, type) and issubclass(kind, str)) for kind in plain)
        structures = bool(plain & {list, dict, tuple}) or any(_is_model(kind) for kind in plain)
        anything = bool(plain & {Any, object})
        kind = FieldKind(
            name=alias,
            dynamic=dynamic,
            required=field.is_required(),
            wants_text=texts and not structures and not anything,
            wants_structure=structures and not texts and not anything,
        )
        kinds[alias] = kind
        choices = getattr(field.validation_alias, "choices", None)
        for choice in choices or ():
            kinds[str(choice)] = kind
    return kinds


def _is_model(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _plain_types(annotation: object) -> tuple[set[object], bool]:
    """Return the types that an annotation names at its top level, and whether it is marked dynamic."""
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *marks = get_args(annotation)
        plain, dynamic = _plain_types(inner)
        return plain, dynamic or any(isinstance(mark, Dynamic) for mark in marks)
    if origin in (Union, types.UnionType):
        plain, dynamic = set(), False
        for part in get_args(annotation):
            found, marked = _plain_types(part)
            plain |= found
            dynamic |= marked
        return plain, dynamic
    return {origin or annotation}, False


Render = Callable[[object], object]
"""Renders a text, or every text of a structure."""


def bind(plugin: type[Plugin], properties: Mapping[str, object], render: Render, **named: object) -> Any:
    """Return the plugin with its dynamic properties rendered, then validated.

    Args:
        plugin: The class.
        properties: The properties as authored, by YAML name.
        render: Renders a text, or every text of a structure.
        named: Further properties, used as they are.

    Raises:
        pydantic.ValidationError: A rendered value is not of its property's type.
    """
    kinds = field_kinds(plugin)
    values: dict[str, object] = dict(named)
    for name, value in properties.items():
        kind = kinds.get(name)
        if value is not None and kind is not None and kind.dynamic:
            value = _render_field(kind, value, render)
        values[name] = value
    return plugin.model_validate(values)


def _render_field(kind: FieldKind, value: object, render: Render) -> object:
    if kind.wants_text and not isinstance(value, str):
        value = text_of(value)
    was_text = isinstance(value, str)
    value = render(value)
    if was_text and isinstance(value, str) and kind.wants_structure:
        return parse_structure(value)
    return value


def parse_structure(text: str) -> object:
    """Return the list or map that a text holds as JSON, or the text itself where it holds none."""
    if not text.strip():
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text
