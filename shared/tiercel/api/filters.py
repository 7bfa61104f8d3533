"""What a list is narrowed to: the flat parameters of older clients and `filters[field][OP]=value` (api.md, 1.4).

Promise: a field, an operation or a group that is unknown is refused by name; nothing is ever ignored. What a filter
means for the records of a list stands in `matching`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tiercel.api.failures import BadRequestError, UnprocessableError
from tiercel.api.parameters import read_date
from tiercel.model.durations import parse_duration
from tiercel.model.states import Level, State

MOST = 200
"""Conditions of one filter."""


@dataclass(frozen=True)
class Filter:
    """A tree of conditions."""

    kind: str
    """`and`, `or`, or `is` for a leaf."""
    parts: tuple[Filter, ...] = ()
    field: str = ""
    """Of a leaf: what is looked at; `date` for `startDate`, `endDate` and `timeRange`."""
    operation: str = ""
    value: Any = None
    """A tuple for `IN` and `NOT_IN`; seconds since the epoch for dates; a (key, value) pair for labels."""
    named: str = ""
    """The field as the client named it."""

    def leaves(self) -> Iterator[Filter]:
        """Yield the conditions."""
        if self.kind == "is":
            yield self
        for part in self.parts:
            yield from part.leaves()


FLAT: Mapping[str, tuple[str, str]] = {
    "q": ("q", "EQUALS"),
    "namespace": ("namespace", "PREFIX"),
    "flowId": ("flowId", "EQUALS"),
    "state": ("state", "IN"),
    "labels": ("labels", "EQUALS"),
    "startDate": ("startDate", "GREATER_THAN_OR_EQUAL_TO"),
    "endDate": ("endDate", "LESS_THAN_OR_EQUAL_TO"),
    "timeRange": ("timeRange", "EQUALS"),
    "scope": ("scope", "IN"),
    "triggerExecutionId": ("triggerExecutionId", "EQUALS"),
    "childFilter": ("childFilter", "EQUALS"),
    "minLevel": ("level", "EQUALS"),
    "triggerId": ("triggerId", "EQUALS"),
    "taskId": ("taskId", "EQUALS"),
    "taskRunId": ("taskRunId", "EQUALS"),
    "attempt": ("attemptNumber", "EQUALS"),
    "workerId": ("workerId", "EQUALS"),
}
"""The flat parameters, each with the field and the operation for which it stands."""

KINDS: Mapping[str, str] = {
    **dict.fromkeys(("namespace", "flowId", "id", "triggerExecutionId", "triggerId", "executionId", "taskId"), "text"),
    **dict.fromkeys(("taskRunId", "parentId", "workerId", "type", "tags", "name", "path", "parentPath"), "text"),
    **dict.fromkeys(("flowRevision", "attemptNumber"), "number"),
    **dict.fromkeys(("startDate", "endDate", "lastTriggeredDate", "nextExecutionDate"), "date"),
    **dict.fromkeys(("created", "updated", "expirationDate"), "date"),
    **dict.fromkeys(("locked", "existingOnly"), "boolean"),
    **dict.fromkeys(("state", "triggerState", "scope", "kind", "childFilter"), "word"),
    "timeRange": "range",
    "labels": "labels",
    "level": "level",
    "q": "text",
}
"""The fields, each with how its values are read."""

ALIASES = {"query": "q", "status": "state", "minLevel": "level", "attempt": "attemptNumber"}

WORDS: Mapping[str, frozenset[str]] = {
    "state": frozenset(State),
    "scope": frozenset(("USER", "SYSTEM")),
    "childFilter": frozenset(("CHILD", "MAIN")),
}
"""Fields whose values are known words."""

VALUELESS = frozenset(("IS_NULL", "IS_NOT_NULL"))
ORDERED = frozenset(("GREATER_THAN", "GREATER_THAN_OR_EQUAL_TO", "LESS_THAN", "LESS_THAN_OR_EQUAL_TO"))
TEXTUAL = frozenset(("CONTAINS", "NOT_CONTAINS", "STARTS_WITH", "ENDS_WITH", "PREFIX", "REGEX"))
OPERATIONS = frozenset(("EQUALS", "NOT_EQUALS", "IN", "NOT_IN")) | VALUELESS | ORDERED | TEXTUAL

_SETS = frozenset(("EQUALS", "NOT_EQUALS", "IN", "NOT_IN")) | VALUELESS
_ALLOWED: Mapping[str, frozenset[str]] = {
    "text": OPERATIONS - ORDERED,
    "number": _SETS | ORDERED,
    "date": _SETS - {"IN", "NOT_IN"} | ORDERED,
    "range": frozenset(("EQUALS",)),
    "boolean": frozenset(("EQUALS", "NOT_EQUALS")),
    "word": _SETS | {"CONTAINS", "NOT_CONTAINS", "STARTS_WITH", "ENDS_WITH"},
    "level": _SETS - VALUELESS | ORDERED,
    "labels": _SETS | {"CONTAINS", "NOT_CONTAINS"},
}
"""The operations that each kind of field knows."""

_PARTS = re.compile(r"\[([^\[\]]*)\]")
_NAME = re.compile(r"filters(\[[^\[\]]*\])+")


def is_filter(name: str) -> bool:
    """Tell whether a query parameter narrows a list."""
    return name in FLAT or name.startswith("filters")


def read_filter(given: Mapping[str, list[str]], now: float) -> Filter:
    """Return what the parameters ask for; a parameter without a value asks for nothing.

    Args:
        given: The query's values by name.
        now: The time (seconds since the epoch), for `timeRange`.

    Raises:
        BadRequestError: A field, an operation or a group is unknown.
        UnprocessableError: A value cannot be read, or `timeRange` stands beside `startDate`.
    """
    tree = _Group("and")
    for name, values in given.items():
        if name in FLAT:
            field, operation = FLAT[name]
            tree.leaves += _leaves(field, operation, "", values, now, name)
        else:
            _place(tree, name, values, now)
    return _checked(tree.built())


def refuse_empty(given: Mapping[str, list[str]]) -> None:
    """Refuse a parameter without a value: what is changed would be everything, where one thing was meant (api.md, 1.4).

    Raises:
        BadRequestError: There is one.
    """
    for name, values in given.items():
        if not any(values) and VALUELESS.isdisjoint(part.upper() for part in _PARTS.findall(name)):
            raise BadRequestError(f"the filter '{name}' has no value; leave it out where everything is meant")


def refuse_empty_nodes(nodes: Sequence[object]) -> None:
    """Refuse conditions of a body that have no value, as `refuse_empty` does.

    Raises:
        BadRequestError: There is one.
    """
    for node in nodes:
        if not isinstance(node, Mapping):
            continue
        children = node.get("children")
        refuse_empty_nodes(children if isinstance(children, list) else ())
        name, takes_none = node.get("field"), str(node.get("operation")).upper() in VALUELESS
        if name and not takes_none and node.get("value") in (None, "", [], {}):
            raise BadRequestError(f"the filter '{name}' has no value; leave it out where everything is meant")


def read_nodes(nodes: Sequence[object], now: float) -> Filter:
    """Return what a body's `filters` ask for: all of its nodes.

    Args:
        nodes: Each `{field, operation, value}`, or a group, `{logical, children}`.
        now: As in `read_filter`.

    Raises:
        BadRequestError: A field, an operation or a node is unknown.
        UnprocessableError: As in `read_filter`.
    """
    return _checked(_group("and", [_node(node, now, 0) for node in nodes]))


def _checked(found: Filter) -> Filter:
    leaves = list(found.leaves())
    if len(leaves) > MOST:
        raise UnprocessableError(f"the filter has {len(leaves)} conditions, more than {MOST}")
    named = {leaf.named for leaf in leaves}
    if {"timeRange", "startDate"} <= named:
        raise UnprocessableError("timeRange and startDate exclude one another: give one of them")
    return found


def _node(node: object, now: float, depth: int) -> Filter:
    """Return a condition, or a group of them."""
    if not isinstance(node, Mapping) or depth > 2:
        why = "groups may stand two deep" if depth > 2 else "wanted {field, operation, value} or {logical, children}"
        raise BadRequestError(f"the filter {str(node)[:80]} cannot be read: {why}")
    children = node.get("children") or []
    if node.get("logical") or children:
        kind = str(node.get("logical") or "and").lower()
        if node.get("field") or kind not in ("and", "or") or not isinstance(children, list):
            raise BadRequestError(f"the filter {str(node)[:80]} cannot be read: a group is {{logical, children}}")
        return _group(kind, [_node(child, now, depth + 1) for child in children])
    name, operation, value = str(node.get("field")), str(node.get("operation")).upper(), node.get("value")
    if isinstance(value, Mapping) and value.keys() == {"value"}:
        value = value["value"]  # as the official client wraps it
    named = value if isinstance(value, Mapping) else {"": value}
    leaves = [_leaves(field_name(name), operation, str(key), [_plain(each)], now, name) for key, each in named.items()]
    return _group("and", [leaf for some in leaves for leaf in some])


def _group(kind: str, parts: Sequence[Filter]) -> Filter:
    """Return a group of those parts that ask for something."""
    asking = tuple(part for part in parts if part.kind == "is" or part.parts)
    return Filter(kind, asking)


def _plain(value: object) -> str:
    """Return a JSON value as it would stand in the query."""
    if isinstance(value, list):
        return ",".join(_plain(each) for each in value)
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


class _Group:
    """A group as it grows."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.leaves: list[Filter] = []
        self.groups: dict[str, dict[int, _Group]] = {}

    def member(self, kind: str, number: int) -> _Group:
        return self.groups.setdefault(kind, {}).setdefault(number, _Group("and"))

    def built(self) -> Filter:
        parts = list(self.leaves)
        for kind, members in self.groups.items():
            built = [members[number].built() for number in sorted(members)]
            group = _group(kind, built)
            if group.parts:
                parts.append(group.parts[0] if len(group.parts) == 1 else group)
        return parts[0] if len(parts) == 1 and parts[0].kind != "is" else Filter("and", tuple(parts))


def _place(tree: _Group, name: str, values: Sequence[str], now: float) -> None:
    """Put `filters[or][0][state][IN]` where it belongs."""
    if not _NAME.fullmatch(name):
        raise BadRequestError(f"the filter '{name}' cannot be read; wanted filters[field][OPERATION]=value")
    parts, group, depth = _PARTS.findall(name), tree, 0
    while len(parts) > 1 and parts[0].lower() in ("and", "or"):
        if not parts[1].isdecimal() or len(parts[1]) > 6 or depth == 2:
            why = "groups may stand two deep" if depth == 2 else f"'{parts[1]}' is not the number of a member"
            raise BadRequestError(f"the filter '{name}' cannot be read: {why}")
        group, parts, depth = group.member(parts[0].lower(), int(parts[1])), parts[2:], depth + 1
    if len(parts) not in (2, 3):
        raise BadRequestError(f"the filter '{name}' cannot be read; wanted filters[field][OPERATION]=value")
    group.leaves += _leaves(field_name(parts[0]), parts[1].upper(), "".join(parts[2:]), values, now, parts[0])


def field_name(name: str) -> str:
    """Return a field's name; older clients send UPPER_SNAKE."""
    if name.isupper():
        first, *rest = name.lower().split("_")
        name = first + "".join(part.capitalize() for part in rest)
    return ALIASES.get(name, name)


def _leaves(field: str, operation: str, key: str, values: Sequence[str], now: float, named: str) -> list[Filter]:
    """Return the conditions of one parameter."""
    kind = KINDS.get(field)
    if kind is None:
        raise BadRequestError(f"unknown filter field '{named}'; the fields are {', '.join(sorted(KINDS))}")
    if operation not in OPERATIONS:
        raise BadRequestError(
            f"unknown filter operation '{operation}' of '{named}'; the operations are {', '.join(sorted(OPERATIONS))}"
        )
    if operation not in _ALLOWED[kind]:
        wanted = ", ".join(sorted(_ALLOWED[kind]))
        raise BadRequestError(f"the filter field '{named}' does not know {operation}; it knows {wanted}")
    if key and kind != "labels":
        raise BadRequestError(f"the filter field '{named}' takes no key, found [{key}]")
    if operation in VALUELESS:
        return [Filter("is", field=_column(field), operation=operation, value=key, named=named)]
    texts = [text for text in values if text != ""]
    return [_leaf(field, kind, operation, key, some, now, named) for some in _split(kind, operation, texts)]


def _split(kind: str, operation: str, texts: Sequence[str]) -> list[list[str]]:
    """Return the values of each condition: a list is one condition, repeated values of other operations are several."""
    if operation in ("IN", "NOT_IN") or (kind == "word" and operation in ("EQUALS", "NOT_EQUALS")):
        every = [part.strip() for text in texts for part in text.split(",") if part.strip()]
        return [every] if every else []
    return [[text] for text in texts]


def _leaf(field: str, kind: str, operation: str, key: str, texts: Sequence[str], now: float, named: str) -> Filter:
    try:
        values = tuple(_READ[kind](key, text) for text in texts)
        if field in WORDS and operation in _SETS:
            _refuse_words(values, WORDS[field])
    except (ValueError, OverflowError) as error:
        raise UnprocessableError(f"the filter '{named}' is '{','.join(texts)}': {error}") from None
    if kind == "range":
        return Filter("is", (), "date", "GREATER_THAN_OR_EQUAL_TO", now - values[0], named)
    if len(values) > 1 and operation in ("EQUALS", "NOT_EQUALS"):
        operation = {"EQUALS": "IN", "NOT_EQUALS": "NOT_IN"}[operation]
    value = values if operation in ("IN", "NOT_IN") else values[0]
    return Filter("is", (), _column(field), operation, value, named)


def _column(field: str) -> str:
    return "date" if field in ("startDate", "endDate", "timeRange") else field


def _refuse_words(values: Sequence[str], known: frozenset[str]) -> None:
    for value in values:
        if value not in known:
            raise ValueError(f"'{value}' is none of {', '.join(sorted(known))}")


def _text(_: str, text: str) -> str:
    return text


def _label(key: str, text: str) -> tuple[str, str | None]:
    """Return a label's key and value; None where only the key is named."""
    if key:
        return key, text
    name, colon, value = text.partition(":")
    return name, value if colon else None


def _whole(_: str, text: str) -> int:
    if not text.lstrip("-").isdecimal() or len(text) > 18:
        raise ValueError("wanted a whole number")
    return int(text)


def _boolean(_: str, text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError("wanted true or false")
    return text.lower() == "true"


def _level(_: str, text: str) -> int:
    if text.upper() not in frozenset(Level):
        raise ValueError(f"wanted one of {', '.join(Level)}")
    return Level(text.upper()).rank


def _date(_: str, text: str) -> float:
    return read_date(text).timestamp()


def _range(_: str, text: str) -> float:
    return parse_duration(text).total_seconds()


_READ: Mapping[str, Callable[[str, str], Any]] = {
    "text": _text,
    "word": _text,
    "number": _whole,
    "date": _date,
    "range": _range,
    "boolean": _boolean,
    "level": _level,
    "labels": _label,
}
