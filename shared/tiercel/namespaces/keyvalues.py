"""Keys and their typed values, per namespace (flow specification, 10.4): records, types, encoding, and the port.

Promise: a value comes back with the type it was stored with. Nothing here reads a clock: `now` is an argument.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol

from tiercel.errors import NotFoundError
from tiercel.model.durations import format_duration, parse_duration
from tiercel.model.structures import parse_json

_KEY = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]*")
_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[-+]\d\d:?\d\d)?", re.ASCII)


class ValueType(StrEnum):
    """What kind of value a key holds."""

    STRING = "STRING"
    NUMBER = "NUMBER"
    BOOLEAN = "BOOLEAN"
    DATETIME = "DATETIME"
    DATE = "DATE"
    DURATION = "DURATION"
    JSON = "JSON"


@dataclass(frozen=True, slots=True)
class KeyValue:
    """A key with its value as it is stored."""

    key: str
    value: Any
    """str, int, float, bool, datetime (with a zone), date, timedelta, or what JSON can hold, by `type`."""
    type: ValueType
    created: datetime
    updated: datetime
    description: str | None = None
    expiration: datetime | None = None
    """From when on the key is gone; None for never."""
    version: int = 1
    """How often the key was written, this time included."""

    def is_expired(self, now: datetime) -> bool:
        """Tell whether the key is gone at that time."""
        return self.expiration is not None and self.expiration <= now


class ExpiredError(NotFoundError):
    """A key that was there and whose time is over; the API answers 410 instead of 404."""


class KeyValues(Protocol):
    """The keys of all namespaces. Expired keys are never given, unless they are asked for."""

    def get(self, namespace: str, key: str) -> KeyValue | None:
        """Return a key, None where there is none; ExpiredError (once: it removes the key) where its time is over."""

    def set(
        self,
        namespace: str,
        key: str,
        value: object,
        *,
        kind: ValueType | None = None,
        ttl: timedelta | None = None,
        description: str | None = None,
        overwrite: bool = True,
    ) -> KeyValue:
        """Write a key; without a kind the value says of which it is.

        Raises:
            ConflictError: The key is there and may not be overwritten.
            ValueError: The key is not spelled as keys are, or the value is not of the kind.
        """

    def delete(self, namespace: str, key: str) -> bool:
        """Remove a key; tell whether it was there."""

    def list(self, namespace: str, prefix: str = "", *, expired: bool = False) -> Sequence[KeyValue]:
        """Return the keys that start so, sorted; with `expired` also those whose time is over."""

    def all(self) -> Iterator[tuple[str, KeyValue]]:
        """Yield every key whose time is not over, each with its namespace."""

    def namespaces(self) -> Sequence[str]:
        """Return the namespaces that have keys, sorted."""

    def has_namespace(self, namespace: str) -> bool:
        """Tell whether there is a flow or a key in the namespace."""


def check_key(key: str) -> str:
    """Return the key, or raise ValueError where it is not spelled as keys are."""
    if not _KEY.fullmatch(key):
        raise ValueError(f"'{key}' is not a key: wanted letters, digits, '.', '_' and '-', the first a letter or digit")
    return key


def are_related(one: str, other: str) -> bool:
    """Tell whether two namespaces are the same, or one lies in the other."""
    return one == other or one.startswith(other + ".") or other.startswith(one + ".")


def upwards(namespace: str) -> list[str]:
    """Return a namespace and those above it, the nearest first."""
    parts = namespace.split(".")
    return [".".join(parts[:count]) for count in range(len(parts), 0, -1)]


# ------------------------------------------------------------------ types


def typed(value: object, kind: ValueType | None = None) -> tuple[Any, ValueType]:
    """Return a value as it is kept, with its type; a text becomes the kind that is asked for.

    Args:
        value: The value; lists and maps are kept as JSON.
        kind: The type to make of a text. Of any other value the type is its own.

    Raises:
        ValueError: The text is not of the kind.
    """
    if kind is None or not isinstance(value, str):
        return _own(value)
    try:
        return _converted(value, kind), kind
    except ValueError as error:
        raise ValueError(f"'{value:.200}' is not a {kind}: {error}") from None


def _own(value: object) -> tuple[Any, ValueType]:
    match value:
        case bool():
            return value, ValueType.BOOLEAN
        case int() | float() | Decimal():
            return (float(value) if isinstance(value, Decimal) else value), ValueType.NUMBER
        case datetime():
            return (value if value.tzinfo else value.replace(tzinfo=UTC)), ValueType.DATETIME
        case date():
            return value, ValueType.DATE
        case timedelta():
            return value, ValueType.DURATION
        case str():
            length = _duration(value)
            return (value, ValueType.STRING) if length is None else (length, ValueType.DURATION)
        case _:
            return value, ValueType.JSON


def _duration(text: str) -> timedelta | None:
    """Return the duration that a text is; such a text comes back as one, whoever stored it without naming a type."""
    if not text.lstrip("+-").startswith(("P", "p")):
        return None
    try:
        return parse_duration(text)
    except ValueError:
        return None


def _converted(text: str, kind: ValueType) -> Any:
    trimmed = text.strip()
    match kind:
        case ValueType.STRING:
            return text
        case ValueType.NUMBER:
            if not _NUMBER.fullmatch(trimmed):
                raise ValueError("write digits, such as 42 or 1.5")
            return int(trimmed) if re.fullmatch(r"[-+]?\d+", trimmed) else float(trimmed)
        case ValueType.BOOLEAN:
            if trimmed.lower() not in ("true", "false"):
                raise ValueError("write true or false")
            return trimmed.lower() == "true"
        case ValueType.DATETIME:
            moment = datetime.fromisoformat(trimmed)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        case ValueType.DATE:
            return date.fromisoformat(trimmed)
        case ValueType.DURATION:
            return parse_duration(trimmed)
        case ValueType.JSON:
            return json.loads(trimmed)


def from_text(text: str) -> object:
    """Return the value that a text says: JSON, or a date, a moment or a duration without quotes.

    Raises:
        ValueError: It is none of them.
    """
    trimmed = text.strip()
    for form, kind in ((_DATE, ValueType.DATE), (_MOMENT, ValueType.DATETIME)):
        if form.fullmatch(trimmed):
            return _converted(trimmed, kind)
    length = _duration(trimmed)
    return parse_json(trimmed) if length is None else length


def plain(value: Any) -> Any:
    """Return a value as JSON has it: times and durations as ISO-8601 text, all else as it is."""
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case timedelta():
            return format_duration(value)
        case Mapping():
            return {str(name): plain(item) for name, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case Decimal():
            return float(value)
        case _:
            return value


# ------------------------------------------------------------------ bytes


def encode(entry: KeyValue) -> bytes:
    """Return an entry as JSON text; its key is where it is stored, not in it."""
    return json.dumps(
        {
            "type": entry.type,
            "value": plain(entry.value),
            "description": entry.description,
            "created": entry.created.isoformat(),
            "updated": entry.updated.isoformat(),
            "expiration": entry.expiration.isoformat() if entry.expiration else None,
            "version": entry.version,
        },
        ensure_ascii=False,
        default=str,
    ).encode()


def decode(key: str, body: bytes) -> KeyValue:
    """Return the entry that was encoded."""
    found = json.loads(body)
    kind = ValueType(found["type"])
    value = found["value"]
    if kind in (ValueType.DATETIME, ValueType.DATE, ValueType.DURATION):
        value = _converted(value, kind)
    expiration = found["expiration"]
    return KeyValue(
        key=key,
        value=value,
        type=kind,
        created=datetime.fromisoformat(found["created"]),
        updated=datetime.fromisoformat(found["updated"]),
        description=found["description"],
        expiration=datetime.fromisoformat(expiration) if expiration else None,
        version=found["version"],
    )


def written(
    key: str,
    value: object,
    now: datetime,
    *,
    before: KeyValue | None = None,
    kind: ValueType | None = None,
    ttl: timedelta | None = None,
    description: str | None = None,
) -> KeyValue:
    """Return the entry that a write at that time leaves.

    Args:
        key: The key.
        value: The value to keep.
        now: When it is written; `ttl` counts from here.
        before: The entry that is there; its creation, and its description where none is given, stay.
        kind: The type to make of a text.
        ttl: How long the entry lives; for ever without.
        description: What the key is for.

    Raises:
        ValueError: The key is not spelled as keys are, the value is not of the kind, or `ttl` ends after the year 9999.
    """
    kept, its_kind = typed(value, kind)
    return KeyValue(
        key=check_key(key),
        value=kept,
        type=its_kind,
        created=before.created if before else now,
        updated=now,
        description=before.description if before and description is None else description,
        expiration=None if ttl is None else _end(now, ttl),
        version=before.version + 1 if before else 1,
    )


def _end(now: datetime, ttl: timedelta) -> datetime:
    try:
        return now + ttl
    except OverflowError:
        raise ValueError(f"a ttl of {format_duration(ttl)} ends after the year 9999; leave it out for ever") from None
