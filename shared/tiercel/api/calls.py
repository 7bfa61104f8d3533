"""What a route gets and gives: the request as it was understood, and the answer before it is bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tiercel.api.site import Site

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

    from tiercel.api.filters import Filter


@dataclass(frozen=True)
class Page:
    """Which part of a list is asked for."""

    number: int = 1
    """Counted from 1."""
    size: int = 10
    sort: tuple[tuple[str, bool], ...] = ()
    """Fields, each with whether it is descending."""


@dataclass(frozen=True)
class Call:
    """A request, routed and parsed."""

    site: Site
    request: Request
    path: Mapping[str, str]
    """The variables of the path, decoded."""
    query: Mapping[str, Any]
    """The declared parameters, converted; those that were not given have their defaults."""
    page: Page = Page()
    filter: Filter | None = None
    """What `filters[...]` and the flat parameters ask for; None for a route without filters."""


@dataclass(frozen=True)
class Answer:
    """An answer that is more than JSON with the code 200."""

    body: object = None
    """A value that becomes JSON; bytes or text as they are; None for no body."""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = ""
    """What the body is, where it is bytes or text."""


@dataclass(frozen=True)
class Stream:
    """An answer that is sent piece by piece."""

    pieces: Iterable[bytes]
    content_type: str
    headers: Mapping[str, str] = field(default_factory=dict)


def page_of(results: list[Any], total: int) -> dict[str, Any]:
    """Return a page as every list gives it."""
    return {"results": results, "total": total}
