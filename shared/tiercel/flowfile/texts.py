"""Where a plugin wants text: a scalar written there keeps its text (`yes`, `1.10`, `007`), as its author wrote it.

Promise: only values whose property takes text and nothing else of its kind are changed, in place.
"""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter

from tiercel.flowfile.places import Document


@dataclass(frozen=True, slots=True)
class Shape:
    """What a value may hold, as far as text is concerned."""

    text: bool = False
    """Takes a text."""
    scalar: bool = False
    """Takes another scalar too, so that a number stays a number."""
    items: Shape | None = None
    values: Shape | None = None
    models: tuple[type[BaseModel], ...] = ()

    def joined(self, other: Shape) -> Shape:
        """Return the shape of either."""
        return Shape(
            self.text or other.text,
            self.scalar or other.scalar,
            _either(self.items, other.items),
            _either(self.values, other.values),
            self.models + other.models,
        )


def _either(one: Shape | None, other: Shape | None) -> Shape | None:
    return one.joined(other) if one and other else one or other


_NOTHING = Shape()
_ANYTHING = Shape(scalar=True)


@cache
def shapes(model: type[BaseModel]) -> dict[str, Shape]:
    """Return the shape of each property of a model by each of the names it may be written with."""
    found: dict[str, Shape] = {}
    for name, field in model.model_fields.items():
        shape = shape_of(field.annotation)
        names = {field.alias or name, name, *map(str, getattr(field.validation_alias, "choices", None) or ())}
        found.update(dict.fromkeys(names, shape))
    return found


def shape_of(annotation: Any) -> Shape:
    """Return the shape that an annotation allows."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return shape_of(inner[0])
    if origin in (Union, types.UnionType):
        shape = _NOTHING
        for part in inner:
            shape = shape.joined(shape_of(part))
        return shape
    if origin is Literal:
        return Shape(text=any(isinstance(each, str) for each in inner))
    if annotation in (Any, object) or isinstance(annotation, TypeVar):
        return _ANYTHING
    kind = origin or annotation
    return _shape_of_class(kind, inner) if isinstance(kind, type) else _NOTHING


def _shape_of_class(kind: type, inner: tuple[Any, ...]) -> Shape:
    if issubclass(kind, str):
        return Shape(text=True)
    if issubclass(kind, bool | int | float):
        return Shape(scalar=True)
    if issubclass(kind, Enum):
        return Shape(text=True)
    if issubclass(kind, Mapping):
        return Shape(values=shape_of(inner[1])) if len(inner) == 2 else _NOTHING
    if issubclass(kind, Sequence | set | frozenset):
        return Shape(items=shape_of(inner[0])) if inner else _NOTHING
    return Shape(models=(kind,)) if issubclass(kind, BaseModel) else _NOTHING


@cache
def _model_shape(models: tuple[type[BaseModel], ...]) -> dict[str, Shape]:
    found: dict[str, Shape] = {}
    for model in models:
        for name, shape in shapes(model).items():
            found[name] = found[name].joined(shape) if name in found else shape
    return found


def keep_texts(value: Any, shape: Shape, document: Document) -> None:
    """Turn the scalars of a structure into the texts that were written, wherever its shape wants text."""
    if isinstance(value, list):
        if shape.items is not None:
            for index, item in enumerate(value):
                value[index] = kept(item, shape.items, document, value, index)
    elif isinstance(value, dict):
        fields = _model_shape(shape.models) if shape.models else {}
        for key, item in value.items():
            inner = fields.get(key, shape.values)
            if inner is not None:
                value[key] = kept(item, inner, document, value, key)


def kept(item: Any, shape: Shape, document: Document, container: object, key: str | int) -> Any:
    """Return an item of a container as its shape wants it: the written text, or the value."""
    if isinstance(item, str) or item is None:
        return item
    if isinstance(item, list | dict):
        keep_texts(item, shape, document)
        return item
    return document.text(container, key, item) if shape.text and not shape.scalar else item


@cache
def adapter(kind: Any) -> TypeAdapter[Any]:
    """Return what validates values of a type, made once."""
    return TypeAdapter(kind)
