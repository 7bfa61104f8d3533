"""A plugin's properties as authored: names checked and made canonical, values validated where they are not templates.

Promise: nothing is rendered here. What holds an expression is validated when it is rendered, everything else now.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError

from tiercel.flowfile.defaults import Injected
from tiercel.flowfile.places import Path, Report, has
from tiercel.flowfile.texts import Shape, kept, shapes
from tiercel.flowfile.words import Fault, faults, unrecognized
from tiercel.model.plugin import FieldKind, Plugin, field_kinds, parse_structure

_TEMPLATES = ("{{", "{%", "{#")


def is_template(value: object) -> bool:
    """Tell whether a text, or any text of a structure, holds an expression."""
    if isinstance(value, str):
        return "{" in value and any(mark in value for mark in _TEMPLATES)
    if isinstance(value, dict):
        return any(is_template(key) or is_template(item) for key, item in value.items())
    return isinstance(value, list) and any(map(is_template, value))


def read_properties(
    plugin: type[Plugin],
    raw: Mapping[str, Any],
    path: Path,
    report: Report,
    *,
    owner: str,
    besides: Collection[str] = (),
    injected: Injected | None = None,
) -> dict[str, Any]:
    """Return a plugin's properties by their canonical names, reporting what is wrong with them.

    Args:
        plugin: The class that says which properties there are.
        raw: The map as authored.
        path: Where the map stands.
        report: Takes problems and notices.
        owner: What the messages call it.
        besides: Properties that are there too, and are read elsewhere (nested tasks).
        injected: What came from plugin defaults.
    """
    names = _Names(plugin, path, report, owner, besides, injected)
    values = names.read(raw)
    _validate(plugin, values, names)
    return values


class _Names:
    """The way from authored names to canonical ones, and back for messages."""

    def __init__(
        self,
        plugin: type[Plugin],
        path: Path,
        report: Report,
        owner: str,
        besides: Collection[str],
        injected: Injected | None,
    ) -> None:
        self.plugin, self.path, self.report, self.owner = plugin, path, report, owner
        self.besides, self.injected = besides, injected
        self.written: dict[str, str] = {}
        self.raw: Mapping[str, Any] = {}

    def read(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        self.raw = raw
        kinds, shape = field_kinds(self.plugin), shapes(self.plugin)
        values: dict[str, Any] = {}
        for name, value in raw.items():
            kind = kinds.get(name)
            if name in self.besides:
                continue
            if kind is not None and value is None:  # as if it were not there
                self.written.setdefault(kind.name, name)
            elif kind is not None:
                self._take(values, name, kind, value, shape[name])
            else:
                self._unknown(name)
        return values

    def _take(self, values: dict[str, Any], name: str, kind: FieldKind, value: Any, shape: Shape) -> None:
        if kind.name in values:
            message = f"'{name}' and '{self.written[kind.name]}' are one property; keep '{kind.name}'"
            self.report.problem((*self.path, name), message, key=True)
            return
        remedy = self.plugin.deprecated.get(name)
        if remedy is not None or name != kind.name:
            remedy = remedy or f"use '{kind.name}'"
            self.report.notice((*self.path, name), f"'{name}' is deprecated: {remedy}", key=True)
        values[kind.name] = kept(value, shape, self.report.document, self.raw, name)
        self.written[kind.name] = name

    def _unknown(self, name: str) -> None:
        if self.injected is not None and self.injected.is_lenient(self.raw, name):
            return
        self.report.problem((*self.path, name), unrecognized(name, self.owner, self.known()), key=True)

    def known(self) -> list[str]:
        own = (kind.name for kind in field_kinds(self.plugin).values())
        return list(dict.fromkeys((*own, *self.besides)))


def _validate(plugin: type[Plugin], values: dict[str, Any], names: _Names) -> None:
    kinds = field_kinds(plugin)
    templated, given = set(), dict(values)
    for name, value in values.items():
        kind = kinds[name]
        if kind.dynamic and is_template(value):
            templated.add(name)
        elif kind.dynamic and isinstance(value, str) and kind.wants_structure:
            given[name] = parse_structure(value)
        elif kind.dynamic and kind.wants_text and isinstance(value, list | dict):
            given[name] = "a structure, made text when rendered"
    for _ in range(2):  # again once what defaults brought too much is taken away
        try:
            plugin.model_validate(given)
        except ValidationError as error:
            if not _report(error, given, values, templated, names):
                continue
        return


def _report(
    error: ValidationError, given: Mapping[str, Any], values: Mapping[str, Any], templated: set[str], names: _Names
) -> bool:
    """Report what is wrong; return False when something was only too much of a default, and was taken away."""
    found = faults(error.errors(include_url=False), given, lambda path: (_owner(names, path), _known(names, path)))
    pruned = False
    for fault in found:
        if fault.kind == "extra_forbidden" and _prune(fault, values, names):
            pruned = True
    if pruned:
        return False
    for fault in found:
        if not _excused(fault, given, templated):
            first = names.written.get(str(fault.path[0]), fault.path[0]) if fault.path else None
            place = names.path if first is None else (*names.path, first, *fault.path[1:])
            names.report.problem(
                place, fault.message + _static_hint(fault, values, names), key=fault.kind == "extra_forbidden"
            )
    return True


def _excused(fault: Fault, given: Mapping[str, Any], templated: set[str]) -> bool:
    """Tell whether a fault may vanish once expressions are rendered."""
    if not fault.path:
        return bool(templated)
    if fault.path[0] not in templated:
        return False
    return not (fault.kind == "extra_forbidden" and len(fault.path) > 1 and _stands(given, fault.path))


def _stands(value: Any, path: Path) -> bool:
    for step in path:
        if not has(value, step):
            return False
        value = value[step]
    return True


def _prune(fault: Fault, values: Mapping[str, Any], names: _Names) -> bool:
    container: Any = values
    for step in fault.path[:-1]:
        if not has(container, step):
            return False
        container = container[step]
    name = fault.path[-1]
    if names.injected is None or len(fault.path) < 2 or not names.injected.is_lenient(container, name):
        return False
    return container.pop(name, None) is not None


def _static_hint(fault: Fault, values: Mapping[str, Any], names: _Names) -> str:
    name = str(fault.path[0]) if fault.path else ""
    kind = field_kinds(names.plugin).get(name)
    if kind is None or kind.dynamic or not is_template(values.get(name)):
        return ""
    return "; expressions are not rendered in this property: write the value itself"


def _owner(names: _Names, path: Path) -> str:
    inside = [step for step in path if isinstance(step, str)]
    return f"property '{inside[-1]}' of {names.owner}" if inside else f"class {names.owner}"


def _known(names: _Names, path: Path) -> Sequence[str]:
    return _known_inside(names.plugin, tuple(step for step in path if isinstance(step, str))) if path else names.known()


@cache
def _known_inside(model: type[BaseModel], path: tuple[str, ...]) -> tuple[str, ...]:
    """Return the properties of the model that stands at the end of a path of names."""
    models: list[type[BaseModel]] = [model]
    for name in path:
        inside = [_leaf_models(shape) for each in models if (shape := shapes(each).get(name)) is not None]
        models = [each for group in inside for each in group] or models
    return tuple(dict.fromkeys(field.alias or name for each in models for name, field in each.model_fields.items()))


def _leaf_models(shape: Shape) -> list[type[BaseModel]]:
    inner = [*_leaf_models(shape.items)] if shape.items else []
    inner += _leaf_models(shape.values) if shape.values else []
    return [*shape.models, *inner]
