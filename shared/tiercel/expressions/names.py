"""Reads names off a tree: which a template assigns, and which paths it reads.

Promise: the paths are never too few: what may be read, but cannot be known, shows in `reads_anything`.
"""

from __future__ import annotations

from typing import NamedTuple

from tiercel.expressions.nodes import (
    Attribute,
    Block,
    Body,
    Call,
    Expression,
    For,
    If,
    Index,
    Literal,
    Name,
    Print,
    Rendered,
    Set,
    Text,
    Tree,
)

_READ_ANYTHING = frozenset(("render", "renderOnce", "printContext", "fetchContext"))
_READ: dict[str, tuple[tuple[str, ...], ...]] = {
    "currentEachOutput": (("taskrun",), ("parents",)),
    "iterationOutput": (("outputs",), ("task",), ("taskrun",), ("item",), ("parents",)),
    "parentOutput": (("parents",),),
    "fileURI": (("flow", "namespace"),),
    "env": (("envs",),),
}


class Reads(NamedTuple):
    """What a template reads."""

    paths: frozenset[tuple[str, ...]]
    anything: bool


def assigned_names(tree: Tree) -> frozenset[str]:
    """Return every name that the template may hold in a scope of its own."""
    names: set[str] = {"loop"}
    waiting: list[object] = [tree.body, *tree.blocks.values()]
    for macro in tree.macros.values():
        names.update(name for name, _ in macro.parameters)
        waiting += [macro.body, macro.parameters]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Set | For):
            names.add(node.name)
        if isinstance(node, tuple):
            waiting.extend(child for child in node if type(child) is not str)
    return frozenset(names)


def reads_of(tree: Tree) -> Reads:
    """Return the static access paths that a template reads."""
    reader = _Reader()
    reader.body(tree.body, frozenset())
    for body in tree.blocks.values():
        reader.body(body, frozenset())
    for macro in tree.macros.values():  # a macro sees no variable, but what it calls may
        reader.inside_macro = True
        for _, default in macro.parameters:
            reader.expression(default, frozenset())
        reader.body(macro.body, frozenset())
    return Reads(frozenset(reader.paths), reader.anything)


class _Reader:
    def __init__(self) -> None:
        self.paths: set[tuple[str, ...]] = set()
        self.anything = False
        self.inside_macro = False

    def body(self, body: Body, bound: frozenset[str]) -> None:
        """Read statements; `bound` holds the names that are the template's own here."""
        for node in body:
            match node:
                case Print():
                    self.expression(node.value, bound)
                case Set():
                    self.expression(node.value, bound)
                    bound |= {node.name}
                case If():
                    for condition, branch, _ in node.branches:
                        self.expression(condition, bound)
                        self.body(branch, bound)
                    self.body(node.otherwise, bound)
                case For():
                    self.expression(node.items, bound)
                    self.body(node.body, bound | {node.name, "loop"})
                    self.body(node.otherwise, bound)
                case Text() | Block():
                    pass

    def expression(self, root: Expression, bound: frozenset[str]) -> None:
        waiting: list[object] = [root]
        while waiting:
            node = waiting.pop()
            if isinstance(node, Name | Attribute | Index):
                waiting += self.chain(node, bound)
            elif isinstance(node, Rendered):
                self.body(node.body, bound)
            elif isinstance(node, tuple):
                if isinstance(node, Call):
                    self.anything |= node.name in _READ_ANYTHING
                    self.paths.update(_READ.get(node.name, ()))
                waiting.extend(child for child in node if isinstance(child, tuple))

    def chain(self, node: Name | Attribute | Index, bound: frozenset[str]) -> list[object]:
        """Note the path of an access chain; return the expressions inside it."""
        path: list[str] = []
        inside: list[object] = []
        inner: Expression = node
        while not isinstance(inner, Name):
            if isinstance(inner, Attribute):
                path.append(inner.name)
            elif isinstance(inner, Index) and isinstance(inner.key, Literal) and isinstance(inner.key.value, str):
                path.append(inner.key.value)
            elif isinstance(inner, Index):
                path.clear()
                inside.append(inner.key)
            else:
                return [*inside, inner]
            inner = inner.receiver
        if inner.name not in bound and not self.inside_macro:
            self.paths.add((inner.name, *reversed(path)))
        return inside
