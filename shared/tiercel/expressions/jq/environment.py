"""The names that a jq program has bound, and the arguments that see them.

Promise: environments never change; a name bound later hides an earlier one.
"""

from __future__ import annotations

from tiercel.expressions.jq.tree import Node


class BreakError(Exception):
    """A `break`, on its way to its label."""

    def __init__(self, label: object) -> None:
        super().__init__("break")
        self.label = label


class Environment:
    """Names that are bound: a chain, innermost first."""

    __slots__ = ("bound", "key", "outer")

    def __init__(self, outer: Environment | None, key: object, bound: object) -> None:
        self.outer = outer
        self.key = key
        self.bound = bound


def look_up(environment: Environment | None, key: object) -> tuple[Environment | None, object]:
    """Return the link that binds a name, and what it binds it to."""
    while environment is not None:
        if environment.key == key:
            return environment, environment.bound
        environment = environment.outer
    return None, None


class Closure:
    """An argument of a function: a program and the names it sees."""

    __slots__ = ("environment", "node")

    def __init__(self, node: Node, environment: Environment | None) -> None:
        self.node = node
        self.environment = environment
