"""Routes of keys and their values (api.md, 8)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from tiercel.api.bodies import read_json, read_text
from tiercel.api.calls import Answer, Call, page_of
from tiercel.api.failures import UnprocessableError
from tiercel.api.flows.lists import part_of, sorted_by
from tiercel.api.matching import Fields, plan, scope_of
from tiercel.api.namespaces.places import namespace_of
from tiercel.api.parameters import Parameter
from tiercel.api.routing import routes
from tiercel.errors import NotFoundError
from tiercel.model.durations import parse_duration
from tiercel.model.execution import LARGEST_VALUES
from tiercel.namespaces.keyvalues import KeyValue, ValueType, check_key, from_text, plain, typed, upwards

Placed = tuple[str, KeyValue]
"""A key with its namespace."""


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()


_FIELDS: Fields[Placed] = Fields(
    "keys",
    {
        "q": lambda placed: (placed[1].key,),
        "namespace": lambda placed: placed[0],
        "name": lambda placed: placed[1].key,
        "scope": lambda placed: scope_of(placed[0]),
        "created": lambda placed: _seconds(placed[1].created),
        "updated": lambda placed: _seconds(placed[1].updated),
        "expirationDate": lambda placed: _seconds(placed[1].expiration),
    },
)
_ORDERS: Mapping[str, Callable[[Placed], Any]] = {
    "key": lambda placed: placed[1].key,
    "name": lambda placed: placed[1].key,
    "namespace": lambda placed: placed[0],
    "revision": lambda placed: placed[1].version,
    "description": lambda placed: placed[1].description or "",
    "creationDate": lambda placed: placed[1].created,
    "created": lambda placed: placed[1].created,
    "updateDate": lambda placed: placed[1].updated,
    "updated": lambda placed: placed[1].updated,
    "expirationDate": lambda placed: _seconds(placed[1].expiration) or float("inf"),
}


class Named(msgspec.Struct):
    """Keys that are meant."""

    keys: list[str]


def _view(placed: Placed) -> dict[str, Any]:
    """Return a key as lists show it, without its value."""
    namespace, entry = placed
    found: dict[str, Any] = {
        "namespace": namespace,
        "key": entry.key,
        "type": entry.type,
        "revision": entry.version,
        "description": entry.description,
        "creationDate": plain(entry.created),
        "updateDate": plain(entry.updated),
        "expirationDate": plain(entry.expiration),
    }
    return {name: value for name, value in found.items() if value is not None}


def _key(call: Call) -> str:
    try:
        return check_key(call.path["key"])
    except ValueError as error:
        raise UnprocessableError(str(error)) from None


_TYPE = Parameter("type", description="Of which type the value must be; any by default.")


@routes.route("PUT", "/namespaces/{namespace}/kv/{key}", body="application/json", gives="", parameters=[_TYPE])
def set_key(call: Call) -> object:
    """Write a key: the body is JSON, or a date, a moment or a duration; headers `ttl` and `description`."""
    namespace, key = namespace_of(call), _key(call)
    call.request.max_content_length = min(call.site.largest_body, LARGEST_VALUES)
    try:
        value = from_text(read_text(call.request).decode())
    except (ValueError, RecursionError) as error:
        raise UnprocessableError(
            f'the value cannot be read: {error}; wanted JSON such as "text", 42 or {{"a": 1}}, '
            "or a date, a date with a time or a duration without quotes"
        ) from None
    try:
        kind, ttl = _wanted(value, call.query["type"]), _ttl(call)
        call.site.parts.services.keys.set(namespace, key, value, kind=kind, ttl=ttl, description=_description(call))
    except ValueError as error:
        raise UnprocessableError(str(error)) from None
    return Answer()


def _wanted(value: object, name: str | None) -> ValueType | None:
    """Return the type that is asked for, or raise ValueError where the value is of another one."""
    if not name:
        return None
    if name not in frozenset(ValueType):
        raise ValueError(f"type is '{name:.40}', wanted one of {', '.join(ValueType)}")
    kind = ValueType(name)
    found = typed(value, kind)[1]
    if found is not kind:
        raise ValueError(f"the value is read as {found}, wanted {kind} such as {_EXAMPLES[kind]}")
    return kind


_EXAMPLES: Mapping[ValueType, str] = {
    ValueType.STRING: '"text"',
    ValueType.NUMBER: "42",
    ValueType.BOOLEAN: "true",
    ValueType.DATETIME: "2026-01-31T08:00:00Z",
    ValueType.DATE: "2026-01-31",
    ValueType.DURATION: "PT1H",
    ValueType.JSON: '{"a": 1}',
}


def _ttl(call: Call) -> timedelta | None:
    text = call.request.headers.get("ttl", "").strip()
    if not text:
        return None
    length = parse_duration(text)
    if length <= timedelta():
        raise ValueError(f"the header ttl is '{text}', wanted a duration above zero such as PT1H")
    return length


def _description(call: Call) -> str | None:
    text = call.request.headers.get("description")
    try:
        return None if text is None else text.encode("latin-1").decode()  # what WSGI took for Latin-1
    except UnicodeError:
        return text


@routes.route("GET", "/namespaces/{namespace}/kv/{key}")
def get_key(call: Call) -> object:
    """Return a key's value with its type; 410 once where its time is over."""
    namespace, key = namespace_of(call), _key(call)
    entry = call.site.parts.services.keys.get(namespace, key)
    if entry is None:
        raise NotFoundError(f"there is no key '{key}' in the namespace '{namespace}'")
    return {
        "type": entry.type,
        "value": plain(entry.value),
        "revision": entry.version,
        "updated": plain(entry.updated),
    }


@routes.route("DELETE", "/namespaces/{namespace}/kv/{key}")
def delete_key(call: Call) -> object:
    """Remove a key; tell whether it was there."""
    return call.site.parts.services.keys.delete(namespace_of(call), _key(call))


@routes.route("DELETE", "/namespaces/{namespace}/kv", body="application/json", shape=Named)
def delete_keys(call: Call) -> object:
    """Remove several keys; return those that were there."""
    namespace, keys = namespace_of(call), call.site.parts.services.keys
    wanted = dict.fromkeys(read_json(call, Named).keys)
    return {"keys": [key for key in wanted if keys.delete(namespace, key)]}


def _in(call: Call, namespaces: Iterable[str]) -> list[Placed]:
    keys = call.site.parts.services.keys
    return [(namespace, entry) for namespace in namespaces for entry in keys.list(namespace)]


@routes.route("GET", "/namespaces/{namespace}/kv")
def list_keys(call: Call) -> object:
    """Return the keys of a namespace."""
    return [_view(placed) for placed in _in(call, [namespace_of(call)])]


@routes.route("GET", "/namespaces/{namespace}/kv/inheritance")
def list_inherited_keys(call: Call) -> object:
    """Return the keys of the namespaces above, those of the nearest first."""
    return [_view(placed) for placed in _in(call, upwards(namespace_of(call))[1:])]


@routes.route("GET", "/kv", paged=True, filtered=True)
def search_keys(call: Call) -> object:
    """Return a page of the keys of all namespaces that are asked for."""
    test, within = _FIELDS.test(call.filter), plan(call.filter).index.get("namespace")
    every: Iterable[Placed] = _in(call, [within]) if within else call.site.parts.services.keys.all()
    named = sorted(filter(test, every), key=lambda placed: (placed[0], placed[1].key))
    found = sorted_by(named, call.page, _ORDERS)
    return page_of([_view(placed) for placed in part_of(found, call.page)], len(found))
