"""Lists: what of an address the API is asked for, and which part of the whole a page shows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from tiercel.model.states import State
from tiercel.ui.visit import Visit

T = TypeVar("T")

SIZES = (10, 25, 50, 100)
OWN = frozenset(("columns", "back", "group"))
"""Parameters of pages that no route knows."""

STATES = tuple(str(state) for state in State)
SPANS = (
    ("PT5M", "5 minutes"),
    ("PT1H", "1 hour"),
    ("PT6H", "6 hours"),
    ("PT24H", "24 hours"),
    ("PT48H", "2 days"),
    ("PT168H", "7 days"),
    ("PT720H", "30 days"),
    ("PT8760H", "a year"),
)
LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR")


@dataclass(frozen=True)
class Pages:
    """Which part of a list is shown."""

    number: int
    size: int
    total: int

    @property
    def first(self) -> int:
        """The first entry that is shown, counted from 1; 0 for none."""
        return (self.number - 1) * self.size + 1 if self.total else 0

    @property
    def last(self) -> int:
        """The last entry that is shown."""
        return min(self.number * self.size, self.total)


def wanted(visit: Visit, *, sort: str = "", size: int = 25, own: Iterable[str] = ()) -> list[tuple[str, object]]:
    """Return the query for the API: the address's, with page and size; empty values and a page's own are left out."""
    hidden = {*OWN, *own, "page", "size", "sort"}
    found: list[tuple[str, object]] = [
        (name, value) for name, value in visit.request.args.items(multi=True) if name not in hidden and value != ""
    ]
    found += [("page", visit.given("page", "1")), ("size", visit.given("size") or str(size))]
    order = visit.given("sort") or sort
    return [*found, ("sort", order)] if order else found


def pages(query: Sequence[tuple[str, object]], total: int) -> Pages:
    """Return which part of a list a query shows."""
    given = dict(query)
    return Pages(int(str(given["page"])), int(str(given["size"])), total)


def filters_of(visit: Visit, own: Iterable[str] = ()) -> list[tuple[str, str]]:
    """Return what narrows a list down, without page, size and order."""
    hidden = {*OWN, *own, "page", "size", "sort"}
    return [(name, value) for name, value in visit.request.args.items(multi=True) if name not in hidden and value]


NAMES = {
    "q": "text",
    "flowId": "flow",
    "labels": "label",
    "timeRange": "begun within",
    "startDate": "from",
    "endDate": "to",
    "triggerExecutionId": "caused by",
    "childFilter": "cause",
    "minLevel": "level at least",
    "taskId": "task",
    "executionId": "execution",
    "triggerId": "trigger",
}
"""Filters as people call them; others have their own names."""

CAUSES = (("MAIN", "not by another"), ("CHILD", "by another"))

_VALUES = {**dict(SPANS), **dict(CAUSES)}


def in_words(filters: Sequence[tuple[str, str]]) -> str:
    """Return a filter as a person would say it: `namespace company, state FAILED`."""
    return ", ".join(said(name, value) for name, value in filters)


def said(name: str, value: str) -> str:
    """Return one condition in words; one of the newer form with its operation: `flow not equals a`."""
    field, *operation = re.findall(r"[^\[\]]+", name.removeprefix("filters")) or [name]
    how = " ".join(operation).lower().replace("_", " ").removeprefix("equals").strip()
    shown = _VALUES.get(value, value.replace(",", " or "))
    return " ".join(part for part in (NAMES.get(field, field), how, shown) if part)


def others(visit: Visit, fields: Iterable[str]) -> list[tuple[str, str, str]]:
    """Return what narrows a list down besides the fields of its form: name, value, and the page without it."""
    known = frozenset(fields)
    found = [(name, value) for name, value in filters_of(visit) if name not in known]
    return [(name, value, visit.here(**{name: None, "page": None})) for name, value in found]


def fetched(
    visit: Visit, address: str, *names: object, more: Iterable[tuple[str, object]] = (), **how: Any
) -> tuple[list[dict[str, Any]], Pages]:
    """Return a page of a list of the API, and which it is; `more` narrows it down. Raises as the route does."""
    query = [*wanted(visit, **how), *more]
    found = visit.api.get(address, *names, query=query)
    return found["results"], pages(query, found["total"])


def part_of(visit: Visit, rows: Sequence[T], size: int = 100) -> tuple[Sequence[T], Pages]:
    """Return the rows of the page that an address asks for, of a list that is there as a whole, and which it is."""
    number, size = _positive(visit.given("page"), 1), min(_positive(visit.given("size"), size), size)
    return rows[(number - 1) * size : number * size], Pages(number, size, len(rows))


def _positive(text: str, default: int) -> int:
    return max(int(text), 1) if text.isdecimal() and len(text) < 10 else default
