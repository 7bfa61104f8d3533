"""Compressed streams: what each name of `compression` stands for, and files that are read and written through it."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any, BinaryIO, cast

from tiercel.errors import TaskError

BLOCK = 1 << 20
"""How many bytes are read or written at a time."""


class Compression(StrEnum):
    """How the bytes of a file are compressed."""

    BROTLI = "BROTLI"
    BZIP2 = "BZIP2"
    DEFLATE = "DEFLATE"
    DEFLATE64 = "DEFLATE64"
    GZIP = "GZIP"
    LZ4BLOCK = "LZ4BLOCK"
    LZ4FRAME = "LZ4FRAME"
    LZMA = "LZMA"
    SNAPPY = "SNAPPY"
    SNAPPYFRAME = "SNAPPYFRAME"
    XZ = "XZ"
    Z = "Z"
    ZSTD = "ZSTD"


ENDINGS = {
    Compression.GZIP: ".gz",
    Compression.BZIP2: ".bz2",
    Compression.XZ: ".xz",
    Compression.LZMA: ".lzma",
    Compression.DEFLATE: ".deflate",
    Compression.ZSTD: ".zst",
}
"""The compressions that there are here, each with the ending of its files."""


class _Inflated(io.RawIOBase):
    """A stream of zlib's format, read."""

    def __init__(self, source: BinaryIO) -> None:
        self._source, self._engine, self._rest = source, zlib.decompressobj(), b""

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer; 0 at the end."""
        while not self._rest and not self._engine.eof:
            given = self._engine.unconsumed_tail or self._source.read(BLOCK)
            if not given:
                raise EOFError("the compressed data ends too early")
            self._rest = self._engine.decompress(given, BLOCK)
        count = min(len(buffer), len(self._rest))
        buffer[:count], self._rest = self._rest[:count], self._rest[count:]
        return count


class _Deflating(io.RawIOBase):
    """A stream of zlib's format, written."""

    def __init__(self, sink: BinaryIO) -> None:
        self._sink, self._engine = sink, zlib.compressobj()

    def writable(self) -> bool:
        """Tell that it can be written."""
        return True

    def write(self, content: Any) -> int:
        """Compress a block."""
        self._sink.write(self._engine.compress(content))
        return len(content)

    def close(self) -> None:
        """Write what is left."""
        if not self.closed:
            self._sink.write(self._engine.flush())
        super().close()


def reading(source: BinaryIO, compression: Compression) -> BinaryIO:
    """Open a compressed file for reading what it holds.

    Raises:
        TaskError: The compression is not there.
    """
    opened: Any
    match compression:
        case Compression.GZIP:
            opened = gzip.GzipFile(fileobj=source, mode="rb")
        case Compression.BZIP2:
            opened = bz2.BZ2File(source)
        case Compression.XZ | Compression.LZMA:
            opened = lzma.LZMAFile(source)  # noqa: SIM115 - the caller closes it
        case Compression.DEFLATE:
            opened = io.BufferedReader(_Inflated(source), BLOCK)
        case Compression.ZSTD:
            opened = _zstandard().ZstdDecompressor().stream_reader(source, read_across_frames=True)
        case _:
            raise _unknown(compression)
    return cast(BinaryIO, opened)


def writing(sink: BinaryIO, compression: Compression) -> BinaryIO:
    """Open a file for writing what is to be compressed into it; closing it completes it.

    Raises:
        TaskError: The compression is not there.
    """
    opened: Any
    match compression:
        case Compression.GZIP:
            opened = gzip.GzipFile(filename="", fileobj=sink, mode="wb", mtime=0)
        case Compression.BZIP2:
            opened = bz2.BZ2File(sink, "wb")
        case Compression.XZ | Compression.LZMA:
            kind = lzma.FORMAT_XZ if compression is Compression.XZ else lzma.FORMAT_ALONE
            opened = lzma.LZMAFile(sink, "wb", format=kind)  # noqa: SIM115 - the caller closes it
        case Compression.DEFLATE:
            opened = _Deflating(sink)
        case Compression.ZSTD:
            opened = _zstandard().ZstdCompressor().stream_writer(sink, closefd=False)
        case _:
            raise _unknown(compression)
    return cast(BinaryIO, opened)


def _unknown(compression: Compression) -> TaskError:
    return TaskError(f"compression {compression} is not there yet; wanted one of {', '.join(ENDINGS)}", retryable=False)


def _zstandard() -> Any:
    try:
        import zstandard
    except ImportError:
        raise TaskError(
            "the package 'zstandard' is not installed; run: pip install 'tiercel[compress]'", retryable=False
        ) from None
    return zstandard


@contextmanager
def explained(uri: str) -> Iterator[None]:
    """Turn what the libraries say of a broken file into a TaskError that names it."""
    import tarfile
    import zipfile

    try:
        yield
    except (gzip.BadGzipFile, EOFError, zlib.error, lzma.LZMAError, tarfile.TarError, zipfile.BadZipFile) as error:
        raise _broken(uri, error) from error
    except (NotImplementedError, RuntimeError) as error:  # zipfile: an unknown method, or a password
        raise _broken(uri, error) from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise _broken(uri, error) from error  # bz2: "Invalid data stream"
    except Exception as error:  # the error of a library that is not always there
        if type(error).__module__.partition(".")[0] != "zstandard":
            raise
        raise _broken(uri, error) from error


def _broken(uri: str, error: Exception) -> TaskError:
    return TaskError(
        f"'{uri}' cannot be read: {error}; check that algorithm and compression are those of the file", retryable=False
    )
