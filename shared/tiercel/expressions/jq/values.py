"""The values of jq: their order, their texts, and how they come from the language's values.

Promise: what leaves is made of dicts, lists, texts, numbers, booleans and null.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from typing import TypeAlias

from tiercel.errors import ExpressionError
from tiercel.expressions.limits import Budget
from tiercel.expressions.printing import check_depth, to_json
from tiercel.expressions.values import is_number, plain

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"


class JqError(ExpressionError):
    """An error that `try` catches; `value` is what `catch` sees."""

    def __init__(self, value: object) -> None:
        self.value = value
        super().__init__(f"jq: {value if isinstance(value, str) else to_json(value)}")


def json_value(value: object, budget: Budget, depth: int = 0) -> Json:
    """Return a value as JSON has it: dates become texts, nulls in maps are left out."""
    check_depth(depth)
    budget.spend(4)
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int | float):
        return plain(value)  # type: ignore[return-value]  # a number stays one
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and value.adjusted() < 300 else float(value)
    if isinstance(value, Mapping):
        pairs = ((str(key), json_value(child, budget, depth + 1)) for key, child in value.items())
        return {key: child for key, child in pairs if child is not None}
    if isinstance(value, list | tuple | set | frozenset):
        return [json_value(child, budget, depth + 1) for child in value]
    if isinstance(value, date | time | timedelta):
        return to_json(value, budget)[1:-1]
    return json_value(_parsed(to_json(value, budget)), budget, depth + 1)


def _parsed(text: str) -> object:
    from json import loads

    value: object = loads(text)
    return value


def type_name(value: Json) -> str:
    """Return the name of a value's type."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def order(value: Json, depth: int = 0) -> tuple[object, ...]:
    """Return the key by which values are sorted and compared."""
    check_depth(depth)
    if value is None:
        return (0,)
    if isinstance(value, bool):
        return (2,) if value else (1,)
    if is_number(value):
        return (3, value)
    if isinstance(value, str):
        return (4, value)
    if isinstance(value, list):
        return (5, [order(one, depth + 1) for one in value])
    assert isinstance(value, dict)
    keys = sorted(value)
    return (6, keys, [order(value[key], depth + 1) for key in keys])


def shown(value: Json, budget: Budget) -> str:
    """Return the text of a value in an error, cut when it is long."""
    text = json_text(value, budget)
    return f"{type_name(value)} ({text if len(text) <= 40 else text[:37] + '...'})"


def json_text(value: Json, budget: Budget) -> str:
    """Return compact JSON; nulls stay."""
    from json import dumps

    if isinstance(value, dict | list):
        budget.spend(_count(value))
    return budget.hold_text(dumps(_finite(value), ensure_ascii=False, separators=(",", ":")))


def _count(value: Json, depth: int = 0) -> int:
    check_depth(depth)
    if isinstance(value, dict):
        return 1 + sum(_count(one, depth + 1) for one in value.values())
    return 1 + sum(_count(one, depth + 1) for one in value) if isinstance(value, list) else 1


def _finite(value: Json) -> Json:
    """Return JSON's stand-ins for what it cannot write: null, and the largest double."""
    if isinstance(value, float):
        if value != value:
            return None
        if value - value != 0:
            return 1.7976931348623157e308 if value > 0 else -1.7976931348623157e308
        return int(value) if value == int(value) and abs(value) < 1e17 else value
    if isinstance(value, list):
        return [_finite(one) for one in value]
    return {key: _finite(one) for key, one in value.items()} if isinstance(value, dict) else value


def text_of(value: Json, budget: Budget) -> str:
    """Return a text as it is, and everything else as JSON."""
    return value if isinstance(value, str) else json_text(value, budget)


def truthy(value: Json) -> bool:
    """Tell whether a value is neither null nor false."""
    return value is not None and value is not False
