"""What fits at a place of a flow's text: properties, types, values, and what expressions may name.

Promise: pure; every text and every place is answered, if only with nothing. Plugins are loaded when a text names them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from tiercel import registry
from tiercel.authoring.outline import Block, Cursor, Outline, outline
from tiercel.authoring.plugindocs import kind_in_words, output_schema
from tiercel.authoring.shapes import Schema, kinds_at, leaves, names_of, property_of, schema_at
from tiercel.expressions import catalogue
from tiercel.expressions.routines import Routine
from tiercel.plugin_names import DEPRECATED

LARGEST = 1_000_000
"""Characters of a text that is completed; a larger one is answered with nothing."""

TASKS = ("tasks", "errors", "finally", "afterExecution", "listeners")

VARIABLES: Mapping[str, tuple[str, ...]] = {
    "flow": ("id", "namespace", "revision", "tenantId"),
    "execution": ("id", "startDate", "originalId", "state"),
    "task": ("id", "type"),
    "taskrun": ("id", "startDate", "attemptsCount", "parentId", "value", "iteration"),
    "trigger": ("date", "next", "previous", "body", "headers", "parameters", "uri", "executionId", "flowId"),
    "error": ("taskId", "message", "stackTrace"),
    "outputs": (),
    "inputs": (),
    "vars": (),
    "labels": (),
    "parent": ("taskrun", "outputs"),
    "parents": (),
    "item": (),
    "envs": (),
    "globals": (),
    "kestra": ("environment", "url"),
}
"""What an expression may begin with, and what is known below it."""


@dataclass(frozen=True)
class Known:
    """What the installation holds."""

    flows: Collection[tuple[str, str]] = ()
    """Namespaces and ids."""
    secrets: Collection[str] = ()
    keys: Collection[str] = ()
    """Keys of the flow's namespace."""


@dataclass(frozen=True)
class Option:
    """Something that fits."""

    label: str
    type: str
    """`property`, `type`, `value`, `id`, `variable`, `function` or `filter`."""
    detail: str = ""
    """What it takes, in a few words."""
    info: str = ""
    required: bool = False
    apply: str = ""
    """What is written for it, where that is not the label."""

    def as_json(self) -> dict[str, Any]:
        """Return it as clients read it, without what is empty."""
        names = ("label", "type", "detail", "info", "required", "apply")
        return {name: getattr(self, name) for name in names if getattr(self, name)}


@dataclass(frozen=True)
class Completion:
    """What fits at a place."""

    word: str
    """What stands there already of it, before the cursor."""
    kind: str
    """That of the cursor."""
    options: list[Option] = field(default_factory=list)


def complete(source: str, line: int, column: int, known: Known) -> Completion:
    """Return what fits at a place.

    Args:
        source: The text of a flow, finished or not.
        line: Counted from 1.
        column: Counted from 1: 1 is before the first character of the line.
        known: What the installation holds.
    """
    if len(source) > LARGEST:
        return Completion("", "text")
    found = outline(source, line, column)
    cursor = found.cursor
    options = {"key": _keys, "value": _values, "expression": _named}.get(cursor.kind)
    return Completion(cursor.word, cursor.kind, [] if options is None else list(options(found, cursor, known)))


def namespace_of(source: str) -> str:
    """Return the namespace that a text gives its flow; empty for none."""
    found = re.search(r"^namespace:[ \t]*[\"']?([\w.-]+)", source, re.MULTILINE)
    return found[1] if found else ""


# ------------------------------------------------------------------ properties and values


def _keys(_outline: Outline, cursor: Cursor, _known: Known) -> Iterator[Option]:
    block, given = cursor.block, set(cursor.block.keys) - {cursor.key}
    seen: dict[str, Option] = {}
    for schema in schema_at(block):
        required = schema.get("required", ())
        for name, about in schema.get("properties", {}).items():
            if name not in given and name not in seen:
                info = str(about.get("description", ""))
                seen[name] = Option(name, "property", kind_in_words(about), info, name in required)
    yield from sorted(seen.values(), key=lambda each: (not each.required, each.label))


def _values(outline: Outline, cursor: Cursor, known: Known) -> Iterator[Option]:
    block, key = cursor.block, cursor.key
    holder = block.parent if cursor.in_list and block.parent is not None else block
    if cursor.in_list and _holds_mappings(block):
        yield from _keys(outline, replace(cursor, key=""), known)
    elif key == "type":
        yield from _types(block)
    elif key == "dependsOn":
        yield from _ids(outline.ids(*TASKS), besides=str(holder.keys.get("id", "")))
    elif key == "namespace":
        yield from (Option(each, "id") for each in sorted({namespace for namespace, _ in known.flows}))
    elif key == "flowId":
        yield from _flows(block, known)
    else:
        for schema in schema_at(holder):
            yield from _of_property(schema, key, in_list=cursor.in_list)


def _holds_mappings(block: Block) -> bool:
    return any(schema.get("properties") for schema in schema_at(block))


def _types(block: Block) -> Iterator[Option]:
    """Yield the types that a mapping may have."""
    for kind in kinds_at(block):
        for name in names_of(kind):
            info = "Deprecated: it still runs, a newer one is to be preferred." if name in DEPRECATED else ""
            yield Option(name, "type", name.rpartition(".")[2], info)
    if block.parent is None:
        return
    bare = Block(block.column, block.parent, block.under, block.in_list)
    consts = [each.get("properties", {}).get("type", {}) for each in schema_at(bare)]
    for about in consts:
        if "const" in about:
            yield Option(str(about["const"]), "value")
        else:
            yield from _enumerated(about)


def _of_property(schema: Schema, name: str, *, in_list: bool) -> Iterator[Option]:
    for about in property_of(schema, name):
        for leaf in leaves(about):
            if in_list and isinstance(leaf.get("items"), Mapping):
                for item in leaves(leaf["items"]):
                    yield from _enumerated(item)
            elif not in_list:
                yield from _enumerated(leaf)


def _enumerated(schema: Schema) -> Iterator[Option]:
    if schema.get("type") == "boolean":
        yield from (Option(each, "value") for each in ("true", "false"))
    for each in schema.get("enum", [schema["const"]] if "const" in schema else []):
        yield Option(str(each), "value")


def _ids(blocks: Iterable[Block], besides: str = "") -> Iterator[Option]:
    for name, block in {block.keys["id"].strip("\"'"): block for block in blocks}.items():
        if name != besides:
            yield Option(name, "id", block.keys.get("type", "").rpartition(".")[2])


def _flows(block: Block, known: Known) -> Iterator[Option]:
    within = block.keys.get("namespace", "").strip("\"'")
    for namespace, name in sorted(known.flows):
        if within in ("", namespace) or "{{" in within:
            yield Option(name, "id", namespace)


# ------------------------------------------------------------------ expressions


def _named(outline: Outline, cursor: Cursor, known: Known) -> Iterator[Option]:
    """Yield what may come next in an expression."""
    before = cursor.before
    asked = re.search(r"\b(secret|kv)\(\s*['\"][\w.-]*$", before)
    path = re.search(r"([A-Za-z_][\w-]*(?:\.[\w-]+)*)\.[\w-]*$", _with_dots(before))
    if asked:
        yield from (Option(each, "id") for each in sorted(known.secrets if asked[1] == "secret" else known.keys))
    elif before.count("'") % 2 or before.count('"') % 2:
        return
    elif path:
        yield from _below(outline, path[1].split("."))
    elif re.search(r"\|\s*\w*$", before) and not before.rstrip().endswith("||"):
        yield from (_routine(name, each, "filter") for name, each in sorted(catalogue.filters().items()))
    else:
        yield from (Option(name, "variable") for name in VARIABLES)
        yield from (_routine(name, each, "function") for name, each in sorted(catalogue.functions().items()))


def _with_dots(expression: str) -> str:
    """Return an expression with `.name` for `['name']`, and without what else is in brackets: values of loops."""
    return re.sub(r"\[[^\[\]]*\]", "", re.sub(r"\[\s*(['\"])([\w-]+)\1\s*\]", r".\2", expression))


def _below(outline: Outline, path: list[str]) -> Iterator[Option]:
    """Yield what is known below a variable."""
    first = path[0]
    if len(path) == 2 and first == "outputs":
        yield from _given(block for block in outline.ids(*TASKS) if block.keys["id"].strip("\"'") == path[1])
    if len(path) > 1:
        return
    if first == "outputs":
        yield from _ids(outline.ids(*TASKS))
    elif first == "trigger":
        seen = list(_given(block for block in outline.ids("triggers") if len(block.path()) == 1))
        yield from seen or (Option(name, "variable") for name in VARIABLES[first])
    elif first == "inputs":
        yield from _ids(block for block in outline.ids("inputs") if len(block.path()) == 1)
    elif first in ("vars", "labels"):
        section = "variables" if first == "vars" else "labels"
        for block in outline.blocks:
            if block.path() == (section,):
                yield from (Option(name, "id") for name in block.keys)
    else:
        yield from (Option(name, "variable") for name in VARIABLES.get(first, ()))


def _given(blocks: Iterable[Block]) -> Iterator[Option]:
    """Yield what the types of tasks or triggers say that their runs give, each name once."""
    seen: dict[str, Option] = {}
    for block in blocks:
        known = registry.find(block.keys.get("type", "").strip("\"'"))
        with suppress(ImportError):
            for name, about in output_schema(known.type)["properties"].items() if known is not None else ():
                seen.setdefault(name, Option(name, "variable", kind_in_words(about), about["description"]))
    yield from seen.values()


def _routine(name: str, routine: Routine, kind: str) -> Option:
    """Return a filter or a function with its signature; what may be left out stands in brackets."""
    shown = [each if place < routine.required else f"[{each}]" for place, each in enumerate(routine.parameters)]
    takes = f"({', '.join([*shown, *(['...'] if routine.variadic else [])])})"
    if kind == "function":
        return Option(name, kind, takes, apply=f"{name}()")
    return Option(name, kind, takes if shown else "")
