"""Record files: one JSON value a line, read and written in bounded memory.

Promise: what stands here is also valid Ion, so files keep their `.ion` name; numbers keep their digits, and no reader
that splits on Unicode line breaks is misled. Foreign Ion files are read too, where an Ion reader is installed.
"""

from __future__ import annotations

import base64
import math
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

import msgspec

from tiercel.errors import ExpressionError, TaskError
from tiercel.ports import RunContext

BLOCK = 1 << 20
"""How many bytes are read or written at a time."""
ION_MAGIC = b"\xe0\x01\x00\xea"
_SMALLEST, _LARGEST = -(1 << 63), (1 << 64) - 1
_BREAKS = ((b"\xc2\x85", b"\\u0085"), (b"\xe2\x80\xa8", b"\\u2028"), (b"\xe2\x80\xa9", b"\\u2029"))
_ENCODE = msgspec.json.Encoder(enc_hook=str).encode
_DECODE = msgspec.json.Decoder().decode
_DECODE_EXACT = msgspec.json.Decoder(float_hook=lambda digits: _exact(digits)).decode

# ------------------------------------------------------------------ values


def iso_time(value: time) -> str:
    """Return a time of day with no, three or six digits after the second, and its offset if it has one."""
    return _zulu(value.isoformat(timespec=_timespec(value.microsecond)))


def iso_datetime(value: datetime) -> str:
    """Return a date and time as `iso_time` does; UTC is written `Z`."""
    return _zulu(value.isoformat(timespec=_timespec(value.microsecond)))


def iso_duration(value: timedelta) -> str:
    """Return a duration as ISO 8601 in days, hours, minutes and seconds."""
    sign = "-" if value < timedelta() else ""
    value = abs(value)
    hours, rest = divmod(value.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    fraction = f".{value.microseconds:06}".rstrip("0") if value.microseconds else ""
    return f"{sign}P{value.days}DT{hours}H{minutes}M{seconds}{fraction}S"


def _timespec(microsecond: int) -> str:
    if microsecond == 0:
        return "seconds"
    return "microseconds" if microsecond % 1000 else "milliseconds"


def _zulu(text: str) -> str:
    return text[:-6] + "Z" if text.endswith("+00:00") else text


def _float(value: float) -> object:
    if math.isfinite(value):
        return value
    return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"


def _decimal(value: Decimal) -> object:
    return value if value.is_finite() else _float(float(value))


def _base64(value: bytes | bytearray | memoryview) -> str:
    return base64.b64encode(value).decode("ascii")


def _digits(value: Decimal) -> object:
    return msgspec.Raw(f"{value:f}".encode()) if value.is_finite() else _float(float(value))


class _Table(dict[type, Callable[[Any], object] | None]):
    """How each type becomes a JSON value; None for a type that stays. A subclass is treated as its base."""

    def __missing__(self, kind: type) -> Callable[[Any], object] | None:
        found = next((self[base] for base in kind.__mro__[1:] if base in self), None)
        if found is None and issubclass(kind, Mapping):
            found = self[dict]
        self[kind] = found
        return found


def _table(other: Mapping[type, Callable[[Any], object]], deep: Callable[[Any], object]) -> _Table:
    """Return the table for values whose parts go through `deep`."""

    def a_list(value: Iterable[object]) -> list[object]:
        return [deep(item) for item in value]

    def a_map(value: Mapping[object, object]) -> dict[str, object]:
        return {
            key if isinstance(key, str) else str(key): item if (convert := table[type(item)]) is None else convert(item)
            for key, item in value.items()  # not `deep`: a call for each value of each row is a third of the time
        }

    table = _Table({float: _float, datetime: iso_datetime, date: date.isoformat, time: iso_time})
    table.update({timedelta: iso_duration, UUID: str, dict: a_map})
    table.update(dict.fromkeys((list, tuple, set, frozenset), a_list))
    table.update({bytes: _base64, bytearray: _base64, memoryview: _base64})
    table.update({bool: None, **other})  # a bool is an int to Python
    return table


def _fits(value: int) -> bool:
    return _SMALLEST <= value <= _LARGEST


def plain(value: object) -> object:
    """Return a value as a task's output: JSON's own types and exact decimals; integers past 64 bits become text."""
    convert = _PLAIN[type(value)]
    return value if convert is None else convert(value)


def _writable(value: object) -> object:
    convert = _WRITABLE[type(value)]
    return value if convert is None else convert(value)


def _any_size(value: object) -> object:
    convert = _ANY_SIZE[type(value)]
    return value if convert is None else convert(value)


_PLAIN = _table({Decimal: _decimal, int: lambda value: value if _fits(value) else str(value)}, plain)
_WRITABLE = _table({Decimal: _digits}, _writable)
_ANY_SIZE = _table(
    {Decimal: _digits, int: lambda value: value if _fits(value) else msgspec.Raw(str(value).encode())}, _any_size
)

# ------------------------------------------------------------------ writing


def encode(record: object) -> bytes:
    """Return one record as a line without its end."""
    return escape_breaks(_encode(record))


def _encode(record: object) -> bytes:
    try:
        return _ENCODE(_writable(record))
    except OverflowError:  # an integer past 64 bits, too rare to look for in every value
        return _ENCODE(_any_size(record))


def escape_breaks(block: bytes) -> bytes:
    """Return JSON in which the Unicode line breaks inside texts are escaped."""
    for found, escaped in _BREAKS:
        block = block.replace(found, escaped)
    return block


def write(records: Iterable[object], file: BinaryIO) -> int:
    """Write records to a file, skipping those that are None; return how many."""
    count, size = 0, 0
    lines: list[bytes] = []
    for record in records:
        if record is None:
            continue
        line = _encode(record)
        lines.append(line)
        count += 1
        size += len(line)
        if size >= BLOCK:
            file.write(_block(lines))
            lines, size = [], 0
    if lines:
        file.write(_block(lines))
    return count


def _block(lines: list[bytes]) -> bytes:
    lines.append(b"")
    return escape_breaks(b"\n".join(lines))


def store(ctx: RunContext, records: Iterable[object], name: str = "records.ion") -> tuple[str, int]:
    """Keep records as a file of the internal storage; return its URI and how many they are."""
    with scratch(ctx, ".ion") as path:
        with path.open("wb", buffering=0) as file:
            count = write(records, file)
        return ctx.store(path, name), count


@contextmanager
def scratch(ctx: RunContext, suffix: str = "") -> Iterator[Path]:
    """Lend an empty file in the attempt's folder, and remove it afterwards.

    Raises:
        TaskError: The disk is full or does not answer; the text names the folder.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=".tiercel-", suffix=suffix, dir=ctx.working_dir)
        os.close(handle)
        path = Path(name)
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)
    except OSError as error:
        where = ctx.working_dir
        raise TaskError(
            f"writing to {where} failed: {error.strerror or error}; make room there and run again"
        ) from error


# ------------------------------------------------------------------ reading


def read(file: BinaryIO, *, exact: bool = False) -> Iterator[object]:
    """Yield the records of a file: JSON Lines, or Ion from the first line that is no JSON.

    Args:
        file: Where to read; it need not seek.
        exact: Whether numbers with a point and no exponent become `Decimal`, as Ion has it.

    Raises:
        TaskError: A line is neither JSON nor Ion; the text names it.
    """
    decode = _DECODE_EXACT if exact else _DECODE
    for number, line in enumerate(file, 1):
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
            if line.startswith(ION_MAGIC):
                yield from _ion(line + file.read(), number, "binary Ion")
                return
        try:
            record = decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            if not line.strip():
                continue
            yield from _ion(line + file.read(), number, str(error))
            return
        yield record


def decode(text: str) -> object:
    """Return the value of a JSON text, its decimals exact; ValueError says what is wrong with it."""
    return _DECODE_EXACT(text)


def read_uri(ctx: RunContext, uri: str, *, exact: bool = False) -> Iterator[object]:
    """Yield the records of a file of the internal storage."""
    with ctx.open(uri) as file:
        yield from read(file, exact=exact)


def _exact(digits: str) -> float | Decimal:
    return float(digits) if "e" in digits or "E" in digits else Decimal(digits)


def _ion(rest: bytes, number: int, found: str) -> Iterator[object]:
    """Yield the records of Ion text, which is held whole: nothing of ours writes it."""
    from tiercel.expressions.ion import from_ion  # only here: most files are JSON Lines

    wanted = "wanted one JSON value a line"
    if rest.startswith(ION_MAGIC):
        raise TaskError(f"the record file is {found}; {wanted}, so write it with json.dumps", retryable=False)
    try:
        values = from_ion(rest.decode("utf-8"), all_rows=True)
    except (ExpressionError, ValueError) as error:
        text = f"line {number} of the record file is not JSON ({found}), nor Ion ({error}); {wanted}"
        raise TaskError(text, retryable=False) from error
    yield from values if isinstance(values, list) else [values]
