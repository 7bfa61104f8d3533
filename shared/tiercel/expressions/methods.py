"""The methods and properties that templates may use on strings, lists, maps, numbers and dates.

Promise: these tables are all there is; a method changes nothing but what it returns.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TypeAlias

from tiercel.errors import ExpressionError
from tiercel.expressions import javaregex
from tiercel.expressions.limits import Budget, size_hint
from tiercel.expressions.operators import equal, key_of
from tiercel.expressions.printing import java_text
from tiercel.expressions.timetext import region_of
from tiercel.expressions.values import Instant, Long, MapEntry, OwnList, describe

Method: TypeAlias = Callable[..., object]
Table: TypeAlias = dict[str, Method]


def whole(value: object) -> int:
    """Return an argument that must be an integer."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise TypeError(f"wanted an integer, found {describe(value)}")


def text(value: object) -> str:
    """Return an argument that must be a string."""
    if isinstance(value, str):
        return value
    raise TypeError(f"wanted a string, found {describe(value)}")


def substring(_: Budget, value: str, start: object, end: object = None) -> str:
    """Cut from `start` up to `end`, which is not included."""
    first, last = whole(start), len(value) if end is None else whole(end)
    if not 0 <= first <= last <= len(value):
        raise ExpressionError(f"begin {first}, end {last}, length {len(value)}: the part lies outside the string")
    return value[first:last]


def character(_: Budget, value: str, position: object) -> str:
    """Return one character."""
    at = whole(position)
    if not 0 <= at < len(value):
        raise ExpressionError(f"Index {at} lies outside the string of length {len(value)}")
    return value[at]


def repeated(budget: Budget, value: str, count: object) -> str:
    """Repeat a string, as often as its size allows."""
    times = whole(count)
    if times < 0:
        raise ExpressionError(f"A string cannot be repeated {times} times")
    budget.hold(len(value) * times)
    return budget.hold_text(value * times)


def replaced(budget: Budget, value: str, old: object, new: object) -> str:
    """Replace every occurrence of a text."""
    found, by = text(old), text(new)
    budget.spend(size_hint(value))
    budget.hold(value.count(found) * max(0, len(by) - len(found)))
    return budget.hold_text(value.replace(found, by))


def list_get(_: Budget, value: list[object], position: object) -> object:
    """Return an element of a list, or raise."""
    at = whole(position)
    if not 0 <= at < len(value):
        raise ExpressionError(f"Index {at} lies outside the list of length {len(value)}")
    return value[at]


def list_index(budget: Budget, value: list[object], wanted: object) -> int:
    """Return where an element stands, or -1."""
    budget.spend(len(value))
    return next((at for at, one in enumerate(value) if equal(one, wanted, budget)), -1)


def sub_list(budget: Budget, value: list[object], start: object, end: object) -> OwnList:
    """Return a part of a list."""
    first, last = whole(start), whole(end)
    if not 0 <= first <= last <= len(value):
        raise ExpressionError(f"from {first} to {last}: the part lies outside the list of length {len(value)}")
    budget.hold_list(last - first)
    return OwnList(value[first:last])


def map_get(_: Budget, value: Mapping[object, object], key: object, otherwise: object = None) -> object:
    """Return the value of a key, or `otherwise`."""
    try:
        return value[key_of(key)]
    except KeyError:
        return otherwise


def has_value(budget: Budget, value: Mapping[object, object], wanted: object) -> bool:
    """Tell whether a map has a value."""
    budget.spend(len(value))
    return any(equal(one, wanted, budget) for one in value.values())


def listed(budget: Budget, values: Iterable[object]) -> OwnList:
    """Return keys, values or entries as a list."""
    result = OwnList(values)
    budget.hold_list(len(result))
    return result


_STRING: Table = {
    "length": lambda _, value: len(value),
    "isEmpty": lambda _, value: not value,
    "isBlank": lambda _, value: not value.strip(),
    "toUpperCase": lambda budget, value: budget.hold_text(value.upper()),
    "toLowerCase": lambda budget, value: budget.hold_text(value.lower()),
    "trim": lambda _, value: value.strip("".join(map(chr, range(33)))),
    "strip": lambda _, value: value.strip(),
    "indexOf": lambda _, value, part, start=0: value.find(text(part), max(0, whole(start))),
    "lastIndexOf": lambda _, value, part: value.rfind(text(part)),
    "startsWith": lambda _, value, part: value.startswith(text(part)),
    "endsWith": lambda _, value, part: value.endswith(text(part)),
    "replace": replaced,
    "replaceAll": lambda budget, value, regex, new: javaregex.replace(text(regex), text(new), value, budget),
    "replaceFirst": lambda budget, value, regex, new: javaregex.replace(text(regex), text(new), value, budget, 1),
    "split": lambda budget, value, regex, limit=0: javaregex.split(text(regex), value, whole(limit), budget),
    "concat": lambda budget, value, more: budget.hold_text(value + text(more)),
    "equalsIgnoreCase": lambda _, value, other: isinstance(other, str) and value.casefold() == other.casefold(),
    "compareTo": lambda _, value, other: Long((value > text(other)) - (value < other)),
    "matches": lambda budget, value, regex: javaregex.matches(text(regex), value, budget),
    "substring": substring,
    "charAt": character,
    "repeat": repeated,
    "toString": lambda _, value: value,
}
_LIST: Table = {
    "size": lambda _, value: len(value),
    "isEmpty": lambda _, value: not value,
    "get": list_get,
    "indexOf": list_index,
    "subList": sub_list,
    "toString": lambda budget, value: java_text(value, budget),
}
_SET: Table = {name: _LIST[name] for name in ("size", "isEmpty", "toString")}
_MAP: Table = {
    "size": lambda _, value: len(value),
    "isEmpty": lambda _, value: len(value) == 0,
    "get": lambda budget, value, key: map_get(budget, value, key),
    "getOrDefault": map_get,
    "containsKey": lambda _, value, key: key_of(key) in value,
    "containsValue": has_value,
    "keySet": lambda budget, value: listed(budget, value),
    "values": lambda budget, value: listed(budget, value.values()),
    "entrySet": lambda budget, value: listed(budget, [MapEntry(key, one) for key, one in value.items()]),
    "toString": lambda budget, value: java_text(value, budget),
}
_ENTRY: Table = {
    "getKey": lambda _, value: value.key,
    "getValue": lambda _, value: value.value,
}
_NUMBER: Table = {
    "intValue": lambda _, value: math.trunc(value),
    "longValue": lambda _, value: Long(math.trunc(value)),
    "doubleValue": lambda _, value: float(value),
    "toString": lambda budget, value: java_text(value, budget),
}
_BOOLEAN: Table = {"toString": lambda budget, value: java_text(value, budget)}
_WEEKDAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
_MONTHS = (
    *("JANUARY", "FEBRUARY", "MARCH", "APRIL", "MAY", "JUNE", "JULY"),
    *("AUGUST", "SEPTEMBER", "OCTOBER", "NOVEMBER", "DECEMBER"),
)
_DATE: Table = {
    "getYear": lambda _, value: value.year,
    "getMonthValue": lambda _, value: value.month,
    "getMonth": lambda _, value: _MONTHS[value.month - 1],
    "getDayOfMonth": lambda _, value: value.day,
    "getDayOfYear": lambda _, value: value.timetuple().tm_yday,
    "getDayOfWeek": lambda _, value: _WEEKDAYS[value.weekday()],
    "plusDays": lambda _, value, count: value + timedelta(days=whole(count)),
    "minusDays": lambda _, value, count: value - timedelta(days=whole(count)),
    "plusWeeks": lambda _, value, count: value + timedelta(weeks=whole(count)),
    "minusWeeks": lambda _, value, count: value - timedelta(weeks=whole(count)),
    "isBefore": lambda _, value, other: value < other,
    "isAfter": lambda _, value, other: value > other,
    "toString": lambda budget, value: java_text(value, budget),
}
_TIME: Table = {
    "getHour": lambda _, value: value.hour,
    "getMinute": lambda _, value: value.minute,
    "getSecond": lambda _, value: value.second,
    "getNano": lambda _, value: value.microsecond * 1000,
    "toString": lambda budget, value: java_text(value, budget),
}
_DATE_TIME: Table = (
    _DATE
    | _TIME
    | {
        "plusHours": lambda _, value, count: value + timedelta(hours=whole(count)),
        "minusHours": lambda _, value, count: value - timedelta(hours=whole(count)),
        "plusMinutes": lambda _, value, count: value + timedelta(minutes=whole(count)),
        "minusMinutes": lambda _, value, count: value - timedelta(minutes=whole(count)),
        "plusSeconds": lambda _, value, count: value + timedelta(seconds=whole(count)),
        "minusSeconds": lambda _, value, count: value - timedelta(seconds=whole(count)),
        "toLocalDate": lambda _, value: value.date(),
        "toLocalTime": lambda _, value: value.time(),
        "toLocalDateTime": lambda _, value: value.replace(tzinfo=None),
        "toInstant": lambda _, value: Instant.of(value),
        "toEpochSecond": lambda _, value: Long(math.floor(value.timestamp())),
        "toEpochMilli": lambda _, value: Long(math.floor(value.timestamp() * 1000)),
        "getZone": lambda _, value: region_of(value),
    }
)
_DURATION: Table = {
    "toSeconds": lambda _, value: Long(value // timedelta(seconds=1)),
    "getSeconds": lambda _, value: Long(value // timedelta(seconds=1)),
    "toMinutes": lambda _, value: Long(value // timedelta(minutes=1)),
    "toHours": lambda _, value: Long(value // timedelta(hours=1)),
    "toDays": lambda _, value: Long(value // timedelta(days=1)),
    "toMillis": lambda _, value: Long(value // timedelta(milliseconds=1)),
    "toString": lambda budget, value: java_text(value, budget),
}
_TABLES: tuple[tuple[type, Table], ...] = (
    (str, _STRING),
    (Mapping, _MAP),
    (list, _LIST),
    (tuple, _LIST),
    (set, _SET),
    (frozenset, _SET),
    (MapEntry, _ENTRY),
    (bool, _BOOLEAN),
    (int, _NUMBER),
    (float, _NUMBER),
    (Decimal, _NUMBER),
    (datetime, _DATE_TIME),
    (date, _DATE),
    (time, _TIME),
    (timedelta, _DURATION),
)


def method_of(receiver: object, name: str) -> Method | None:
    """Return a method by its name, or None when the value has no such method."""
    for kind, table in _TABLES:
        if isinstance(receiver, kind):
            return table.get(name)
    return None


def property_of(receiver: object, name: str, budget: Budget) -> tuple[object] | None:
    """Return what `getX()`, `isX()`, `hasX()` or `x()` gives for the name, or None when there is none of them."""
    capital = name[:1].upper() + name[1:]
    for candidate in (f"get{capital}", f"is{capital}", f"has{capital}", name):
        method = method_of(receiver, candidate)
        if method is not None:
            try:
                return (method(budget, receiver),)
            except TypeError:  # it needs arguments
                continue
    return None
