"""What pydantic found wrong, in a flow author's words: what was found, what was wanted, the remedy."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from pydantic_core import ErrorDetails
from pydantic_core.core_schema import ErrorType

from tiercel.flowfile.places import Path, has

_SHOWN = 60
"""Characters of a found value that a message shows."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a value."""

    path: Path
    """Where, below the value that was checked."""
    message: str
    kind: str
    """Pydantic's name for it, such as `missing` or `extra_forbidden`."""


def shown(value: object) -> str:
    """Return a value as a message shows it."""
    if isinstance(value, str):
        return f"'{value}'" if len(value) <= _SHOWN else f"'{value[:_SHOWN]}...' ({len(value)} characters)"
    if isinstance(value, dict):
        return "a map"
    if isinstance(value, list):
        return "a list"
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)[:_SHOWN]


def nearest(name: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?`, or nothing when no known name is near."""
    folded = {each.lower(): each for each in known}
    near = difflib.get_close_matches(name.lower(), folded, 1, 0.6)
    return f"; did you mean '{folded[near[0]]}'?" if near else ""


def unrecognized(name: str, owner: str, known: Sequence[str]) -> str:
    """Return the message for a property that its owner does not have."""
    names = ", ".join(known)
    return f'Unrecognized field "{name}" ({owner}){nearest(name, known)} ({len(known)} known properties: {names})'


_Context = Mapping[str, Any]
_WANTED: dict[str, str | Callable[[_Context], str]] = {
    "string_type": "a text",
    "string_sub_type": "a text",
    "int_type": "an integer",
    "int_parsing": "an integer",
    "int_from_float": "an integer",
    "int_parsing_size": "a smaller integer",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "decimal_type": "a number",
    "decimal_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "dict_type": "a map",
    "mapping_type": "a map",
    "model_type": "a map",
    "model_attributes_type": "a map",
    "dataclass_type": "a map",
    "none_required": "nothing",
    "literal_error": lambda context: f"one of {context['expected']}",
    "enum": lambda context: f"one of {context['expected']}",
    "greater_than": lambda context: f"a number greater than {context['gt']}",
    "greater_than_equal": lambda context: f"a number of at least {context['ge']}",
    "less_than": lambda context: f"a number less than {context['lt']}",
    "less_than_equal": lambda context: f"a number of at most {context['le']}",
    "datetime_parsing": "a date and time such as 2024-01-31T10:00:00Z",
    "datetime_from_date_parsing": "a date and time such as 2024-01-31T10:00:00Z",
    "timezone_aware": "a date and time with a zone, such as 2024-01-31T10:00:00Z",
    "date_parsing": "a date such as 2024-01-31",
    "date_from_datetime_parsing": "a date such as 2024-01-31",
    "time_parsing": "a time such as 10:30:00",
    "url_parsing": "a URL",
}
_RULES: dict[str, Callable[[_Context], str]] = {
    "greater_than": lambda context: f"must be greater than {context['gt']}",
    "greater_than_equal": lambda context: f"must be greater than or equal to {context['ge']}",
    "less_than": lambda context: f"must be less than {context['lt']}",
    "less_than_equal": lambda context: f"must be less than or equal to {context['le']}",
    "string_too_long": lambda context: f"must have at most {context['max_length']} characters",
    "string_pattern_mismatch": lambda context: f"must match the pattern {context['pattern']}",
    "too_long": lambda context: f"must have at most {context['max_length']} entries",
    "multiple_of": lambda context: f"must be a multiple of {context['multiple_of']}",
}
_BUILT_IN = frozenset(get_args(ErrorType))
_EMPTY = ("string_too_short", "too_short")


def faults(
    errors: Sequence[ErrorDetails], value: object, known: Callable[[Path], tuple[str, Sequence[str]]]
) -> list[Fault]:
    """Return what is wrong, once for each place.

    Args:
        errors: What pydantic says.
        value: What was checked.
        known: Gives the name of what stands at a path, and the properties that it may have.
    """
    places: dict[Path, list[ErrorDetails]] = {}
    for error in errors:
        places.setdefault(_clean(error["loc"], value, error["type"] == "missing"), []).append(error)
    found = []
    for path, here in places.items():
        branch_of_union = any(len(error["loc"]) > len(path) for error in here)
        if branch_of_union and any(other[: len(path)] == path and other != path for other in places):
            continue  # another branch of the union came further: its complaint says more
        found.append(_fault(path, here, known))
    return found


def _clean(loc: tuple[int | str, ...], value: object, missing: bool) -> Path:
    """Leave out the names of union branches, which stand between the real steps."""
    path: list[int | str] = []
    for place, step in enumerate(loc):
        if has(value, step):
            path.append(step)
            value = value[step]  # type: ignore[index]
        elif missing and place == len(loc) - 1:
            path.append(step)
    return tuple(path)


def _fault(path: Path, here: list[ErrorDetails], known: Callable[[Path], tuple[str, Sequence[str]]]) -> Fault:
    first = here[0]
    kind = first["type"]
    if kind == "extra_forbidden" and path:
        owner, names = known(path[:-1])
        return Fault(path, unrecognized(str(path[-1]), owner, names), kind)
    if kind == "missing":
        return Fault(path, "must not be null: this property is required and is missing", kind)
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return _tag_fault(path, first)
    if len(here) == 1:
        return Fault(path, _single(first), kind)
    wanted = sorted({_wanted(error) for error in here}, key=lambda words: (words != "a text", words))
    return Fault(path, f"wanted {' or '.join(wanted)}, found {shown(first['input'])}", kind)


def _tag_fault(path: Path, error: ErrorDetails) -> Fault:
    """Return that the property which tells the forms of a structure apart is missing, or names none of them."""
    context = error["ctx"]
    name = context["discriminator"].strip("'")
    tags = context.get("expected_tags")
    if tags is None:
        return Fault((*path, name), f"must not be null: '{name}' says which kind it is", "missing")
    near = nearest(str(context["tag"]), tags.replace("'", "").split(", "))
    return Fault((*path, name), f"must be one of {tags}, found '{context['tag']}'{near}", "union_tag_invalid")


def _single(error: ErrorDetails) -> str:
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    if kind in ("value_error", "assertion_error"):
        return error["msg"].partition(", ")[2] or error["msg"]
    if kind not in _BUILT_IN:  # a plugin's own words
        return error["msg"]
    if kind in _EMPTY:
        return f"must not be empty, found {shown(value)}" if context["min_length"] == 1 else f"{error['msg']}"
    if value is None:
        return f"must not be null, wanted {_wanted(error)}"
    if kind in _RULES:
        return f"{_RULES[kind](context)}, found {shown(value)}"
    if kind in ("literal_error", "enum"):
        near = nearest(str(value), (each.strip("'") for each in context["expected"].replace(" or ", ", ").split(", ")))
        return f"must be {_wanted(error)}, found {shown(value)}{near}"
    return f"must be {_wanted(error)}, found {shown(value)}"


def _wanted(error: ErrorDetails) -> str:
    kind = error["type"]
    if kind in ("value_error", "assertion_error"):
        return f"a value of which this holds: {error['msg'].partition(', ')[2]}"
    if kind not in _BUILT_IN:
        return f"a value of which this holds: {error['msg']}"
    wanted = _WANTED.get(kind)
    if wanted is None:
        return f"a value of another form ({error['msg'][:1].lower() + error['msg'][1:]})"
    return wanted if isinstance(wanted, str) else wanted(error.get("ctx", {}))
