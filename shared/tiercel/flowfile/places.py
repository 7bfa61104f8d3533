"""A document as it was read: plain values, where each stood in the text, and how its scalars were written.

Promise: a place is looked up only when there is something to say about it; containers are known by identity, so a
value that came from a plugin default is reported where the default stands.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from tiercel.errors import Problem
from tiercel.model.yaml_scalars import plain_text

Key = str | int
Path = tuple[Key, ...]


class Mark(Protocol):
    """A position in the text, counted from 0."""

    line: int
    column: int


@dataclass(slots=True)
class Start:
    """The beginning of a line: where a document stands that is neither a map nor a list."""

    line: int
    column: int = 0


@dataclass(slots=True)
class Place:
    """Where a container and its items stand."""

    container: Any
    """Kept, so that its identity is not given to another."""
    start: Mark
    items: dict[Key, tuple[Mark, Mark]] = field(default_factory=dict)
    """For each item where its key stands, and where its value."""


@dataclass(slots=True)
class Document:
    """One YAML document."""

    value: Any = None
    places: dict[int, Place] = field(default_factory=dict)
    """The place of each list and map, by its identity."""
    texts: dict[tuple[int, Key], str] = field(default_factory=dict)
    """How a scalar was written, where its value would be written differently (`yes`, `1.10`, `0x1F`)."""
    copied: int = 0
    """How many values were copied."""
    first_line: int = 0
    """The line at which the document begins, counted from 0."""
    problems: list[Problem] = field(default_factory=list)
    """What was already wrong while reading."""

    def locate(self, path: Path, *, key: bool = False) -> Mark | None:
        """Return where a property stands, or the nearest thing around it that exists.

        Args:
            path: The way from the root.
            key: Whether the property's name is meant rather than its value.
        """
        container, mark = self.value, None
        place = self.places.get(id(container))
        if place is not None:
            mark = place.start
        elif not path:
            return Start(self.first_line)
        for step in path:
            place = self.places.get(id(container))
            if place is None or step not in place.items:
                return mark
            mark = place.items[step][0 if key and step is path[-1] else 1]
            container = container[step] if has(container, step) else None
        return mark

    def text(self, container: object, key: Key, value: object) -> str:
        """Return a scalar as its author wrote it."""
        return self.texts.get((id(container), key)) or plain_text(value)

    def copy(self, value: Any, depth: int = 0, limit: int = 1000) -> Any:
        """Return a deep copy that remembers where it came from.

        Raises:
            RecursionError: The copy would be nested deeper than the limit.
        """
        if not isinstance(value, list | dict):
            return value
        if depth > limit:
            raise RecursionError
        made: Any = [] if isinstance(value, list) else {}
        place = self.places.get(id(value))
        if place is not None:
            self.places[id(made)] = Place(made, place.start, dict(place.items))
        self.copied += len(value) + 1
        steps: Iterable[tuple[Key, Any]] = enumerate(value) if isinstance(value, list) else value.items()
        for key, item in steps:
            taken = self.copy(item, depth + 1, limit)
            if isinstance(value, list):
                made.append(taken)
            else:
                made[key] = taken
            if (id(value), key) in self.texts:
                self.texts[id(made), key] = self.texts[id(value), key]
        return made

    def hold(self, container: Any, like: object) -> None:
        """Give a container made later the place of the one that it stands for."""
        place = self.places.get(id(like))
        if place is not None:
            self.places[id(container)] = Place(container, place.start, dict(place.items))


def has(container: object, step: Key) -> bool:
    """Tell whether a container has an item."""
    if isinstance(container, list):
        return isinstance(step, int) and 0 <= step < len(container)
    return isinstance(container, dict) and step in container


def path_text(path: Path) -> str:
    """Return a path as people read it: `tasks[0].cases["a b"][1].type`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif step and all(char.isalnum() or char in "_-$" for char in step):
            text += f".{step}" if text else step
        else:
            text += f'["{step}"]'
    return text


@dataclass(slots=True)
class Report:
    """What is wrong with a document, and what is old in it."""

    document: Document
    problems: list[Problem] = field(default_factory=list)
    notices: list[Problem] = field(default_factory=list)

    def problem(self, path: Path, message: str, *, key: bool = False) -> None:
        """Note that something must be mended."""
        self.problems.append(self._at(path, message, key))

    def notice(self, path: Path, message: str, *, key: bool = False) -> None:
        """Note that something is deprecated or doubtful, yet accepted."""
        self.notices.append(self._at(path, message, key))

    def _at(self, path: Path, message: str, key: bool) -> Problem:
        mark = self.document.locate(path, key=key)
        if mark is None:
            return Problem(message, path_text(path))
        return Problem(message, path_text(path), mark.line + 1, mark.column + 1)
