"""The values that only expressions know: Java's numbers, instants, map entries, and the type names they go by.

Promise: nothing here reads a clock or the world; `plain` turns every such number into an ordinary Python one.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum


class Long(int):
    """A 64-bit integer, as literals give it; it differs from an int only in `className`."""

    __slots__ = ()


class BigInteger(int):
    """An integer that the template asked to be a BigInteger; it differs from an int only in `className`."""

    __slots__ = ()


class Float32(float):
    """A 32-bit float: an input of type FLOAT, or a short decimal read by `number`."""

    __slots__ = ()

    def __new__(cls, value: float | str) -> Float32:
        """Round to the nearest 32-bit float, as Java stores it."""
        number = float(value)
        try:
            number = struct.unpack("f", struct.pack("f", number))[0]
        except OverflowError:
            number = float("inf") if number > 0 else float("-inf")
        return super().__new__(cls, number)


class Instant(datetime):
    """A point in time without a zone, such as `execution.startDate`; it prints in UTC with a `Z`."""

    @classmethod
    def of(cls, moment: datetime) -> Instant:
        """Return the instant of an aware date-time; a naive one is read as UTC."""
        aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        utc = aware.astimezone(UTC)
        return cls(utc.year, utc.month, utc.day, utc.hour, utc.minute, utc.second, utc.microsecond, tzinfo=UTC)


class OwnList(list[object]):
    """A list that the template itself made, so that `+` and `-` may change it in place."""

    __slots__ = ()


class ParsedMap(dict[str, object]):
    """A map that `fromJson` gives back as it is: flows may expect JSON text in its place (the value of a Loop)."""

    __slots__ = ()


class ParsedList(list[object]):
    """A list that `fromJson` gives back as it is, likewise."""

    __slots__ = ()


class MapEntry:
    """One key and value of a map, as `for` gives them."""

    __slots__ = ("key", "value")

    def __init__(self, key: object, value: object) -> None:
        self.key = key
        self.value = value


def plain(value: object) -> object:
    """Return the value with Java's numbers turned into Python's; the same object when nothing had to change."""
    if isinstance(value, Long | BigInteger):
        return int(value)
    if isinstance(value, Float32):
        return float(shortest_float32(value))
    if isinstance(value, MapEntry):
        return {value.key: plain(value.value)}
    if isinstance(value, dict):
        pairs = {plain(key): plain(child) for key, child in value.items()}
        return pairs if any(pairs.get(key) is not child for key, child in value.items()) else value
    if isinstance(value, list | tuple):
        items = [plain(child) for child in value]
        changed = type(value) is OwnList or any(new is not old for new, old in zip(items, value, strict=True))
        return items if changed else value
    return value


def shortest_float32(value: float) -> str:
    """Return the shortest decimal text that reads back as the same 32-bit float."""
    packed = struct.pack("f", value)
    for digits in range(1, 10):
        text = f"{value:.{digits}g}"
        if struct.pack("f", float(text)) == packed:
            return text
    return repr(float(value))


def is_number(value: object) -> bool:
    """Tell whether the value is a number; booleans are not."""
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def is_collection(value: object) -> bool:
    """Tell whether the value is a list, a tuple or a set; maps and strings are not."""
    return isinstance(value, list | tuple | set | frozenset)


def elements(value: object, wanted: str) -> list[object]:
    """Return the elements of a collection as a list of their own, or raise naming what was wanted."""
    if isinstance(value, Iterable) and is_collection(value):
        return list(value)
    raise TypeError(f"{wanted} needs a list, found {describe(value)}")


_CLASS_NAMES: tuple[tuple[type, str], ...] = (
    (str, "java.lang.String"),
    (bool, "java.lang.Boolean"),
    (Long, "java.lang.Long"),
    (BigInteger, "java.math.BigInteger"),
    (Float32, "java.lang.Float"),
    (float, "java.lang.Double"),
    (Decimal, "java.math.BigDecimal"),
    (Instant, "java.time.Instant"),
    (date, "java.time.LocalDate"),
    (time, "java.time.LocalTime"),
    (timedelta, "java.time.Duration"),
    (MapEntry, "java.util.Map$Entry"),
    (Mapping, "java.util.LinkedHashMap"),
    (set, "java.util.LinkedHashSet"),
    (frozenset, "java.util.LinkedHashSet"),
    (list, "java.util.ArrayList"),
    (tuple, "java.util.ArrayList"),
)


def class_name(value: object) -> str:
    """Return the name of the Java class that stands for the value on the reference."""
    if isinstance(value, int) and not isinstance(value, bool | Long | BigInteger):
        if -(2**31) <= value < 2**31:
            return "java.lang.Integer"
        return "java.lang.Long" if -(2**63) <= value < 2**63 else "java.math.BigInteger"
    if isinstance(value, datetime) and not isinstance(value, Instant):
        return "java.time.ZonedDateTime" if value.tzinfo is not None else "java.time.LocalDateTime"
    for kind, name in _CLASS_NAMES:
        if isinstance(value, kind):
            return name
    return "java.lang.Enum" if isinstance(value, Enum) else "java.lang.Object"


_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "a boolean"),
    (str, "a string"),
    (int, "an integer"),
    (float, "a decimal number"),
    (Decimal, "a decimal number"),
    (datetime, "a date-time"),
    (date, "a date"),
    (time, "a time"),
    (timedelta, "a duration"),
    (Mapping, "a map"),
    (list, "a list"),
    (tuple, "a list"),
    (set, "a set"),
    (frozenset, "a set"),
    (MapEntry, "a map entry"),
)


def describe(value: object) -> str:
    """Return what an error text calls the value: its kind and, when it is short, the value."""
    if value is None:
        return "null"
    for kind, name in _KINDS:
        if isinstance(value, kind):
            if isinstance(value, str):
                return f"{name} '{value if len(value) <= 40 else value[:37] + '...'}'"
            if isinstance(value, bool):
                return f"{name} {'true' if value else 'false'}"
            if isinstance(value, int | float):
                return f"{name} {value}" if abs(value) < 10**18 else name
            return name
    return "an object"
