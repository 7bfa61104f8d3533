"""The files of a namespace: `kestra:///<namespace as folders>/_files/<path>` in the object store.

Promise: no path leads out of its namespace, and every path is given without a leading slash.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from tiercel.errors import NotFoundError
from tiercel.ports import ObjectStore


@dataclass(frozen=True, slots=True)
class NamespaceFile:
    """A file of a namespace."""

    path: str
    """Where it is, without a leading slash."""
    uri: str
    """Its address in the internal storage."""


def folder_uri(namespace: str) -> str:
    """Return the address below which a namespace's files lie, with a slash at its end."""
    return f"kestra:///{namespace.replace('.', '/')}/_files/"


def clean_path(path: str) -> str:
    """Return a path without leading, double and trailing slashes.

    Raises:
        ValueError: The path is empty or leads out of the namespace.
    """
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if not parts or ".." in parts or any(char in path for char in "\0\\\n\r"):
        raise ValueError(f"'{path}' is not a path of a namespace file; write one such as scripts/load.py, without '..'")
    return "/".join(parts)


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
        prefix = root + clean_path(folder) + "/" if folder.strip("/") else root
        for uri in self.objects.list(prefix):
            yield NamespaceFile(uri.removeprefix(root), uri)

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
