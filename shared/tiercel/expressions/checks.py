"""The tests of `is`: defined, null, empty, even, odd, iterable, map, json.

Promise: `defined` is not here, for only the compiler can intercept what is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tiercel.errors import ExpressionError
from tiercel.expressions.values import describe, is_collection


def is_empty(value: object) -> bool:
    """Tell whether a value is null, blank text, or a collection or map of nothing."""
    if value is None:
        return True
    if isinstance(value, str):
        return not value.strip()
    if isinstance(value, Mapping):
        return next(iter(value), value) is value
    return is_collection(value) and not value


def _remainder(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value % 2
    raise ExpressionError(f"The tests even and odd need an integer, found {describe(value)}")


def _is_json(value: object) -> bool:
    from json import loads

    if not isinstance(value, str):
        raise ExpressionError(f"The test json needs a string, found {describe(value)}")
    try:
        loads(value)
    except (ValueError, RecursionError):
        return False
    return True


CHECKS: dict[str, Callable[[object], bool]] = {
    "null": lambda value: value is None,
    "empty": is_empty,
    "even": lambda value: _remainder(value) == 0,
    "odd": lambda value: _remainder(value) == 1,
    "iterable": is_collection,
    "map": lambda value: isinstance(value, Mapping),
    "json": _is_json,
}
