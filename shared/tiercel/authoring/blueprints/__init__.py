"""Example flows that come with Tiercel: each a YAML file beside this one, with its title, tags and description on top.

The first comment line of a file is the title, the second says `tags: one, two`; after an empty one follows what it is
good for. The flow itself is what follows the comments.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from tiercel.errors import NotFoundError
from tiercel.views.flows import authored


@dataclass(frozen=True)
class Blueprint:
    """An example flow."""

    id: str
    title: str
    tags: tuple[str, ...]
    description: str
    source: str
    """The flow's YAML, without what stands above it."""

    @property
    def included_tasks(self) -> list[str]:
        """The types that it uses, triggers and what runs scripts included, sorted."""
        return sorted(set(_types(authored(self.source))))


@cache
def blueprints() -> Mapping[str, Blueprint]:
    """Return all of them by their ids, in the order of their titles."""
    found = [
        _read(file.name.removesuffix(".yaml"), file.read_text(encoding="utf-8"))
        for file in files(__name__).iterdir()
        if file.name.endswith(".yaml")
    ]
    return {each.id: each for each in sorted(found, key=lambda each: each.title)}


def blueprint(identifier: str) -> Blueprint:
    """Return one.

    Raises:
        NotFoundError: There is none of this id.
    """
    found = blueprints().get(identifier)
    if found is None:
        raise NotFoundError(f"there is no blueprint '{identifier}'; there are {', '.join(blueprints())}")
    return found


def _read(identifier: str, text: str) -> Blueprint:
    lines = text.splitlines(keepends=True)
    head = next(number for number, line in enumerate(lines) if not line.startswith("#"))
    title, tags, *rest = (line.removeprefix("#").strip() for line in lines[:head])
    named = tuple(tag.strip() for tag in tags.removeprefix("tags:").split(","))
    return Blueprint(identifier, title, named, " ".join(filter(None, rest)), "".join(lines[head:]))


def _types(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if isinstance(value.get("type"), str) and "." in value["type"]:
            yield value["type"]
        for each in value.values():
            yield from _types(each)
    elif isinstance(value, list):
        for each in value:
            yield from _types(each)
