"""DuckDB's column types to output values (plugin specification, 4.11)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from tiercel.tasks import records
from tiercel.tasks.jdbc.rows import Converter, placed

_TEXTS = frozenset({"hugeint", "uhugeint", "ubigint", "bignum", "uuid", "enum", "bit"})
_PLACED = frozenset({"timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns"})


def converter(kind: Any, zone: ZoneInfo) -> Converter | None:
    """Return what makes an output value of a column's values, or None where they are one already.

    Args:
        kind: The driver's type of the column.
        zone: Where timestamps without a zone are taken to be.
    """
    name = kind.id
    if name in _TEXTS:
        return str
    if name in _PLACED:
        return lambda value: _moment(value, zone)
    if name == "varchar":
        return _json if str(kind) == "JSON" else None
    if name == "timestamp with time zone":
        return lambda value: _moment(value, None)
    if name in ("time", "time with time zone", "time_ns"):
        return lambda value: records.iso_time(value) if isinstance(value, time) else str(value)
    if name in ("list", "array"):
        return _list_of(converter(kind.children[0][1], zone))
    if name == "struct":
        return _struct_of({child: converter(child_kind, zone) for child, child_kind in kind.children})
    if name == "map":
        return _map_of(*(converter(child_kind, zone) for _, child_kind in kind.children))
    return None


def _moment(value: object, zone: ZoneInfo | None) -> object:
    """Return a timestamp in its zone; one that has none, and no zone to put it in, is UTC."""
    if not isinstance(value, datetime):
        return str(value)
    try:
        return records.iso_datetime(placed(value, zone) if zone else value.astimezone(UTC))
    except OverflowError:  # the driver's infinity, at the calendar's end
        return records.iso_datetime(value)


def _json(value: object) -> object:
    return json.loads(value) if isinstance(value, str) else value


def _each(value: object, convert: Converter | None) -> object:
    return value if convert is None or value is None else convert(value)


def _list_of(convert: Converter | None) -> Converter | None:
    if convert is None:
        return None
    return lambda value: [_each(item, convert) for item in value]  # type: ignore[attr-defined]


def _struct_of(converts: Mapping[str, Converter | None]) -> Converter | None:
    if not any(converts.values()):
        return None

    def convert(value: Any) -> object:
        if not isinstance(value, Mapping):  # a struct without names is a tuple
            return [_each(item, each) for item, each in zip(value, converts.values(), strict=True)]
        return {name: _each(item, converts.get(name)) for name, item in value.items()}

    return convert


def _map_of(keys: Converter | None, values: Converter | None) -> Converter:
    def convert(value: Any) -> object:
        pairs = value.items()
        if isinstance(value.get("key"), list) and isinstance(value.get("value"), list) and len(value) == 2:
            # the driver gives maps whose keys are no Python keys as two lists
            pairs = zip(value["key"], value["value"], strict=True)
        return {str(_each(key, keys)): _each(item, values) for key, item in pairs}

    return convert
