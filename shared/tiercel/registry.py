"""Type names to plugins: a table of names, each plugin loaded on first use. No plugin is imported to look one up.

Names are accepted with or without `io.kestra.plugin.`; the long form is the canonical one.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from tiercel.model.plugin import Plugin
from tiercel.plugin_names import ALIASES, DEPRECATED, PARTS, PLUGINS, PREFIXES, UNSUPPORTED

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


def unsupported(name: str) -> str | None:
    """Return the remedy for a type that is known and does not run here; None for every other name."""
    canonical = _canonical(name)
    return UNSUPPORTED.get(canonical) or UNSUPPORTED.get(PREFIX + canonical)


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
            start = next((start for start in (old, old.removeprefix(PREFIX)) if name.startswith(start)), None)
            if start is not None:
                name = new + name[len(start) :]
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
    module, _, name = (PLUGINS.get(canonical) or PARTS[canonical]).partition(":")
    plugin: type[Plugin] = getattr(importlib.import_module(module), name)
    return plugin


_MISSPELT, _ALIKE = 0.8, 0.6
"""How much alike two last names are (1 is the same) that are one name misspelt, and that may be."""


def nearest(name: str, among: Iterable[str] = PLUGINS) -> str | None:
    """Return the type that was probably meant, or None when none is near.

    A last name that is only misspelt counts first, then the package, then a likeness; what is in the same package
    goes before what is not.

    Args:
        name: The type name that is not known.
        among: The canonical names that may be meant.
    """
    written = _canonical(name)
    package = written.rpartition(".")[0]
    everywhere = list(among)
    neighbours = [known for known in everywhere if _is_in(known, package)]
    for some, least in ((neighbours, _MISSPELT), (everywhere, _MISSPELT), (neighbours, 0.0), (everywhere, _ALIKE)):
        likeness, found = max(((_likeness(known, written), known) for known in some), default=((0.0, 0.0), None))
        if likeness[0] >= least and found is not None:
            return found
    return None


def _is_in(known: str, package: str) -> bool:
    """Tell whether a type is in a package, whose first parts need not be written."""
    return bool(package) and f".{known.rpartition('.')[0]}".lower().endswith(f".{package}".lower())


def _likeness(one: str, other: str) -> tuple[float, float]:
    """Return how much alike the last names are, and the whole ones."""
    return _ratio(one.rpartition(".")[2], other.rpartition(".")[2]), _ratio(one, other)


def _ratio(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one.lower(), other.lower()).ratio()
