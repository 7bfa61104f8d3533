"""The files of a namespace: `kestra:///<namespace as folders>/_files/<path>` in the object store.

Promise: no path leads out of its namespace, and every path is given without a leading slash. A folder is there as long
as a file is in it; one that somebody has made holds a file of its own, which nobody else sees.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

from tiercel.errors import ConflictError, NotFoundError
from tiercel.namespaces.keyvalues import upwards
from tiercel.ports import ObjectStore

MARK = ".tiercel-folder"
"""The name of the file that keeps an empty folder."""

FILES = "_files"
"""The folder of a namespace that holds its files."""

EXECUTIONS = "executions"
"""The folder of a flow that holds those of its executions: there may be a great many."""

MOST_AT_ONCE = 8
"""Folders that are listed at the same time."""

_PART = re.compile(r"[a-z0-9][a-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class NamespaceFile:
    """A file of a namespace."""

    path: str
    """Where it is, without a leading slash."""
    uri: str
    """Its address in the internal storage."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or a folder, as lists show it."""

    path: str
    """Where it is, without a leading slash; empty for the namespace's own folder."""
    is_folder: bool
    size: int = 0
    """Bytes of a file."""
    written: float = 0.0
    """When it, or the newest file in it, was written last, in seconds since the epoch; 0 where there is none."""


def folder_uri(namespace: str) -> str:
    """Return the address below which a namespace's files lie, with a slash at its end."""
    return f"{_folder_of(namespace)}/{FILES}/"


def _folder_of(namespace: str) -> str:
    return f"kestra:///{namespace.replace('.', '/')}"


def _may_be(namespace: str, flows: Collection[str]) -> bool:
    """Tell whether a folder may be a namespace: it is spelled as one, and is none of a flow or its executions."""
    last = namespace.rpartition(".")[2]
    return _PART.fullmatch(last) is not None and last not in flows and last != EXECUTIONS


def clean_path(path: str) -> str:
    """Return a path without leading, double and trailing slashes.

    Raises:
        ValueError: The path is empty, leads out of the namespace, or names what keeps a folder.
    """
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if not parts or ".." in parts or MARK in parts or any(char in path for char in "\0\\\n\r"):
        raise ValueError(f"'{path}' is not a path of a namespace file; write one such as scripts/load.py, without '..'")
    return "/".join(parts)


def folders_above(path: str) -> list[str]:
    """Return the folders in which a path lies, the nearest first, without the namespace's own."""
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(len(parts) - 1, 0, -1)]


class NamespaceFiles:
    """List, read, write and remove the files of any namespace."""

    def __init__(self, objects: ObjectStore) -> None:
        self.objects = objects

    def uri(self, namespace: str, path: str) -> str:
        """Return a file's address, whether it is there or not."""
        return folder_uri(namespace) + clean_path(path)

    def list(self, namespace: str, folder: str = "") -> Iterator[NamespaceFile]:
        """Yield the files of a namespace, or of one of its folders, sorted by path."""
        root = folder_uri(namespace)
        for uri in self.objects.list(self._folder(namespace, folder)):
            if not _is_mark(uri):
                yield NamespaceFile(uri.removeprefix(root), uri)

    def _folder(self, namespace: str, folder: str) -> str:
        root = folder_uri(namespace)
        return f"{root}{clean_path(folder)}/" if folder.strip("/") else root

    def exists(self, namespace: str, path: str) -> bool:
        """Tell whether there is such a file."""
        try:
            self.objects.size(self.uri(namespace, path))
        except NotFoundError:
            return False
        return True

    def read(self, namespace: str, path: str) -> BinaryIO:
        """Open a file for reading, or raise NotFoundError."""
        return self.objects.open(self.uri(namespace, path))

    def write(self, namespace: str, path: str, content: BinaryIO | bytes) -> NamespaceFile:
        """Write a file, whether it is there or not."""
        file = NamespaceFile(clean_path(path), self.uri(namespace, path))
        self.objects.write(file.uri, content)
        return file

    def delete(self, namespace: str, path: str) -> bool:
        """Remove a file; tell whether it was there."""
        return self.objects.delete(self.uri(namespace, path))

    def namespaces(self, flows: Mapping[str, Collection[str]]) -> Sequence[str]:
        """Return the namespaces that have files, sorted: one list for each folder that may be a namespace.

        Args:
            flows: By namespace the folders of its flows: those are not looked into, nor what is called `executions`.
        """
        known = {above for name in flows for above in upwards(name)}
        found, open_ones = [], [""]
        while open_ones:
            with ThreadPoolExecutor(MOST_AT_ONCE) as threads:
                inside = list(threads.map(lambda name: list(self.objects.folders(_folder_of(name))), open_ones))
            pairs = list(zip(open_ones, inside, strict=True))
            found += [name for name, folders in pairs if name and FILES in folders]
            below = [(name, f"{name}.{each}" if name else each) for name, folders in pairs for each in folders]
            open_ones = [each for name, each in below if each in known or _may_be(each, flows.get(name, ()))]
        return sorted(found)

    # ------------------------------------------------------------ folders

    def entries(self, namespace: str, folder: str = "") -> Iterator[Entry]:
        """Yield the files of a namespace, or of one of its folders, at any depth, sorted by path."""
        return (entry for entry in self._entries(namespace, folder) if not _is_mark(entry.path))

    def _entries(self, namespace: str, folder: str) -> Iterator[Entry]:
        """Yield the files below a folder, those that keep folders among them."""
        root = folder_uri(namespace)
        for file in self.objects.look(self._folder(namespace, folder)):
            yield Entry(file.uri.removeprefix(root), False, file.size, file.written)

    def children(self, namespace: str, folder: str = "") -> Sequence[Entry]:
        """Return what lies directly in a folder, sorted by path.

        Raises:
            NotFoundError: There is no such folder; a namespace's own is always there.
        """
        start = len(clean_path(folder)) + 1 if folder.strip("/") else 0
        found: dict[tuple[str, bool], Entry] = {}
        there = start == 0
        for entry in self._entries(namespace, folder):
            there = True
            name, slash, _ = entry.path[start:].partition("/")
            path = entry.path[: start + len(name)]
            if slash:
                before = found.get((path, True))
                written = max(entry.written, before.written if before else 0.0)
                found[path, True] = Entry(path, True, written=written)
            elif name != MARK:
                found[path, False] = entry
        if not there:
            raise NotFoundError(f"there is no folder '{folder}' in the namespace '{namespace}'")
        return [found[key] for key in sorted(found)]

    def entry(self, namespace: str, path: str) -> Entry:
        """Return a file or a folder, or raise NotFoundError; a namespace's own folder is always there."""
        if not path.strip("/"):
            return Entry("", True, written=max((each.written for each in self._entries(namespace, "")), default=0.0))
        name = clean_path(path)
        try:
            file = self.objects.describe(self.uri(namespace, name))
        except NotFoundError:
            times = [each.written for each in self._entries(namespace, name)]
            if not times:
                raise _nothing(namespace, name) from None
            return Entry(name, True, written=max(times))
        return Entry(name, False, file.size, file.written)

    def check_places(self, namespace: str, paths: Collection[str]) -> None:
        """Refuse to write files where folders are, or below files: a folder of a disk cannot have both.

        Args:
            namespace: The namespace.
            paths: Clean paths of files that are to be written.

        Raises:
            ConflictError: There is a folder of such a name, or a file where a folder would have to be.
        """
        files = {*(entry.path for entry in self._entries(namespace, "")), *paths}
        folders = {folder for path in files for folder in folders_above(path)}
        for path in paths:
            if path in folders:
                raise ConflictError(f"'{path}' is a folder of the namespace '{namespace}'; choose another name")
            for folder in folders_above(path):
                if folder in files:
                    raise ConflictError(f"'{folder}' is a file of the namespace '{namespace}', so nothing can be in it")

    def make_folder(self, namespace: str, path: str) -> None:
        """Make a folder, if it is not there.

        Raises:
            ConflictError: There is a file where it would have to be.
        """
        mark = f"{clean_path(path)}/{MARK}"
        self.check_places(namespace, [mark])
        self.objects.write(folder_uri(namespace) + mark, b"")

    def remove(self, namespace: str, path: str) -> None:
        """Remove a file, or a folder with all that is in it, and the folders above that are empty then.

        Raises:
            NotFoundError: There is neither; removing all of a namespace's files always works.
        """
        name = clean_path(path) if path.strip("/") else ""
        removed = bool(name) and self.delete(namespace, name)
        for uri in list(self.objects.list(self._folder(namespace, name))):
            removed = self.objects.delete(uri) or removed
        if name and not removed:
            raise _nothing(namespace, name)
        self._tidy(namespace, name)

    def _tidy(self, namespace: str, path: str) -> None:
        """Remove the folders above a path that hold nothing but what keeps them."""
        root = folder_uri(namespace)
        for folder in folders_above(path):
            mark = f"{root}{folder}/{MARK}"
            found = list(islice(self.objects.list(f"{root}{folder}/"), 2))
            if found == [mark]:
                self.objects.delete(mark)
            elif found:
                return

    def move(self, namespace: str, source: str, target: str) -> None:
        """Move a file or a folder; what has the new name already is never written over.

        Raises:
            NotFoundError: There is no such file or folder.
            ConflictError: Something has the new name, or a folder would have to lie in itself.
        """
        old, new = clean_path(source), clean_path(target)
        if old == new:
            self.entry(namespace, old)
            return
        if new.startswith(f"{old}/"):
            raise ConflictError(f"'{old}' cannot be moved to '{new}', which lies in it")
        files = [old] if self.exists(namespace, old) else [each.path for each in self._entries(namespace, old)]
        if not files:
            raise _nothing(namespace, old)
        moved = {path: new + path.removeprefix(old) for path in files}
        if self._is_there(namespace, new):
            raise ConflictError(f"there is something at '{new}' in the namespace '{namespace}'; remove it first")
        self.check_places(namespace, list(moved.values()))
        root = folder_uri(namespace)
        for path, place in moved.items():
            with self.objects.open(root + path) as content:
                self.objects.write(root + place, content)
        for path in files:
            self.objects.delete(root + path)
        self._tidy(namespace, old)

    def _is_there(self, namespace: str, path: str) -> bool:
        try:
            self.entry(namespace, path)
        except NotFoundError:
            return False
        return True


def _is_mark(path: str) -> bool:
    return path.endswith(f"/{MARK}")


def _nothing(namespace: str, path: str) -> NotFoundError:
    return NotFoundError(f"there is no file or folder '{path}' in the namespace '{namespace}'")
