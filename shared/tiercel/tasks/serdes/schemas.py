"""Avro schemas: read from a text, or found out from the first records. No library is needed for it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from tiercel.errors import TaskError

Schema = Any
"""A schema of Avro as JSON has it: the name of a type, a map with one, or a list of alternatives."""

DATE = {"type": "int", "logicalType": "date"}
TIME = {"type": "long", "logicalType": "time-micros"}
TIMESTAMP = {"type": "long", "logicalType": "timestamp-micros"}


def given(text: str) -> Schema:
    """Return the schema of a text.

    Raises:
        TaskError: It is no JSON, or not the schema of a record.
    """
    try:
        schema = json.loads(text)
    except ValueError as error:
        raise TaskError(f"schema is not JSON: {error}", retryable=False) from None
    if not isinstance(schema, Mapping) or schema.get("type") != "record" or not isinstance(schema.get("fields"), list):
        raise TaskError('schema is not that of a record; wanted {"type": "record", "name": ..., "fields": [...]}')
    return schema


def inferred(rows: Iterable[object]) -> Schema:
    """Return the schema of records: every field may be null, and what differs from row to row is text.

    Raises:
        TaskError: A record is no map.
    """
    found: Schema = {"type": "record", "name": "record", "fields": []}
    for number, row in enumerate(rows, 1):
        if not isinstance(row, Mapping):
            raise TaskError(f"record {number} is {row!r:.60}; wanted a map, or a schema", retryable=False)
        found = _either(found, _of(row, "record"))
    return _finished(found)


def _of(value: object, name: str) -> Schema:
    """Return the schema of one value, None for null; nothing in it says yet that it may be null."""
    if value is None:
        return None
    if isinstance(value, Mapping):
        fields = [{"name": str(key), "type": _of(item, f"{name}_{key}")} for key, item in value.items()]
        return {"type": "record", "name": name, "fields": fields}
    if isinstance(value, list):
        items: Schema = None
        for item in value:
            items = _either(items, _of(item, f"{name}_item"))
        return {"type": "array", "items": items}
    return next(schema for kinds, schema in _SCALARS if isinstance(value, kinds))


_SCALARS: list[tuple[type | tuple[type, ...], Schema]] = [
    (bool, "boolean"),
    (int, "long"),
    ((float, Decimal), "double"),
    (datetime, TIMESTAMP),
    (date, DATE),
    (time, TIME),
    (bytes, "bytes"),
    (object, "string"),
]
"""The types of scalars; the first that fits counts."""


def _either(one: Schema, other: Schema) -> Schema:
    """Return a schema for the values of two."""
    if one is None or other is None or one == other:
        return other if one is None else one
    kinds = {schema["type"] if isinstance(schema, Mapping) else schema for schema in (one, other)}
    if kinds == {"long", "double"}:
        return "double"
    if kinds == {"record"}:
        fields = {field["name"]: field["type"] for field in one["fields"]}
        for field in other["fields"]:
            fields[field["name"]] = _either(fields.get(field["name"]), field["type"])
        return {**one, "fields": [{"name": name, "type": kind} for name, kind in fields.items()]}
    if kinds == {"array"}:
        return {"type": "array", "items": _either(one["items"], other["items"])}
    return "string"


def _finished(schema: Schema) -> Schema:
    """Return a schema in which every field and element may be null, and what was always null is text."""
    if not isinstance(schema, Mapping):
        return schema
    if schema["type"] == "record":
        fields = [
            {"name": field["name"], "type": _nullable(field["type"]), "default": None} for field in schema["fields"]
        ]
        return {**schema, "fields": fields}
    return {**schema, "items": _nullable(schema["items"])} if schema["type"] == "array" else schema


def _nullable(schema: Schema) -> Schema:
    return ["null", "string" if schema is None else _finished(schema)]
