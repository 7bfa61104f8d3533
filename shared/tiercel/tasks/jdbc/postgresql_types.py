"""PostgreSQL's column types to output values, and values to parameters (plugin specification, 4.10).

The server's text is kept where it already says what is wanted: it knows dates that Python does not.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Sequence
from datetime import time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from psycopg import Connection
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.types.hstore import HstoreLoader
from psycopg.types.string import TextLoader

from tiercel.tasks import records
from tiercel.tasks.jdbc.rows import Converter, local_time

TEXTS = (
    *("uuid", "inet", "cidr", "macaddr", "macaddr8", "xml", "record", "tsvector", "bit", "varbit"),
    *("int4range", "int8range", "numrange", "tsrange", "tstzrange", "daterange"),
    *("int4multirange", "int8multirange", "nummultirange", "tsmultirange", "tstzmultirange", "datemultirange"),
)
"""Types that are shown as the server writes them."""
VOID = 2278
"""The type of a function that returns nothing; the driver has no name for it."""
_MOMENT = re.compile(r"(\d{4,}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d+))?([+-][\d:]+)?")
_TIME = re.compile(r"(\d\d:\d\d:\d\d)(?:\.(\d+))?")
_CLOCK = re.compile(r"([+-]?)(\d+):(\d\d):(\d\d(?:\.\d+)?)$")
_PART = re.compile(r"([+-]?\d+) (year|mon|day)s?")


def _text(data: Buffer) -> str:
    return bytes(data).decode("utf-8")


def iso_moment(text: str) -> str:
    """Return a timestamp of the server as ISO 8601; `infinity` and years before Christ stay as they are."""
    if len(text) == 19:
        return text.replace(" ", "T")
    if len(text) == 22 and text[19] in "+-":  # the common form, and the expression below takes three times as long
        return f"{text[:10]}T{text[11:19]}{_offset(text[19:])}"
    match = _MOMENT.fullmatch(text)
    if match is None:
        return text
    day, clock, fraction, offset = match.groups()
    return f"{day}T{clock}{_fraction(fraction)}{_offset(offset)}"


def iso_interval(text: str) -> str:
    """Return an interval of the server, such as `10 years 4 mons 00:00:10`, as ISO 8601 with all its parts."""
    parts = {name: int(number) for number, name in _PART.findall(text)}
    clock = _CLOCK.search(text)
    if not parts and clock is None:
        return text
    sign, hours, minutes, seconds = clock.groups() if clock else ("", "0", "0", "0")
    minus = "-" if sign == "-" else ""
    whole, point, fraction = seconds.partition(".")
    signed = [f"{minus if int(part) else ''}{int(part)}" for part in (hours, minutes)]
    second = f"{minus if float(seconds) else ''}{int(whole)}{point}{fraction}"
    day = f"P{parts.get('year', 0)}Y{parts.get('mon', 0)}M{parts.get('day', 0)}D"
    return f"{day}T{signed[0]}H{signed[1]}M{second}S"


def _fraction(digits: str | None) -> str:
    """Return no, three or six digits after the second."""
    return "" if not digits else "." + digits.ljust(3 if len(digits) <= 3 else 6, "0")


def _offset(offset: str | None) -> str:
    if not offset:
        return ""
    if len(offset) == 3:
        return "Z" if offset[1:] == "00" else offset + ":00"
    return offset


class _Moment(Loader):
    def load(self, data: Buffer) -> str:
        return iso_moment(_text(data))


class _Time(Loader):
    def load(self, data: Buffer) -> str:
        text = _text(data)
        match = _TIME.fullmatch(text)
        return match.group(1) + _fraction(match.group(2)) if match else text


class _Interval(Loader):
    def load(self, data: Buffer) -> str:
        return iso_interval(_text(data))


class _Bytes(Loader):
    def load(self, data: Buffer) -> str:
        return base64.b64encode(bytes.fromhex(_text(data)[2:])).decode("ascii")


class _Json(Loader):
    def load(self, data: Buffer) -> object:
        return json.loads(bytes(data))


class _Money(Loader):
    def load(self, data: Buffer) -> object:
        text = _text(data)
        digits = re.sub(r"[^\d.,]", "", text)
        whole, cents = re.fullmatch(r"(.*?)(?:[.,](\d\d))?", digits).groups()  # type: ignore[union-attr]
        value = float(re.sub(r"\D", "", whole) + "." + (cents or "0"))
        return -value if "-" in text or "(" in text else value


class _Nothing(Loader):
    def load(self, data: Buffer) -> None:  # noqa: ARG002 - the value has no content
        return None


def _clock_in(zone: ZoneInfo) -> type[Loader]:
    class Clock(Loader):
        def load(self, data: Buffer) -> str:
            try:
                return records.iso_time(local_time(time.fromisoformat(iso_clock(_text(data))), zone))
            except ValueError:  # 24:00:00 is a time of the server, not of Python
                return _text(data)

    return Clock


def iso_clock(text: str) -> str:
    """Return a time with an offset as ISO 8601."""
    clock, sign, offset = re.match(r"([\d:.]+)([+-]?)(.*)", text).groups()  # type: ignore[union-attr]
    return clock + _offset(sign + offset).replace("Z", "+00:00")


def register(connection: Connection[Any], zone: ZoneInfo) -> None:
    """Make a connection return output values."""
    loaders: dict[str, type[Loader]] = dict.fromkeys(TEXTS, TextLoader)
    loaders |= {"date": TextLoader, "time": _Time, "timetz": _clock_in(zone), "timestamp": _Moment}
    loaders |= {"timestamptz": _Moment, "interval": _Interval, "bytea": _Bytes, "json": _Json, "jsonb": _Json}
    loaders["money"] = _Money
    connection.adapters.register_loader(VOID, _Nothing)
    for name, loader in loaders.items():
        if (info := connection.adapters.types.get(name)) is not None:
            connection.adapters.register_loader(info.oid, loader)


# ------------------------------------------------------------------ types that the driver does not know

_KINDS = """
    SELECT t.oid::int8, t.typname::text, e.oid IS NOT NULL AND t.typcategory = 'A', e.typname::text
    FROM pg_catalog.pg_type t LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem
    WHERE t.oid = ANY($1::oid[])
"""


def converters(connection: Connection[Any], oids: Sequence[int]) -> list[Converter | None]:
    """Return what makes output values of columns whose types belong to this database: arrays of enums, hstore."""
    unknown = {oid for oid in oids if connection.adapters.types.get(oid) is None}
    if not unknown:
        return [None] * len(oids)
    from psycopg import RawCursor

    found: dict[int, Converter | None] = {}
    with RawCursor(connection) as cursor:
        for oid, name, is_array, element in cursor.execute(_KINDS, [list(unknown)]):
            found[oid] = _of_kind(connection, name, is_array, element)
    return [found.get(oid) for oid in oids]


def _of_kind(connection: Connection[Any], name: str, is_array: bool, element: str | None) -> Converter | None:
    load: Callable[[Any], Any] = HstoreLoader(0, connection).load
    if name == "hstore":
        return lambda value: load(str(value).encode())
    if is_array:
        convert: Converter = (lambda value: load(str(value).encode())) if element == "hstore" else str
        return lambda value: array_of(str(value), convert)
    return None


_ITEM = re.compile(r'\s*(?:([{},])|"((?:[^"\\]|\\.)*)"|([^{},"]+))', re.DOTALL)


def array_of(text: str, convert: Converter) -> object:
    """Return the nested lists of an array as the server writes it."""
    stack: list[list[object]] = [[]]
    for match in _ITEM.finditer(text[text.find("{") :]):  # bounds such as [2:3]= may stand before
        mark, quoted, bare = match.groups()
        if mark == "{":
            stack.append([])
        elif mark == "}":
            done = stack.pop()
            stack[-1].append(done)
        elif mark is None:
            plain = bare.strip() if bare is not None else re.sub(r"\\(.)", r"\1", quoted)
            stack[-1].append(None if bare is not None and plain.upper() == "NULL" else convert(plain))
    return stack[0][0] if stack[0] else text


# ------------------------------------------------------------------ parameters

JSON_TYPES = frozenset({114, 3802})
BYTEA = 17


def parameter(value: object) -> object:
    """Return a value as a parameter: structures as JSON, unless a list goes to an array."""
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return value


def as_text(value: object, oid: int) -> str | None:
    """Return a record's value as the server reads it for a parameter of a type.

    Args:
        value: What the record holds.
        oid: The type that the server gave the parameter.
    """
    if value is None:
        return None
    if oid in JSON_TYPES:
        return json.dumps(value, ensure_ascii=False, default=_number)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return array_text(value)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, default=_number)
    if oid == BYTEA and isinstance(value, str):
        return _hex(value)
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _number(value: object) -> object:
    return float(value) if isinstance(value, Decimal) else str(value)


def _hex(value: str) -> str:
    r"""Return Base64 text, which record files hold for bytes, as the server reads bytes; `\x...` stays."""
    if value.startswith("\\x"):
        return value
    try:
        return "\\x" + base64.b64decode(value, validate=True).hex()
    except ValueError:
        return "\\x" + value.encode().hex()


def array_text(values: Sequence[object]) -> str:
    """Return a list as the server reads an array."""
    return "{" + ",".join(_element(value) for value in values) + "}"


def _element(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, list):
        return array_text(value)
    text = as_text(value, 0) or ""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
