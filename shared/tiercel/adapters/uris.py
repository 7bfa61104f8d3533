"""The URIs of the internal storage: what they may look like, wherever the files lie.

Promise: no URI leads out of the storage; what one adapter refuses, every adapter refuses in the same words.
"""

from __future__ import annotations

import hashlib
import os

from tiercel.errors import NotFoundError, TiercelError

SCHEME = "kestra://"
LONGEST_NAME = 255
"""How many bytes a file system takes for one name."""
LONGEST_PATH = 3000
"""How many bytes a path may have: file systems take 4,096, the folder's own path among them."""
INCOMING = ".incoming"
"""The folder of files that are being written; no URI names it."""


def segments(uri: str, *, folder: bool = False, longest: int = LONGEST_PATH) -> tuple[str, ...]:
    """Return the names that a URI consists of, each short enough for a file system.

    Args:
        uri: A file, or a folder.
        folder: Whether it is a folder; it may end in a slash then, and have no name at all.
        longest: How many bytes the names may have together, a slash for each.

    Raises:
        TiercelError: It is not a URI of the internal storage, or tries to lead out of it.
    """
    if not uri.startswith(SCHEME + "/"):
        raise TiercelError(f"'{uri}' is not a file of the internal storage; expected kestra:///path")
    path = uri[len(SCHEME) + 1 :]
    if folder:
        path = path.removesuffix("/")
        if not path:
            return ()
    names = path.split("/")
    for name in names:
        if name in ("", ".", "..") or "\0" in name:
            raise TiercelError(f"'{uri}' is refused: the path has the part {name!r}; name the file directly")
    if names[0] == INCOMING:
        raise TiercelError(f"'{uri}' is refused: the name '{INCOMING}' is taken; choose another")
    cut = tuple(_cut(name, uri) for name in names)
    if sum(len(name.encode()) + 1 for name in cut) > longest:
        raise TiercelError(f"'{uri[:100]}...' is refused: the path has over {longest} bytes; shorten it")
    return cut


def uri_of(path: str) -> str:
    """Return the URI of a path in the storage."""
    return f"{SCHEME}/{path}"


def missing(uri: str) -> NotFoundError:
    """Return the error that says that a file is not there."""
    return NotFoundError(f"there is no file {uri}")


def _cut(name: str, uri: str) -> str:
    """Return a name that is too long with a hash in place of its end; the result stays as it is when cut again."""
    try:
        raw = name.encode()
    except UnicodeEncodeError as error:
        raise TiercelError(f"{uri!r} is refused: the path is not valid text") from error
    if len(raw) <= LONGEST_NAME:
        return name
    ending = os.path.splitext(name)[1]
    if len(ending.encode()) > 16:
        ending = ""
    tail = "~" + hashlib.sha256(raw).hexdigest()[:32] + ending
    return raw[: LONGEST_NAME - len(tail.encode())].decode(errors="ignore") + tail
