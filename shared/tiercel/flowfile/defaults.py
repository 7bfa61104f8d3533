"""Plugin defaults: values that a flow, or the configuration, puts under or over every plugin of a type.

Promise: defaults are injected into the values, never into the source; what an author wrote keeps its place, and what
came from a default is reported where the default stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tiercel import registry
from tiercel.errors import FlowError
from tiercel.flowfile.places import Document, Key

MAX_COPIED = 500_000
"""Values that defaults may bring into one flow."""


@dataclass(frozen=True, slots=True)
class Default:
    """One entry of `pluginDefaults`."""

    type: str
    """An exact type, or the beginning of one."""
    values: Mapping[str, Any]
    forced: bool = False

    def matches(self, canonical: str) -> bool:
        """Tell whether it is meant for a type."""
        return canonical.startswith(self.type) or canonical.removeprefix(registry.PREFIX).startswith(self.type)


@dataclass(slots=True)
class Injected:
    """Which properties came from a default that named only the beginning of the type."""

    by_prefix: set[tuple[int, Key]] = field(default_factory=set)
    maps: dict[int, Any] = field(default_factory=dict)
    """Maps that came whole, by identity."""

    def is_lenient(self, container: object, key: Key) -> bool:
        """Tell whether a property that nobody knows is to be ignored."""
        return (id(container), key) in self.by_prefix or id(container) in self.maps

    def note(self, value: Any) -> None:
        """Remember every map inside a value that came from such a default."""
        if isinstance(value, dict):
            self.maps[id(value)] = value
        inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        for item in inside:
            self.note(item)


def canonical_type(name: str) -> str:
    """Return the canonical form of a type, or the name itself when nothing has it."""
    known = registry.find(name)
    return known.type if known else name


def make_default(entry: Mapping[str, Any]) -> Default:
    """Return an entry of `pluginDefaults` that was found to be in order."""
    return Default(canonical_type(entry["type"]), entry["values"], bool(entry.get("forced", False)))


def inject(document: Document, own: Sequence[Default], everywhere: Sequence[Default]) -> Injected:
    """Put defaults under, forced ones over, every map of a flow that has a type.

    Args:
        document: The flow; changed in place. The defaults themselves are left alone.
        own: The flow's list, which comes first.
        everywhere: The configuration's list.
    """
    injection = _Injection(document, [*own, *everywhere])
    if injection.defaults and isinstance(document.value, dict):
        for name, value in document.value.items():
            if name not in ("pluginDefaults", "taskDefaults"):
                injection.walk(value, frozenset())
    return injection.injected


class _Injection:
    """Puts defaults under or over others, and remembers whose the values were."""

    def __init__(self, document: Document, defaults: Sequence[Default]) -> None:
        self.document, self.defaults = document, defaults
        self.injected = Injected()
        self.default = -1
        """The number of the default that is being merged."""
        self.by_prefix = False
        self._brought: dict[int, int] = {}
        """Which default brought a list or map."""

    def walk(self, value: object, around: frozenset[int]) -> None:
        """Inject into every map that has a type, outermost first.

        Args:
            value: The list or map to look through.
            around: The defaults that brought it; what a default brings does not get that default again, or a default
                whose type is a prefix of its own task runner's would never end.
        """
        if id(value) in self._brought:
            around |= {self._brought[id(value)]}
        if isinstance(value, dict):
            if isinstance(value.get("type"), str):
                self._inject(value, around)
            for item in value.values():
                self.walk(item, around)
        elif isinstance(value, list):
            for item in value:
                self.walk(item, around)

    def _inject(self, target: dict[str, Any], around: frozenset[int]) -> None:
        canonical = canonical_type(target["type"])
        matching = [
            number for number, each in enumerate(self.defaults) if number not in around and each.matches(canonical)
        ]
        ordered = [number for number in matching if not self.defaults[number].forced]
        ordered += [number for number in reversed(matching) if self.defaults[number].forced]
        for number in ordered:
            default = self.defaults[number]
            self.default, self.by_prefix = number, default.type != canonical
            (self.over if default.forced else self.under)(target, default.values)

    def under(self, target: dict[str, Any], values: Mapping[str, Any]) -> None:
        for key, value in values.items():
            if key not in target:
                self._set(target, key, value, values)
            elif isinstance(target[key], dict) and isinstance(value, dict):
                self.under(target[key], value)
            elif isinstance(target[key], list) and isinstance(value, list):
                self._join(target, key, self._copy(value), target[key])

    def over(self, target: dict[str, Any], values: Mapping[str, Any]) -> None:
        for key, value in values.items():
            if isinstance(target.get(key), dict) and isinstance(value, dict):
                self.over(target[key], value)
            elif isinstance(target.get(key), list) and isinstance(value, list):
                self._join(target, key, target[key], self._copy(value))
            else:
                self._set(target, key, value, values)

    def _copy(self, value: Any) -> Any:
        made = self.document.copy(value)
        if self.by_prefix:
            self.injected.note(made)
        if self.document.copied > MAX_COPIED:
            raise FlowError(f"the plugin defaults put more than {MAX_COPIED:,} values into the flow; make them smaller")
        return made

    def _set(self, target: dict[str, Any], key: str, value: Any, source: Mapping[str, Any]) -> None:
        document = self.document
        fresh = key not in target
        target[key] = made = self._copy(value)
        if isinstance(made, list | dict):
            self._brought[id(made)] = self.default
        if fresh and self.by_prefix:
            self.injected.by_prefix.add((id(target), key))
        document.texts.pop((id(target), key), None)
        if (id(source), key) in document.texts:
            document.texts[id(target), key] = document.texts[id(source), key]
        there, here = document.places.get(id(source)), document.places.get(id(target))
        if there is not None and here is not None and key in there.items:
            here.items[key] = there.items[key]

    def _join(self, target: dict[str, Any], key: str, first: list[Any], then: list[Any]) -> None:
        """Put two lists together in one that knows where each item stood."""
        document, joined = self.document, [*first, *then]
        document.hold(joined, target[key])
        place = document.places.get(id(joined))
        if place is not None:
            place.items = {}
        for part, shift in ((first, 0), (then, len(first))):
            old = document.places.get(id(part))
            for index in range(len(part)):
                if place is not None and old is not None and index in old.items:
                    place.items[index + shift] = old.items[index]
                if (id(part), index) in document.texts:
                    document.texts[id(joined), index + shift] = document.texts[id(part), index]
        target[key] = joined
