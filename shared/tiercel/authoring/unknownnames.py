"""What the expressions of a flow name and the flow does not have: inputs, variables and tasks that nobody declares.

Promise: only names that can be known from the text alone are doubted. Expressions that are rendered elsewhere (those of
triggers, those handed on to other executions) and flows that set variables while they run are left alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from tiercel.errors import ExpressionError
from tiercel.expressions.template import compile_template

_ELSEWHERE = frozenset(
    ("triggers", "listeners", "description", "displayName", "onResume", "pluginDefaults", "taskDefaults")
)
"""Keys below which a text is no expression, or one that sees another world."""
_SETTING = ("SetVariables", "UnsetVariables")
_KINDS: Mapping[str, str] = {"inputs": "input", "vars": "variable", "outputs": "task"}
_MOST = 100
"""Warnings of one flow."""


def unknown_names(document: Mapping[str, Any]) -> list[str]:
    """Return a warning for each name that an expression of a flow reads and the flow does not have.

    Args:
        document: The flow as its YAML gives it.
    """
    known = _known(document)
    found: list[str] = []
    for path, text in _texts(document, ""):
        for kind, name in sorted(_unknown(text, known)):
            near = get_close_matches(name, known[kind], 1)
            remedy = f"; nearest is '{near[0]}'" if near else ""
            found.append(
                f"{path}: the expression reads {kind}.{name}, and the flow has no {_KINDS[kind]} '{name}'{remedy}"
            )
        if len(found) >= _MOST:
            break
    return found[:_MOST]


def _known(document: Mapping[str, Any]) -> dict[str, Collection[str]]:
    """Return the names that there are, for each variable whose names can be known."""
    declared = document.get("inputs")
    inputs = [*_ids(declared), *map(str, _values(declared, "name"))]  # `name` is the old way to write `id`
    found: dict[str, Collection[str]] = {"inputs": {each.partition(".")[0] for each in inputs}}
    tasks = {key: value for key, value in document.items() if key not in ("inputs", "outputs", "triggers")}
    found["outputs"] = set(_ids(tasks))
    sets = any(str(kind).endswith(_SETTING) for kind in _values(tasks, "type"))
    variables = document.get("variables")
    if not sets and isinstance(variables, Mapping | None):
        found["vars"] = {str(each) for each in variables or ()}
    return found


def _ids(value: Any) -> Iterator[str]:
    yield from (str(each) for each in _values(value, "id"))


def _values(value: Any, key: str) -> Iterator[Any]:
    """Yield what stands behind a key, anywhere in a value."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Mapping):
            if key in each:
                yield each[key]
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield the texts of a flow that hold expressions of its own, each with its path."""
    if isinstance(value, str):
        if "{{" in value or "{%" in value:
            yield path, value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            handed_on = key == "outputs" and path  # of a task that starts a flow: rendered in that one
            if key not in _ELSEWHERE and not handed_on:
                yield from _texts(each, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for place, each in enumerate(value):
            yield from _texts(each, f"{path}[{place}]")


def _unknown(text: str, known: Mapping[str, Collection[str]]) -> set[tuple[str, str]]:
    try:
        paths = compile_template(text).references()
    except ExpressionError:
        return set()
    names = {(path[0], path[1]) for path in paths if len(path) > 1 and path[0] in known}
    return {(kind, name) for kind, name in names if not _is_known(kind, name, known[kind])}


def _is_known(kind: str, name: str, known: Collection[str]) -> bool:
    """Tell whether a name is one of those; a task made of several has ids of its own for them (`each_merge`)."""
    return name in known or (kind == "outputs" and name.rpartition("_")[0] in known)
