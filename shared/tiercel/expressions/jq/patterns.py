"""What `as` binds: the names of a pattern, each with its part of a value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tiercel.expressions.jq import paths
from tiercel.expressions.jq.environment import Environment
from tiercel.expressions.jq.tree import Node
from tiercel.expressions.jq.values import JqError, Json

if TYPE_CHECKING:
    from tiercel.expressions.jq.machine import Machine


def destructured(
    machine: Machine, patterns: Any, environment: Environment | None, value: Json, whole: Json
) -> Iterator[Environment | None]:
    """Yield the environments that a pattern makes; of several the first that fits."""
    for pattern in patterns[:-1]:
        try:
            yield from list(_bound(machine, pattern, environment, value, whole))
        except JqError:
            continue
        return
    yield from _bound(machine, patterns[-1], environment, value, whole)


def _bound(
    machine: Machine, pattern: Node, environment: Environment | None, value: Json, whole: Json
) -> Iterator[Environment | None]:
    if pattern.kind == "variable":
        yield Environment(environment, f"${pattern.parts[0]}", value)
        return
    if pattern.kind == "list":
        yield from _bound_items(machine, pattern.parts, 0, environment, value, whole)
        return
    yield from _bound_pairs(machine, pattern.parts, environment, value, whole)


def _bound_items(
    machine: Machine, items: Any, at: int, environment: Environment | None, value: Json, whole: Json
) -> Iterator[Environment | None]:
    if at == len(items):
        yield environment
        return
    for bound in _bound(machine, items[at], environment, paths.index(value, at, machine.budget), whole):
        yield from _bound_items(machine, items, at + 1, bound, value, whole)


def _bound_pairs(
    machine: Machine, pairs: Any, environment: Environment | None, value: Json, whole: Json
) -> Iterator[Environment | None]:
    if not pairs:
        yield environment
        return
    variable, key_node, inner = pairs[0]
    for key in machine.values(key_node, environment, whole):
        child = paths.index(value, key, machine.budget)
        bound = Environment(environment, f"${variable}", child) if variable else environment
        for deeper in _bound(machine, inner, bound, child, whole) if inner else [bound]:
            yield from _bound_pairs(machine, pairs[1:], deeper, value, whole)
