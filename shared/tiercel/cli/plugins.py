"""`tiercel plugins`: the types that a flow may name, and their properties."""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterator
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

import click

from tiercel.cli.looks import say
from tiercel.cli.options import output_option
from tiercel.cli.outcome import print_json
from tiercel.errors import NotFoundError

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from tiercel.model.plugin import Plugin
    from tiercel.registry import Known

_NAMES = {str: "text", bool: "boolean", int: "integer", float: "number", list: "list", dict: "map", type(None): "null"}


@click.group()
def plugins() -> None:
    """List the task types and their properties."""


@plugins.command("list")
@click.argument("part", default="")
@output_option
def list_plugins(part: str, output: str) -> None:
    """List the type names, all or those with PART in them."""
    from tiercel.plugin_names import DEPRECATED, PLUGINS

    found = sorted(name for name in PLUGINS if part.lower() in name.lower())
    if output == "json":
        print_json([{"type": name, "deprecated": name in DEPRECATED} for name in found])
        return
    for name in found:
        say((name, ""), ("  deprecated" if name in DEPRECATED else "", "yellow"))


@plugins.command()
@click.argument("name", metavar="TYPE")
@click.option("--all", "everything", is_flag=True, help="Also the properties that every task has.")
@output_option
def show(name: str, everything: bool, output: str) -> None:
    """Show what a type does, its properties, and what it gives."""
    known = _known(name)
    plugin = known.load()
    properties, outputs = list(_properties(plugin, everything=everything)), list(_outputs(plugin))
    if output == "json":
        shown = {"type": known.type, "description": inspect.getdoc(plugin)}
        print_json({**shown, "properties": properties, "outputs": outputs})
        return
    say((known.type, "bold"))
    say((inspect.getdoc(plugin) or "", ""))
    for each in properties:
        _say(each)
    if outputs:
        say(("\nIt gives:", ""))
    for each in outputs:
        _say(each)
    if not everything:
        say(("\n--all shows the properties that every task has too", "dim"))


def _known(name: str) -> Known:
    """Return the type that is meant; its last parts are enough where they say which."""
    from tiercel import registry
    from tiercel.plugin_names import PLUGINS

    ends = [each for each in PLUGINS if each.lower().endswith(f".{name.lower()}")]
    found = registry.find(ends[0] if len(ends) == 1 else name)
    if found is not None:
        return found
    if ends:
        raise NotFoundError(f"'{name}' may be any of {', '.join(sorted(ends))}")
    near = registry.nearest(name)
    raise NotFoundError(f"type '{name}' is unknown{f'; nearest is {near!r}' if near else ''}")


def _say(about: dict[str, Any]) -> None:
    end = " required" if about.get("required") else ""
    if about.get("default") not in (None, "", [], {}):
        end = f" default {about['default']}"
    say(
        ("\n" + about["name"], "bold"),
        (f"  {about['type']}", "dim"),
        (end, "yellow" if about.get("required") else "dim"),
    )
    for line in (about["description"] or "").splitlines():
        say((f"  {line}", ""))


def _properties(plugin: type[Plugin], *, everything: bool) -> Iterator[dict[str, Any]]:
    from tiercel.model.described import field_docs
    from tiercel.model.plugin import field_kinds
    from tiercel.model.task import COMMON

    kinds, docs = field_kinds(plugin), field_docs(plugin)
    for field_name, field in plugin.model_fields.items():
        name = field.alias or field_name
        if name in ("id", "type") or (name in COMMON and not everything):
            continue
        kind = kinds.get(name)
        yield {
            "name": name,
            "type": type_text(field.annotation),
            "required": field.is_required(),
            "dynamic": kind is not None and kind.dynamic,
            "default": _default(field),
            "description": docs.get(field_name),
        }


def _outputs(plugin: type[Plugin]) -> Iterator[dict[str, Any]]:
    from tiercel.model.described import output_docs

    for name, (kind, text) in output_docs(plugin).items():
        yield {"name": name, "type": type_text(kind), "description": text}
    if plugin.gives.others:
        yield {"name": "...", "type": "anything", "description": plugin.gives.others}


def _default(field: FieldInfo) -> object:
    if field.is_required():
        return None
    value = field.get_default(call_default_factory=False)
    if isinstance(value, Enum):
        return value.value
    return value if isinstance(value, str | bool | int | float | list | dict) else None


def type_text(annotation: object) -> str:
    """Return a field's type for people: `text`, `text or list of text`, `AUTO | LINUX`."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return type_text(inner[0])
    if origin in (Union, types.UnionType):
        # In an order of our own: Python hands out `list | str` for `str | list` once it has seen the former.
        texts = {type_text(each) for each in inner if each is not type(None)}
        return " or ".join(sorted(texts, key=lambda text: (" of " in text, text != "text", text)))
    if origin is Literal:
        return " | ".join(map(str, inner))
    if origin in (list, tuple) and inner:
        return f"list of {type_text(inner[0])}"
    if origin is dict:
        return "map"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return " | ".join(str(each.value) for each in annotation)
    if annotation in (Any, object):
        return "anything"
    return _NAMES.get(annotation) or getattr(annotation, "__name__", str(annotation)).lower()  # type: ignore[call-overload]
