"""Cutting a file into smaller ones by rows, bytes or number of parts, as a stream (flow specification, 6.8).

Promise: memory does not grow with the file, only with its longest row. Every row that is written ends with the
separator, also the last one, so that parts can be put together again. A row is never cut.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import IO, BinaryIO

_CHUNK = 1 << 16
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)I?B?\s*", re.IGNORECASE)
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}

NewPart = Callable[[], IO[bytes]]
"""Opens the next part, empty, for writing and reading."""
Parts = Generator[IO[bytes], None, None]


@dataclass(frozen=True, slots=True)
class SplitRule:
    """Where to cut; of several criteria `bytes` goes before `partitions`, and that before `rows`."""

    rows: int | None = None
    """How many rows a part has."""
    bytes: int | None = None
    """From which size on a part takes no further row."""
    partitions: int | None = None
    """How many parts there are; rows go to them in turn, and parts without a row are left out."""
    separator: str = "\n"
    """What ends a row."""

    def __post_init__(self) -> None:
        """Refuse what could never end a part.

        Raises:
            ValueError: A number is below 1, or the separator is empty.
        """
        for name in ("rows", "bytes", "partitions"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"'{name}' is {value}; it must be 1 or more")
        if not self.separator:
            raise ValueError("'separator' is empty; it must have at least one character")


def parse_size(text: str | int) -> int:
    """Return the number of bytes that a text such as `1KB`, `10 MB` or `512` names; 1 KB is 1,024 bytes.

    Raises:
        ValueError: The text is no size.
    """
    found = _SIZE.fullmatch(str(text))
    if not found:
        raise ValueError(f"'{text}' is not a size; write a number of bytes or one with a unit, such as 1KB or 10 MB")
    return int(float(found.group(1)) * _UNITS[found.group(2).upper()])


def rows_of(source: BinaryIO, separator: str = "\n") -> Iterator[bytes]:
    """Yield the rows of a file, each with its separator; the last one gets it where the file ends without."""
    end = separator.encode()
    if end == b"\n":
        for row in source:
            yield row if row.endswith(end) else row + end
        return
    rest = b""
    while piece := source.read(_CHUNK):
        *rows, rest = (rest + piece).split(end)
        for row in rows:
            yield row + end
    if rest:
        yield rest + end


def rows_backwards(source: BinaryIO, separator: bytes = b"\n") -> Iterator[bytes]:
    """Yield the rows of a file from the last to the first, each with the separator; the file must seek."""
    position = source.seek(0, 2)
    rest, is_end = b"", True
    while position > 0:
        size = min(_CHUNK, position)
        position -= size
        source.seek(position)
        piece = source.read(size) + rest
        if is_end:
            piece, is_end = piece.removesuffix(separator), False
        rest, *rows = piece.split(separator)
        for row in reversed(rows):
            yield row + separator
    if not is_end:
        yield rest + separator


def split(source: BinaryIO, rule: SplitRule, new_part: NewPart) -> Parts:
    """Yield the parts of a file in order, each wound back to its start.

    Whoever takes a part closes it before asking for the next one: by rows and bytes one part is open at a time. Who
    gives up in the middle closes the generator, and with it the parts that are left.

    Args:
        source: The file.
        rule: Where to cut; without any criterion each row is a part.
        new_part: Opens an empty part.
    """
    rows = rows_of(source, rule.separator)
    if rule.bytes is not None:
        size = rule.bytes
        yield from _in_sequence(rows, new_part, lambda _, written: written >= size)
    elif rule.partitions is not None:
        yield from _in_turn(rows, new_part, rule.partitions)
    else:
        count = rule.rows or 1
        yield from _in_sequence(rows, new_part, lambda number, _: number >= count)


def _in_sequence(rows: Iterator[bytes], new_part: NewPart, is_full: Callable[[int, int], bool]) -> Parts:
    part: IO[bytes] | None = None
    number = written = 0
    try:
        for row in rows:
            if part is None:
                part, number, written = new_part(), 0, 0
            part.write(row)
            number, written = number + 1, written + len(row)
            if is_full(number, written):
                part.seek(0)
                yield part
                part = None
        if part is not None:
            part.seek(0)
            yield part
    finally:
        if part is not None:
            part.close()


def _in_turn(rows: Iterator[bytes], new_part: NewPart, count: int) -> Parts:
    parts: list[IO[bytes]] = []
    try:
        for number, row in enumerate(rows):
            if number < count:
                parts.append(new_part())
            parts[number % count].write(row)
        for part in parts:
            part.seek(0)
            yield part
    finally:
        for part in parts:
            part.close()
