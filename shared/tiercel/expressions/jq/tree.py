"""The tree of a jq program."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias


class Node(NamedTuple):
    """One node: its kind and what belongs to it."""

    kind: str
    parts: tuple[Part, ...] = ()


class Function(NamedTuple):
    """A definition: its parameters and its body."""

    name: str
    parameters: tuple[str, ...]
    body: Node


Part: TypeAlias = "Node | Function | str | int | float | bool | tuple[Part, ...] | None"
