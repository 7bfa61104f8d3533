"""Who lives in a store's folder: each process holds a lock on a file of its name, and the kernel lets go of it.

Promise: a process that lives is never called gone, and one that was killed is called gone at once. No heartbeat, no
time-out, no process number that may be used again.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")


class Owner:
    """The name of this process in a folder, held until `leave`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "owners"
        self._folder.mkdir(parents=True, exist_ok=True)
        host = re.sub(r"[^A-Za-z0-9.-]", "-", socket.gethostname()).lstrip(".-") or "host"
        self.name = f"{host[:100]}-{os.getpid()}-{secrets.token_hex(4)}"
        """Host, process number and a random part; the host is there for people, the lock alone tells."""
        self._lock: int | None = _hold(self._folder / self.name)

    def leave(self, *, forget: bool) -> None:
        """Let the name go.

        Args:
            forget: Remove the file too; false when messages of this name remain, so that others find them.
        """
        if self._lock is None:
            return
        if forget:
            (self._folder / self.name).unlink(missing_ok=True)
        os.close(self._lock)
        self._lock = None

    def is_gone(self, name: str) -> bool:
        """Tell whether the process of this name has ended: nobody holds its file, or there is none."""
        return is_gone(self._folder, name)

    def gone(self) -> Iterator[str]:
        """Yield the names that were left behind."""
        return (name for name in _names(self._folder) if is_gone(self._folder, name))

    def bury(self, name: str) -> None:
        """Remove the file of a name that is gone; one that lives after all is left alone."""
        if NAME.fullmatch(name) and is_gone(self._folder, name):
            (self._folder / name).unlink(missing_ok=True)


def live_owners(folder: Path) -> list[str]:
    """Return the names of the processes that have the store in this folder open, sorted."""
    owners = folder / "owners"
    return [name for name in _names(owners) if not is_gone(owners, name)]


def is_gone(owners: Path, name: str) -> bool:
    """Tell whether nobody holds the file of this name."""
    if not NAME.fullmatch(name):
        return True
    try:
        probe = os.open(owners / name, os.O_RDONLY)
    except FileNotFoundError:
        return True
    try:
        # Shared, so that two who ask at once do not take each other for the owner.
        fcntl.flock(probe, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(probe)
    return True


def _names(owners: Path) -> list[str]:
    """Return the names that have a file, sorted."""
    return sorted(entry.name for entry in os.scandir(owners) if NAME.fullmatch(entry.name)) if owners.is_dir() else []


def _hold(path: Path) -> int:
    """Make the file, locked before it has its name: a name that nobody holds was let go, and never comes back."""
    unnamed = path.with_name("." + path.name)
    lock = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        unnamed.rename(path)
    except BaseException:
        os.close(lock)
        unnamed.unlink(missing_ok=True)
        raise
    return lock
