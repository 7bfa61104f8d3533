"""Tasks inside tasks: where a task's type has them written, and those of which a task is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from tiercel.model.plugin import Plugin


class Nested(Enum):
    """The shape of a property that holds tasks."""

    REQUIRED = "a list of tasks, not empty"
    OPTIONAL = "a list of tasks"
    CASES = "a map from a value to a list of tasks"
    GRAPH = "a list of {task, dependsOn}, not empty"
    ONE = "a single task"


@dataclass(frozen=True, slots=True)
class Part:
    """A task that the author did not write: one of those of which another task is made."""

    id: str
    """Its name; one with a dot is nobody's to see (no author can give it)."""
    type: str
    """The last part of its type name, after the type of the whole."""
    properties: Mapping[str, object] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()
    """The tasks inside it."""


_BESIDES = {"errors": Nested.OPTIONAL, "finally": Nested.OPTIONAL}
"""What every task with tasks inside may have."""


def nested_shapes(plugin: type[Plugin]) -> dict[str, Nested]:
    """Return the properties of a plugin that hold tasks, each with its shape."""
    nested: Mapping[str, Nested] | None = getattr(plugin, "nested", None)
    if nested is None or not getattr(plugin, "has_branches", True):
        return {}
    return {**nested, **_BESIDES}
