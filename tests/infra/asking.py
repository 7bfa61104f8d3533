"""What the library asks of the store, and what it keeps there: read from its source, so that none is forgotten here."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple, cast

from tiercel.adapters.gcp.bodies import DATE
from tiercel.adapters.gcp.queries import count, select
from tiercel.ports import Where

LIBRARY = Path(__file__).parents[2] / "shared" / "tiercel"
SCALARS = ("namespace", "within", "flow_id", "states", "owner")
FIELDS = {name: name for name in SCALARS} | {"states": "state"}

MESSAGES = {"again", "breakpoint", "forced", "refused", "rest", "sweep"}
RESOURCES = {"bucket", "projects", "subscription", "topic"}
NO_KINDS = MESSAGES | RESOURCES | {"outputs", "refs", "rounds", "versions"}
"""How other names begin than keys: those of messages, of resources, of variables, of branches and of files."""


class Index(NamedTuple):
    """What a composite index serves."""

    kind: str
    fields: frozenset[str]
    order: str


class Call(NamedTuple):
    """A call of `StateStore.query` or `count`."""

    kind: str
    scalars: tuple[str, ...]
    newest_first: tuple[bool, ...]
    counts: bool

    def arguments(self) -> Iterator[Where]:
        """Yield the scalars that are given, with values: each argument may be None."""
        for size in range(len(self.scalars) + 1):
            for some in combinations(self.scalars, size):
                given: dict[str, Any] = {name: ("A",) if name == "states" else "x" for name in some}
                yield cast(Where, given)

    def indexes(self) -> Iterator[Index]:
        """Yield the composite indexes that its queries ask for."""
        for values in filter(None, self.arguments()):
            asked = [count(self.kind, values).structured_query] if self.counts else []
            asked += (
                [] if self.counts else [select(self.kind, values, newest, 10, None) for newest in self.newest_first]
            )
            yield from (_index(self.kind, query) for query in asked)


def _index(kind: str, query: object) -> Index:
    filters = query.where.composite_filter.filters  # type: ignore[attr-defined]
    named = {each.field_filter.field.field_path for each in filters}
    order = query.order_by[0]  # type: ignore[attr-defined]
    assert order.field.field_path == DATE
    return Index(kind, frozenset(named), "DESCENDING" if order.direction == 2 else "ASCENDING")


@cache
def _modules() -> list[ast.Module]:
    """Return the syntax trees of the modules that speak to the store, or name what lies in it."""
    left_out = {"adapters", "emulation", "node_modules"}
    paths = [path for path in sorted(LIBRARY.rglob("*.py")) if not left_out & {*path.parts}]
    texts = [path.read_text() for path in paths]
    return [ast.parse(text) for text in texts if re.search(r"\bstore\b|tiercel\.ports|_key\(", text)]


@cache
def calls() -> list[Call]:
    """Return every call in the library."""
    found = []
    for tree in _modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _is_asked(node):
                kind = _kind(node.args[0], tree)
                found.append(Call(kind, _scalars(node), _orders(node), node.func.attr == "count"))
    return found


@cache
def kinds() -> set[str]:
    """Return the kinds of all keys that the library makes: texts such as `f"kv/{namespace}/{key}"`."""
    found = set()
    for tree in _modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr) and (kind := _first_part(node, tree)) is not None:
                found.add(kind)
    return found - NO_KINDS


@cache
def kinds_with_an_end() -> set[str]:
    """Return the kinds of which some documents have an end: an `Index(kind, ..., until=...)`."""
    found = set()
    for tree in _modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Index":
                named = {each.arg: each.value for each in node.keywords}
                if "until" in named:
                    found.add(_kind(named.get("kind", node.args[0] if node.args else None), tree))
    return found


def _first_part(node: ast.JoinedStr, tree: ast.Module) -> str | None:
    """Return what stands before the first slash of a key; None for another text."""
    first = node.values[0]
    if isinstance(first, ast.Constant):
        match = re.match(r"([a-z]+)/", str(first.value))
        return match[1] if match and len(node.values) > 1 else None
    return _kind(ast.Name("KIND"), tree) if re.match(r"f['\"]\{KIND\}/", ast.unparse(node)) else None


def _is_asked(node: ast.Call) -> bool:
    assert isinstance(node.func, ast.Attribute)
    if node.func.attr not in ("query", "count") or not node.args:
        return False
    return "store" in ast.unparse(node.func.value)


def _kind(node: ast.expr | None, tree: ast.Module) -> str:
    """Return the kind that an argument names: a text, or a constant of the module or of the one it comes from."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    assert isinstance(node, ast.Name), node
    for each in tree.body:
        if isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == node.id:
            return str(ast.literal_eval(each.value))
        if isinstance(each, ast.ImportFrom) and any(name.name == node.id for name in each.names):
            source = LIBRARY.parent / ((each.module or "").replace(".", "/") + ".py")
            return _kind(node, ast.parse(source.read_text()))
    raise AssertionError(f"nobody says what {node.id} is")


def _scalars(node: ast.Call) -> tuple[str, ...]:
    named = [each.arg for each in node.keywords]
    return SCALARS if None in named else tuple(name for name in SCALARS if name in named)


def _orders(node: ast.Call) -> tuple[bool, ...]:
    for each in node.keywords:
        if each.arg == "newest_first":
            return (bool(each.value.value),) if isinstance(each.value, ast.Constant) else (False, True)
    return (False,)
