"""The internal storage as a folder: `kestra:///a/b` is the file `objects/a/b`.

Promise: a file is there whole or not at all, also after a power cut; no URI leads out of the folder; lists are in the
order of the URIs' characters, as in a bucket.
"""

from __future__ import annotations

import errno
import io
import os
import secrets
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from tiercel.adapters.uris import INCOMING, missing, segments, uri_of
from tiercel.errors import TiercelError, TransientError
from tiercel.ports import StoredFile

ABANDONED = 86400.0
"""When a file that is being written was left behind by a process that was killed, in seconds."""


class FolderObjects:
    """Files of the internal storage in `<folder>/objects`."""

    def __init__(self, folder: Path | str) -> None:
        self._root = Path(folder).absolute() / "objects"
        self._incoming = self._root / INCOMING
        try:
            self._incoming.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise TiercelError(f"the object folder {self._root} cannot be used: {error}") from error
        _clear_away(self._incoming, time.time() - ABANDONED)

    def open(self, uri: str) -> BinaryIO:
        """Open a file for reading.

        Raises:
            NotFoundError: There is no such file.
        """
        path = self._path(uri)
        try:
            return path.open("rb")
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
            raise missing(uri) from error
        except OSError as error:
            raise TransientError(f"the file {uri} cannot be read from {path}: {error}") from error

    def write(self, uri: str, content: BinaryIO | bytes) -> int:
        """Write a file whole or not at all; return its size in bytes."""
        path = self._path(uri)
        source = io.BytesIO(content) if isinstance(content, bytes) else content
        passing = self._incoming / secrets.token_hex(16)
        try:
            size = _fill(passing, source)
            self._put(passing, path)
        except OSError as error:
            raise _unwritten(uri, path, error) from error
        finally:
            with suppress(OSError):
                passing.unlink(missing_ok=True)
        return size

    def size(self, uri: str) -> int:
        """Return a file's size in bytes, or raise NotFoundError."""
        return self.describe(uri).size

    def describe(self, uri: str) -> StoredFile:
        """Return what is known of a file, or raise NotFoundError."""
        try:
            found = self._path(uri).stat()
        except (FileNotFoundError, NotADirectoryError):
            raise missing(uri) from None
        if not stat.S_ISREG(found.st_mode):
            raise missing(uri)
        return StoredFile(uri, found.st_size, found.st_mtime)

    def list(self, prefix: str) -> Iterator[str]:
        """Yield the URIs of the files under a folder, sorted."""
        return (uri for uri, _ in self._listed(prefix))

    def look(self, prefix: str) -> Iterator[StoredFile]:
        """Yield the files under a folder, sorted by URI."""
        for uri, path in self._listed(prefix):
            with suppress(FileNotFoundError):  # removed beside us
                found = path.stat()
                yield StoredFile(uri, found.st_size, found.st_mtime)

    def folders(self, prefix: str) -> Iterator[str]:
        """Yield the names of the folders directly under a folder, sorted."""
        names = segments(prefix, folder=True)
        try:
            with os.scandir(self._root.joinpath(*names)) as found:
                inside = [entry.name for entry in found if entry.is_dir(follow_symlinks=False)]
        except (FileNotFoundError, NotADirectoryError):
            return
        yield from (name for name in sorted(inside) if names or name != INCOMING)

    def _listed(self, prefix: str) -> Iterator[tuple[str, Path]]:
        names = segments(prefix, folder=True)
        start = self._root.joinpath(*names)
        return ((uri_of("/".join((*names, name))), start / name) for name in _walk(start, top=not names))

    def delete(self, uri: str) -> bool:
        """Remove a file, and the folders that it leaves empty; tell whether it was there."""
        path = self._path(uri)
        try:
            path.unlink()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return False
        except OSError as error:
            if path.is_dir():  # what macOS says of a folder
                return False
            raise TransientError(f"{uri} was not removed from {path}: {error}") from error
        for folder in path.parents:
            if folder == self._root:
                break
            try:
                folder.rmdir()
            except OSError:  # not empty, or another one was faster
                break
        return True

    def local_path(self, uri: str) -> Path | None:
        """Return where the file lies on this machine, if it does; only for reading."""
        path = self._path(uri)
        return path if path.is_file() else None

    def _path(self, uri: str) -> Path:
        return self._root.joinpath(*segments(uri))

    def _put(self, passing: Path, path: Path) -> None:
        """Move a finished file to its place, so that it stays there."""
        for _ in range(10):
            _make_folder(path.parent)
            try:
                passing.replace(path)
                _sync_folder(path.parent)
            except FileNotFoundError:  # a delete beside us took the empty folder away
                continue
            return
        raise TransientError(f"the folder {path.parent} is removed again and again; try again")


def _walk(folder: Path, *, top: bool = False) -> Iterator[str]:
    """Yield the files under a folder as relative paths, in the order of their characters ('/' is one of them)."""
    try:
        with os.scandir(folder) as found:
            names = [entry.name + "/" if entry.is_dir(follow_symlinks=False) else entry.name for entry in found]
    except (FileNotFoundError, NotADirectoryError):
        return
    for name in sorted(names):
        if not name.endswith("/"):
            yield name
        elif not (top and name == INCOMING + "/"):
            yield from (name + below for below in _walk(folder / name))


def _fill(path: Path, source: BinaryIO) -> int:
    """Copy into a new file and bring it to the disk; return its size."""
    with path.open("xb") as file:
        shutil.copyfileobj(source, file, 1 << 20)
        file.flush()
        os.fsync(file.fileno())
        return file.tell()


def _make_folder(path: Path) -> None:
    """Make a folder and those above it, and bring their names to the disk."""
    if path.is_dir():
        return
    _make_folder(path.parent)
    with suppress(FileExistsError):
        path.mkdir()
        _sync_folder(path.parent)
    if not path.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "a file has the name of a folder", str(path))


def _sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _clear_away(incoming: Path, before: float) -> None:
    """Remove what killed processes left unfinished."""
    for file in incoming.iterdir():
        with suppress(OSError):
            if file.stat().st_mtime < before:
                file.unlink()


def _unwritten(uri: str, path: Path, error: OSError) -> TiercelError:
    """Return why a file could not be written, and what to do."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return TransientError(f"the disk is full: {uri} was not written to {path}; free some space ({error})")
    if error.errno in (errno.ENOTDIR, errno.EISDIR):
        return TiercelError(f"{uri} was not written: a file and a folder cannot have the same name ({error})")
    return TransientError(f"{uri} was not written to {path}: {error}")
