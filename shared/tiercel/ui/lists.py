"""Lists: what of an address the API is asked for, and which part of the whole a page shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tiercel.model.states import State
from tiercel.ui.visit import Visit

SIZES = (10, 25, 50, 100)
OWN = frozenset(("columns", "back"))
"""Parameters of pages that no route knows."""

STATES = tuple(str(state) for state in State)
SPANS = (
    ("PT5M", "5 minutes"),
    ("PT1H", "1 hour"),
    ("PT24H", "24 hours"),
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


def in_words(filters: Sequence[tuple[str, str]]) -> str:
    """Return a filter as a person would say it."""
    return ", ".join(f"{name.removeprefix('filters')} {value}" for name, value in filters)


def fetched(
    visit: Visit, address: str, *names: object, more: Iterable[tuple[str, object]] = (), **how: Any
) -> tuple[list[dict[str, Any]], Pages]:
    """Return a page of a list of the API, and which it is; `more` narrows it down. Raises as the route does."""
    query = [*wanted(visit, **how), *more]
    found = visit.api.get(address, *names, query=query)
    return found["results"], pages(query, found["total"])
