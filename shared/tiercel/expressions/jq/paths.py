"""Reads, writes and deletes at paths of jq values.

Promise: values are never changed in place.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tiercel.expressions.jq.values import JqError, Json, order, shown, type_name
from tiercel.expressions.limits import MAX_LIST, LimitError

if TYPE_CHECKING:
    from tiercel.expressions.limits import Budget


def extended(path: tuple[Json, ...] | None, key: Json) -> tuple[Json, ...] | None:
    """Return a path with one key more, when a path is followed."""
    return None if path is None else (*path, key)


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def index(target: Json, key: Json, budget: Budget) -> Json:
    """Return `target[key]`."""
    if isinstance(target, dict) and isinstance(key, str):
        return target.get(key)
    if isinstance(target, list) and isinstance(key, int | float) and not isinstance(key, bool):
        if key != key:
            return None
        position = math.floor(max(-1e9, min(key, 1e9)))
        position += len(target) if position < 0 else 0
        return target[position] if 0 <= position < len(target) else None
    if isinstance(key, dict):
        return _sliced(target, key, budget)
    if target is None and (isinstance(key, str) or _is_number(key)):
        return None
    if isinstance(target, list) and isinstance(key, list):
        return indices(target, key, budget)
    name = f'"{key}"' if isinstance(key, str) else type_name(key)
    raise JqError(f"Cannot index {type_name(target)} with {name}")


def indices(target: Json, wanted: Json, budget: Budget) -> Json:
    """Return where a part stands in a list or text."""
    if target is None:
        return None
    if isinstance(target, str) and isinstance(wanted, str):
        budget.spend(len(target) // 16)
        return [at for at in range(len(target)) if target.startswith(wanted, at)] if wanted else None
    if not isinstance(target, list):
        raise JqError(f"Cannot determine indices in {shown(target, budget)}")
    part = wanted if isinstance(wanted, list) else [wanted]
    budget.spend(len(target) * max(1, len(part)))
    keys, sought = [order(one) for one in target], [order(one) for one in part]
    return [at for at in range(len(keys) - len(sought) + 1) if sought and keys[at : at + len(sought)] == sought]


def _bounds(key: dict[str, Json], size: int) -> tuple[int, int]:
    edges = []
    for edge, otherwise, rounded in ((key.get("start"), 0, math.floor), (key.get("end"), size, math.ceil)):
        if edge is None:
            edges.append(otherwise)
            continue
        if not isinstance(edge, int | float) or isinstance(edge, bool):
            raise JqError("Start and end indices of an array slice must be numbers")
        position = rounded(max(-1e9, min(edge, 1e9)))
        edges.append(max(0, min(size, position + size if position < 0 else position)))
    return edges[0], max(edges)


def _sliced(target: Json, key: dict[str, Json], budget: Budget) -> Json:
    if target is None:
        return None
    if not isinstance(target, list | str):
        raise JqError(f"Cannot index {type_name(target)} with object")
    start, end = _bounds(key, len(target))
    budget.hold_list(0 if isinstance(target, str) else end - start)
    return target[start:end]


def children(target: Json, budget: Budget) -> Iterator[tuple[Json, Json]]:
    """Return the keys and values of a list or object."""
    if isinstance(target, list):
        return iter(list(enumerate(target)))
    if isinstance(target, dict):
        return iter(list(target.items()))
    raise JqError(f"Cannot iterate over {shown(target, budget) if target is not None else 'null'}")


def get(value: Json, path: tuple[Json, ...], budget: Budget) -> Json:
    """Return what stands at a path; null where it leads nowhere."""
    for key in path:
        if value is None:
            return None
        value = index(value, key, budget)
    return value


def put(value: Json, path: tuple[Json, ...], new: Json, budget: Budget) -> Json:
    """Return the value with something else at a path."""
    if not path:
        return new
    budget.spend(1)
    key = path[0]
    inner = put(None if value is None else index(value, key, budget), path[1:], new, budget)
    if isinstance(key, str) and isinstance(value, dict | None):
        budget.hold_list(len(value or {}) + 1)
        return {**(value or {}), key: inner}
    if isinstance(key, int | float) and not isinstance(key, bool) and isinstance(value, list | None):
        return _put_at(value or [], math.floor(key), inner, budget)
    if isinstance(key, dict) and isinstance(value, list | None):
        items = value or []
        start, end = _bounds(key, len(items))
        if not isinstance(inner, list):
            raise JqError("A slice of an array can only be assigned another array")
        return [*items[:start], *inner, *items[end:]]
    raise JqError(f"Cannot index {type_name(value)} with {type_name(key)}")


def _put_at(items: list[Json], position: int, inner: Json, budget: Budget) -> Json:
    if position < 0:
        position += len(items)
        if position < 0:
            raise JqError("Out of bounds negative array index")
    if position > MAX_LIST:
        raise LimitError("The jq program makes an array that is too large")
    budget.hold_list(max(len(items), position + 1))
    copy = [*items, *[None] * (position + 1 - len(items))]
    copy[position] = inner
    return copy


def without(value: Json, gone: list[tuple[Json, ...]], budget: Budget) -> Json:
    """Return the value without what stands at some paths."""
    for path in sorted(gone, key=lambda one: order(list(one)), reverse=True):
        value = _removed(value, path, budget)
    return value


def _removed(value: Json, path: tuple[Json, ...], budget: Budget) -> Json:
    if not path or value is None:
        return None
    key = path[0]
    if len(path) > 1:
        inner = index(value, key, budget)
        return value if inner is None else put(value, (key,), _removed(inner, path[1:], budget), budget)
    if isinstance(value, dict) and isinstance(key, str):
        budget.hold_list(len(value))
        return {name: child for name, child in value.items() if name != key}
    if isinstance(value, list) and isinstance(key, int | float) and not isinstance(key, bool):
        budget.hold_list(len(value))
        position = math.floor(key) + (len(value) if key < 0 else 0)
        return [one for at, one in enumerate(value) if at != position]
    if isinstance(value, list) and isinstance(key, dict):
        start, end = _bounds(key, len(value))
        return [*value[:start], *value[end:]]
    raise JqError(f"Cannot delete field at {type_name(key)} of {type_name(value)}")
