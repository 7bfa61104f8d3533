"""Query parameters: declared by the routes, converted here; one that nobody declared is refused by name."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tiercel.api.calls import Page
from tiercel.api.failures import BadRequestError, UnprocessableError
from tiercel.model.durations import parse_duration

LARGEST_PAGE = 1000
"""Entries of a page (the 2.0 server refuses more)."""


@dataclass(frozen=True)
class Parameter:
    """A query parameter."""

    name: str
    kind: str = "string"
    """`string`, `integer`, `boolean`, `date` or `duration`."""
    default: object = None
    many: bool = False
    """It may be repeated, or hold several values between commas."""
    required: bool = False
    description: str = ""


PAGING = (
    Parameter("page", "integer", 1, description="Which page, counted from 1."),
    Parameter("size", "integer", 10, description=f"Entries of a page, at most {LARGEST_PAGE}."),
    Parameter("sort", many=True, description="`field:asc` or `field:desc`; may be repeated, or between commas."),
)


def read_parameters(declared: Sequence[Parameter], given: Mapping[str, list[str]]) -> dict[str, Any]:
    """Return the values of the declared parameters.

    Args:
        declared: What a route takes.
        given: The query's values by name.

    Raises:
        BadRequestError: One is unknown, or a required one is missing.
        UnprocessableError: A value does not convert.
    """
    known = {parameter.name: parameter for parameter in declared}
    for name in given:
        if name not in known:
            raise BadRequestError(f"unknown query parameter '{name}'{_nearest(name, known)}")
    found: dict[str, Any] = {}
    for parameter in declared:
        values = given.get(parameter.name)
        if not values or values == [""]:
            if parameter.required:
                raise BadRequestError(f"the query parameter '{parameter.name}' is required")
            found[parameter.name] = parameter.default if not parameter.many else (parameter.default or [])
        elif parameter.many:
            found[parameter.name] = [_convert(parameter, value) for value in values]
        else:
            found[parameter.name] = _convert(parameter, values[-1])
    return found


def _nearest(name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    close = difflib.get_close_matches(name, names, 1)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; this route takes {', '.join(names)}" if names else "; this route takes none"


def _convert(parameter: Parameter, text: str) -> object:
    try:
        return _KINDS[parameter.kind](text)
    except ValueError as error:
        raise UnprocessableError(f"the query parameter '{parameter.name}' is '{text}': {error}") from None


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError("wanted true or false")
    return text.lower() == "true"


def _integer(text: str) -> int:
    if not text.lstrip("-").isdecimal() or len(text) > 18:
        raise ValueError("wanted a whole number")
    return int(text)


def read_date(text: str) -> datetime:
    """Return a date as clients write it; without an offset it is UTC.

    Raises:
        ValueError: It is none.
    """
    try:
        found = datetime.fromisoformat(text.strip().replace(" ", "+"))
    except ValueError:
        raise ValueError("wanted a date such as 2026-01-31T08:00:00Z") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


_KINDS: dict[str, Callable[[str], object]] = {
    "string": str,
    "integer": _integer,
    "boolean": _boolean,
    "date": read_date,
    "duration": parse_duration,
}


def read_page(values: Mapping[str, Any]) -> Page:
    """Return which part of a list is asked for.

    Raises:
        UnprocessableError: `page` or `size` is out of its range, or `sort` is not `field:asc|desc`.
    """
    number, size = values["page"], values["size"]
    if number < 1:
        raise UnprocessableError(f"page is {number}, wanted 1 or more")
    if not 1 <= size <= LARGEST_PAGE:
        raise UnprocessableError(f"size is {size}, wanted 1 to {LARGEST_PAGE}")
    return Page(number, size, tuple(_sort(part.strip()) for text in values["sort"] for part in text.split(",")))


def _sort(text: str) -> tuple[str, bool]:
    field, colon, direction = text.partition(":")
    if not field or direction.lower() not in ("asc", "desc") or not colon:
        raise UnprocessableError(f"sort is '{text}', wanted field:asc or field:desc")
    return field, direction.lower() == "desc"
