"""The internal storage as a bucket: `kestra:///a/b` is the object `{prefix}a/b`.

Promise: a file is there whole or not at all; no URI leads out of the prefix; lists are in the order of the URIs'
characters. Reading costs one request to open a file and one for each portion of it.
"""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from tiercel.adapters.gcp.trying import tried
from tiercel.adapters.uris import missing, segments, uri_of
from tiercel.errors import TiercelError
from tiercel.ports import StoredFile

if TYPE_CHECKING:
    from google.api_core.retry import Retry
    from google.cloud.storage import Blob, Bucket, Client

LONGEST_NAME = 1024
"""Bytes of an object's name (Cloud Storage: About objects)."""

PORTION = 4 << 20
"""Bytes that one request reads or writes; what is no longer is written with one request."""

BINARY = "application/octet-stream"

TIMEOUT = 60.0
"""Seconds that a request may take with its portion."""

PATIENCE = 20.0
"""Seconds for which the library repeats a request of several that belong together."""

MARK = "\v"
"""Stands before the number of a line break: names of objects must not have any (Cloud Storage: About objects)."""

_MARKED = {str(number): sign for number, sign in enumerate("\n\v\f\r")}
_SIGNS = {ord(sign): MARK + number for number, sign in _MARKED.items()}
"""The mark and the line breaks are neighbours, so names sort as they did."""


class BucketObjects:
    """Implements `ObjectStore`."""

    def __init__(self, bucket: str, *, prefix: str = "", host: str | None = None) -> None:
        """Name the bucket; nothing is asked of the service yet.

        Args:
            bucket: Its name.
            prefix: What the names of all objects begin with, such as `storage/`.
            host: The emulator's `host:port`; None for the service.
        """
        self._name = bucket
        self._prefix = prefix
        self._longest = LONGEST_NAME - len(prefix.encode())
        self._host = host
        self._opening = threading.Lock()

    @cached_property
    def _client(self) -> Client:
        return connect(self._host)

    @property
    def _bucket(self) -> Bucket:
        with self._opening:
            return self._client.bucket(self._name)

    def open(self, uri: str) -> BinaryIO:
        """Open a file for reading.

        Raises:
            NotFoundError: There is no such file.
        """
        found = self._found(uri)
        # Addressed by name and generation: the link that the emulator gives is wrong for odd names.
        blob = self._bucket.blob(found.name, generation=found.generation)
        return io.BufferedReader(_Portions(blob, int(found.size or 0), uri), PORTION)

    def write(self, uri: str, content: BinaryIO | bytes) -> int:
        """Write a file whole or not at all; return its size in bytes."""
        blob = self.blob(uri)
        if isinstance(content, bytes) and len(content) <= PORTION:
            return self._write_at_once(blob, content)
        source = _Source(io.BytesIO(content) if isinstance(content, bytes) else content)
        if source.is_short:
            return self._write_at_once(blob, source.read(PORTION))
        blob.chunk_size = PORTION
        # Tried once, for the source can be read once; the library itself repeats a portion that got lost.
        again = _again()
        tried(lambda: blob.upload_from_file(source, content_type=BINARY, timeout=TIMEOUT, retry=again), self._what, 1)
        return source.tell()

    def _write_at_once(self, blob: Blob, content: bytes) -> int:
        tried(lambda: blob.upload_from_string(content, content_type=BINARY, timeout=TIMEOUT, retry=None), self._what)
        return len(content)

    def size(self, uri: str) -> int:
        """Return a file's size in bytes, or raise NotFoundError."""
        return self.describe(uri).size

    def describe(self, uri: str) -> StoredFile:
        """Return what is known of a file, or raise NotFoundError."""
        return _shown(uri, self._found(uri))

    def list(self, prefix: str) -> Iterator[str]:
        """Yield the URIs of the files under a folder, sorted."""
        return (uri for uri, _ in self._listed(prefix, "name"))

    def look(self, prefix: str) -> Iterator[StoredFile]:
        """Yield the files under a folder, sorted by URI."""
        for uri, blob in self._listed(prefix, "name,size,updated"):
            yield _shown(uri, blob)

    def folders(self, prefix: str) -> Iterator[str]:
        """Yield the names of the folders directly under a folder, sorted: one call for a thousand of them."""
        names = segments(prefix, folder=True, longest=self._longest)
        below, found = self._prefix + "".join(f"{_encoded(name)}/" for name in names), set[str]()
        asked = {"prefix": below, "delimiter": "/", "fields": "prefixes,nextPageToken"}
        pages = self._bucket.list_blobs(**asked, retry=_again(), timeout=TIMEOUT).pages
        while (page := tried(lambda: next(pages, None), self._what, 1)) is not None:
            found.update(_decoded(each.removeprefix(below).rstrip("/")) for each in page.prefixes)
        yield from sorted(found)

    def _listed(self, prefix: str, wanted: str) -> Iterator[tuple[str, Blob]]:
        names = segments(prefix, folder=True, longest=self._longest)
        return self._pages(self._prefix + "".join(f"{_encoded(name)}/" for name in names), wanted)

    def _pages(self, below: str, wanted: str) -> Iterator[tuple[str, Blob]]:
        fields = f"items({wanted}),nextPageToken"
        # The library repeats what got lost: pages that have failed once are over, and must not look complete.
        pages = self._bucket.list_blobs(prefix=below, fields=fields, retry=_again(), timeout=TIMEOUT).pages
        while (page := tried(lambda: next(pages, None), self._what, 1)) is not None:
            for blob in page:
                uri = uri_of(_decoded(blob.name.removeprefix(self._prefix)))
                if self._is_ours(uri):
                    yield uri, blob

    def _is_ours(self, uri: str) -> bool:
        """Tell whether an object can be a file: somebody may have made one by hand with a name that is refused."""
        try:
            segments(uri, longest=self._longest)
        except TiercelError:
            return False
        return True

    def delete(self, uri: str) -> bool:
        """Remove a file; tell whether it was there."""
        from google.api_core.exceptions import NotFound

        blob = self.blob(uri)

        def remove() -> bool:
            try:
                blob.delete(retry=None, timeout=TIMEOUT)
            except NotFound:
                return False
            return True

        return tried(remove, self._what)

    def local_path(self, uri: str) -> Path | None:
        """Return None: no file lies on this machine."""
        segments(uri, longest=self._longest)
        return None

    def close(self) -> None:
        """Close the connections, if there are any."""
        if "_client" in self.__dict__:
            self._client.close()

    @property
    def _what(self) -> str:
        return f"the bucket {self._name}"

    def blob(self, uri: str) -> Blob:
        """Return the object that a file is or would be, for whoever has the service itself write it.

        Raises:
            TiercelError: It is not a URI of the internal storage, or tries to lead out of it.
        """
        path = "/".join(map(_encoded, segments(uri, longest=self._longest)))
        return self._bucket.blob(self._prefix + path)

    def holds(self, bucket: str, name: str) -> bool:
        """Tell whether an object of some bucket is a file of the internal storage."""
        return bucket == self._name and name.startswith(self._prefix)

    def elsewhere(self, bucket: str, name: str, generation: int | None = None) -> Blob:
        """Return an object of any bucket, whether it is there or not; with a generation, that content of it."""
        return self._bucket.client.bucket(bucket).blob(name, generation=generation)

    def _found(self, uri: str) -> Blob:
        """Return an object as it is now."""
        name = self.blob(uri).name
        blob = tried(lambda: self._bucket.get_blob(name, retry=None, timeout=TIMEOUT), self._what)
        if blob is None:
            raise missing(uri)
        return blob


def _shown(uri: str, blob: Blob) -> StoredFile:
    return StoredFile(uri, int(blob.size or 0), blob.updated.timestamp())


class _Portions(io.RawIOBase):
    """An object, read portion by portion."""

    def __init__(self, blob: Blob, size: int, uri: str) -> None:
        self._blob = blob
        self._size = size
        self._uri = uri
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise ValueError(f"a file has no position {start + offset}")
        self._at = start + offset
        return self._at

    def readinto(self, buffer: Any, /) -> int:
        found = self._read(min(self._size, self._at + len(buffer)))
        buffer[: len(found)] = found
        return len(found)

    def readall(self) -> bytes:
        return self._read(self._size)

    def _read(self, end: int) -> bytes:
        """Return what lies between here and there, with one request."""
        from google.api_core.exceptions import NotFound

        start = self._at
        if start >= end:
            return b""
        # The service knows the checksum of the whole only.
        place: dict[str, Any] = {"start": start, "end": end - 1, "checksum": None}
        if start == 0 and end == self._size:
            place = {"checksum": "crc32c"}

        def ask() -> bytes:
            try:
                return bytes(self._blob.download_as_bytes(raw_download=True, retry=None, timeout=TIMEOUT, **place))
            except NotFound:
                raise missing(self._uri) from None

        found = tried(ask, f"the bucket {self._blob.bucket.name}")
        self._at = start + len(found)
        return found


class _Source:
    """What is to be written: read once, in full portions, counted."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._first = self._fill(PORTION)
        self._more = self._source.read(1) if len(self._first) == PORTION else b""
        self.is_short = not self._more
        """Whether the first portion is all."""
        self._at = 0

    def _fill(self, count: int) -> bytes:
        found = bytearray()
        while len(found) < count and (some := self._source.read(count - len(found))):
            found += some
        return bytes(found)

    def read(self, count: int) -> bytes:
        """Return so many bytes; fewer only at the end."""
        found = self._first + self._more
        found = found[:count] + self._fill(count - len(found)) if len(found) < count else found
        self._first, self._more = found[count:], b""
        found = found[:count]
        self._at += len(found)
        return found

    def tell(self) -> int:
        """Return how many bytes have been read."""
        return self._at


def _encoded(name: str) -> str:
    """Return a part of a path as it stands in an object's name."""
    return name.translate(_SIGNS)


def _decoded(name: str) -> str:
    """Return an object's name as a path."""
    first, *rest = name.split(MARK)
    return first + "".join(_MARKED.get(each[:1], MARK + each[:1]) + each[1:] for each in rest)


def _again() -> Retry:
    """Return how the library itself repeats a request."""
    from google.cloud.storage.retry import DEFAULT_RETRY

    again: Retry = DEFAULT_RETRY.with_timeout(PATIENCE)
    return again


def connect(host: str | None) -> Client:
    """Return a client of the service, or of the emulator at `host:port`."""
    from google.auth.credentials import AnonymousCredentials
    from google.cloud.storage import Client

    if host is None:
        return Client()
    return Client("emulated", AnonymousCredentials(), client_options={"api_endpoint": f"http://{host}"})
