"""How much may come out of a compressed file: a few kilobytes can stand for more than any disk holds."""

from __future__ import annotations

from typing import BinaryIO

from tiercel.errors import TaskError
from tiercel.tasks.compress.streams import BLOCK

MOST_BYTES = 20 << 30
"""How many bytes may come out of one file."""
MOST_ENTRIES = 100_000
"""How many files an archive may hold."""
MOST_RATIO = 1000
"""How many times its own size may come out of a file, once that is more than `HARMLESS`."""
HARMLESS = 100 << 20
"""Up to how many bytes the ratio does not count: much of nothing compresses well."""


class Meter:
    """Counts what comes out of a file of a size, and stops it where it is too much."""

    def __init__(self, uri: str, size: int) -> None:
        self._uri, self._allowed = uri, min(MOST_BYTES, max(HARMLESS, size * MOST_RATIO))
        self.bytes = 0
        """How many bytes have come out."""
        self.entries = 0
        """How many files have."""

    def entry(self) -> None:
        """Count a file."""
        self.entries += 1
        if self.entries > MOST_ENTRIES:
            raise TaskError(f"'{self._uri}' holds more than {MOST_ENTRIES} files, which is the limit", retryable=False)

    def copy(self, source: BinaryIO, sink: BinaryIO) -> None:
        """Copy a file, counting its bytes."""
        while block := source.read(BLOCK):
            self.bytes += len(block)
            if self.bytes > self._allowed:
                raise TaskError(
                    f"more than {self._allowed} bytes come out of '{self._uri}', which is the limit for its size",
                    retryable=False,
                )
            sink.write(block)
