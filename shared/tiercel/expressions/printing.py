"""Turns values into text: as a print shows them, as Java would, and as compact JSON.

Promise: the text is the specification's to the letter; a value that is no value of the language raises.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from json.encoder import encode_basestring

from tiercel.errors import ExpressionError
from tiercel.expressions.limits import MAX_DEPTH, Budget, LimitError, Unlimited
from tiercel.expressions.timetext import date_time_text, duration_text, instant_text, iso_offset_text, time_text
from tiercel.expressions.values import Float32, Instant, Long, MapEntry, OwnList, shortest_float32


def to_text(value: object, budget: Budget | None = None) -> str:
    """Return the text of a value as a print shows it; maps and lists are compact JSON."""
    if type(value) is str:
        return value
    write = _SCALARS.get(type(value))
    if write is not None:
        return write(value)
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        return to_json(value, budget)
    return scalar_text(value, budget or Unlimited())


def to_json(value: object, budget: Budget | None = None) -> str:
    """Return the compact JSON of a value: nulls in maps are left out, dates are ISO in UTC."""
    budget = budget or Unlimited()
    out: list[str] = []
    _write_json(value, out.append, budget, 0)
    return budget.hold_text("".join(out)) if type(budget) is Budget else "".join(out)


def java_text(value: object, budget: Budget, depth: int = 0) -> str:
    """Return the text of a value as Java's `toString` gives it: `{a=1}`, `[1, 2]`, `null`."""
    if value is None:
        return "null"
    if not isinstance(value, Mapping | list | tuple | set | frozenset):
        return to_text(value, budget)
    check_depth(depth)
    budget.spend(4 + 2 * len(value))
    if isinstance(value, Mapping):
        pairs = (f"{java_text(k, budget, depth + 1)}={java_text(v, budget, depth + 1)}" for k, v in value.items())
        return budget.hold_text("{" + ", ".join(pairs) + "}")
    return budget.hold_text("[" + ", ".join([java_text(one, budget, depth + 1) for one in value]) + "]")


def check_depth(depth: int) -> None:
    """Raise when values are nested too deeply."""
    if depth > MAX_DEPTH:
        raise LimitError(f"The value is nested more than {MAX_DEPTH} levels deep.")


def double_text(value: float) -> str:
    """Return a double as Java writes it: `1.0`, `1.0E10`, `NaN`."""
    return _decimal_text(value, repr(float(value)))


def float32_text(value: float) -> str:
    """Return a 32-bit float as Java writes it."""
    return _decimal_text(value, shortest_float32(value))


def _decimal_text(value: float, digits_text: str) -> str:
    size = abs(value)
    if value != value:
        return "NaN"
    if size == float("inf"):
        return "Infinity" if value > 0 else "-Infinity"
    sign, digits, exponent = Decimal(digits_text).as_tuple()
    figures = "".join(map(str, digits)).rstrip("0") or "0"
    point = len(digits) + int(exponent)
    minus = "-" if sign else ""
    if size == 0:
        return f"{minus}0.0"
    if 1e-3 <= size < 1e7:
        if point <= 0:
            return f"{minus}0.{'0' * -point}{figures}"
        whole = figures[:point].ljust(point, "0")
        return f"{minus}{whole}.{figures[point:] or '0'}"
    return f"{minus}{figures[0]}.{figures[1:] or '0'}E{point - 1}"


def decimal_text(value: Decimal) -> str:
    """Return a big decimal in plain notation."""
    if value.is_finite() and abs(value.adjusted()) > 10_000:
        raise LimitError("The decimal number is too large to print.")
    return f"{value:f}"


def integer_text(value: int) -> str:
    """Return the decimal digits of an integer."""
    if value.bit_length() > 13_000:
        raise LimitError("The integer is too large to print.")
    return int.__repr__(value)


def entry_text(value: MapEntry, budget: Budget | None = None) -> str:
    """Return `key=value`."""
    budget = budget or Unlimited()
    return f"{java_text(value.key, budget)}={java_text(value.value, budget)}"


def scalar_text(value: object, budget: Budget) -> str:
    """Return the text of a value whose exact type is not in the table: subclasses, enums, map entries."""
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, MapEntry):
        return entry_text(value, budget)
    for kind in (str, int, float, Decimal, Instant, datetime, date, time, timedelta):
        if isinstance(value, kind):
            return _SCALARS[kind](value)
    raise ExpressionError(f"A value of the Python type {type(value).__name__} cannot be printed.")


_SCALARS: dict[type, Callable[..., str]] = {
    str: str,
    bool: lambda value: "true" if value else "false",
    int: integer_text,
    Long: integer_text,
    float: double_text,
    Float32: float32_text,
    Decimal: decimal_text,
    Instant: instant_text,
    datetime: date_time_text,
    date: date.isoformat,
    time: time_text,
    timedelta: duration_text,
    type(None): lambda _: "",
}


_PLAIN = 10**300
"""Integers below it are printed without asking how large they are."""


def _write_json(value: object, write: Callable[[str], None], budget: Budget, depth: int) -> None:
    if type(value) is str:
        write(encode_basestring(value))
    elif value is None:
        write("null")
    elif isinstance(value, bool | int | Decimal):
        write(_SCALARS[type(value)](value) if type(value) in _SCALARS else to_text(value))
    elif isinstance(value, float):
        text = to_text(value)
        write(text if value - value == 0 else f'"{text}"')
    elif isinstance(value, Mapping):
        check_depth(depth)
        _write_map(value, write, budget, depth + 1)
    elif isinstance(value, list | tuple | set | frozenset | OwnList):
        check_depth(depth)
        budget.spend(4 + len(value))
        separator = "["
        for item in value:
            write(separator)
            if type(item) is int:
                write(repr(item) if -_PLAIN < item < _PLAIN else integer_text(item))
            else:
                _write_json(item, write, budget, depth + 1)
            separator = ","
        write("]" if separator == "," else "[]")
    elif isinstance(value, MapEntry):
        _write_map({value.key: value.value}, write, budget, depth + 1)
    else:
        write(encode_basestring(_json_text(value, budget)))


def _write_map(value: Mapping[object, object], write: Callable[[str], None], budget: Budget, depth: int) -> None:
    budget.spend(4 + 2 * len(value))
    separator = "{"
    for key, child in value.items():
        if child is None:
            continue
        write(separator + encode_basestring("null" if key is None else to_text(key, budget)) + ":")
        _write_json(child, write, budget, depth)
        separator = ","
    write("}" if separator == "," else "{}")


def _json_text(value: object, budget: Budget) -> str:
    if isinstance(value, datetime) and not isinstance(value, Instant) and value.tzinfo is not None:
        return iso_offset_text(value)
    return to_text(value, budget)
