"""Type names to plugins: a table of names, each plugin loaded on first use. No plugin is imported to look one up.

Names are accepted with or without `io.kestra.plugin.`; the long form is the canonical one.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from tiercel.model.plugin import Plugin
from tiercel.plugin_names import ALIASES, DEPRECATED, PLUGINS, PREFIXES

PREFIX = "io.kestra.plugin."
PluginClass = type[Plugin]


@dataclass(frozen=True, slots=True)
class Known:
    """A type name that the registry knows."""

    type: str
    """The canonical name."""
    written: str
    """The name as it was written."""
    deprecated: bool
    """Whether the written name is an old one, or the type itself is."""

    def load(self) -> PluginClass:
        """Import the plugin's module and return the class."""
        return load(self.type)


@cache
def find(name: str) -> Known | None:
    """Return what a type name stands for, or None when nothing has that name."""
    canonical = _canonical(name)
    if canonical not in PLUGINS:
        return None
    old = canonical in DEPRECATED or name not in (canonical, canonical.removeprefix(PREFIX))
    return Known(canonical, name, old)


def _canonical(name: str) -> str:
    for _ in range(4):  # an alias may lead to another name that has one
        if name in PLUGINS:
            return name
        if name in ALIASES:
            name = ALIASES[name]
            continue
        if PREFIX + name in PLUGINS or PREFIX + name in ALIASES:
            name = PREFIX + name
            continue
        for old, new in PREFIXES.items():
            if name.startswith(old):
                name = new + name[len(old) :]
                break
        else:
            if name.startswith(PREFIX + "core.condition.") and name.endswith("Condition"):
                name = name.removesuffix("Condition")
                continue
            return name
    return name


@cache
def load(canonical: str) -> type[Plugin]:
    """Import the class of a canonical type name."""
    module, _, name = PLUGINS[canonical].partition(":")
    plugin: type[Plugin] = getattr(importlib.import_module(module), name)
    return plugin


def nearest(name: str) -> str | None:
    """Return the known type whose name is most like this one, or None when none is near."""
    last = name.rpartition(".")[2]
    by_last: Mapping[str, list[str]] = _by_last_name()
    near = difflib.get_close_matches(name, PLUGINS, 1, 0.75)
    if near:
        return near[0]
    short = difflib.get_close_matches(last, by_last, 1, 0.6)
    if not short:
        return None
    return difflib.get_close_matches(name, by_last[short[0]], 1, 0.0)[0]


@cache
def _by_last_name() -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for name in PLUGINS:
        names.setdefault(name.rpartition(".")[2], []).append(name)
    return names
