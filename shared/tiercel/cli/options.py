"""Options that several commands share, and how their texts are read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def output_option(command: F) -> F:
    """Add `--output`."""
    return click.option(
        "-o",
        "--output",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="Text for people, or one JSON document on the standard output.",
    )(command)


def quiet_option(command: F) -> F:
    """Add `--quiet`."""
    return click.option("-q", "--quiet", is_flag=True, help="No progress; of a text, only the id and the state.")(
        command
    )


def breakpoints_option(command: F) -> F:
    """Add `--breakpoints`."""
    return click.option(
        "--breakpoints",
        multiple=True,
        metavar="TASK,TASK.VALUE",
        help="Stop before these tasks, in a loop perhaps only for one value; repeatable.",
    )(command)


def breakpoint_list(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the breakpoints of `--breakpoints` options, each of which may name several."""
    return tuple(name.strip() for text in texts for name in text.split(",") if name.strip())


def revision_option(command: F) -> F:
    """Add `--revision`."""
    return click.option("--revision", type=int, metavar="N", help="On this revision of the flow.")(command)


def inputs_option(command: F) -> F:
    """Add `--input`."""
    return click.option(
        "-i", "--input", "inputs", multiple=True, metavar="NAME=VALUE", help="An input; may be repeated."
    )(command)


def pairs(texts: Iterable[str], separator: str, option: str, form: str) -> list[tuple[str, str]]:
    """Cut texts at the first separator.

    Raises:
        click.BadParameter: A text has no separator, or nothing before it.
    """
    found = []
    for text in texts:
        name, cut, value = text.partition(separator)
        if not cut or not name.strip():
            raise click.BadParameter(f"found '{text}', wanted {form}", param_hint=option)
        found.append((name.strip(), value))
    return found


def json_object(text: str | bytes, option: str) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        click.BadParameter: It is no JSON, or no object.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise click.BadParameter(f"this is no JSON: {error}", param_hint=option) from None
    if not isinstance(found, dict):
        raise click.BadParameter(f"found {_kind(found)}, wanted a JSON object", param_hint=option)
    return found


def _kind(value: object) -> str:
    kinds = {list: "a list", str: "a text", bool: "a boolean", int: "a number", float: "a number"}
    return kinds.get(type(value), "null")
