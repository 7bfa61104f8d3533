"""The SQLite file: its tables, its connections, and its errors in our words.

Promise: a store of a newer version is refused, not guessed at; every connection that was opened is closed by `close`;
an error names the file and what to do.
"""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tiercel.errors import TiercelError, TransientError

VERSION = 2
"""The version of the tables, kept in the file's `user_version`."""

TABLES = """
CREATE TABLE IF NOT EXISTS docs(
    key TEXT PRIMARY KEY, kind TEXT, namespace TEXT, flow_id TEXT, state TEXT, date REAL, owner TEXT,
    version INTEGER NOT NULL, body BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS docs_by_date ON docs(kind, date) WHERE kind IS NOT NULL;
CREATE INDEX IF NOT EXISTS docs_by_flow ON docs(kind, namespace, flow_id, date) WHERE kind IS NOT NULL;
CREATE INDEX IF NOT EXISTS docs_by_flow_and_state ON docs(kind, namespace, flow_id, state, date)
    WHERE kind IS NOT NULL AND state <> '';
CREATE INDEX IF NOT EXISTS docs_by_state ON docs(kind, state, date) WHERE kind IS NOT NULL AND state <> '';
CREATE INDEX IF NOT EXISTS docs_by_owner ON docs(kind, owner, date) WHERE kind IS NOT NULL AND owner <> '';
CREATE TABLE IF NOT EXISTS entries(
    map TEXT NOT NULL, entry TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY(map, entry)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS messages(
    seq INTEGER PRIMARY KEY, key TEXT NOT NULL, owner TEXT NOT NULL, due REAL NOT NULL, attempt INTEGER NOT NULL,
    body BLOB NOT NULL);
"""
# `docs` keeps its row ids: without them a body over 1 KB leaves its page, and a commit took 70 % longer.
# `docs_by_flow_and_state`: each end of an execution asks whether another one of its flow waits in the queue.
# `messages` go by number, not by key: they are appended and removed in order, and a message that is sent again
# while its first copy is being handled is a row of its own, which that copy's acknowledgement cannot remove.

Row = tuple[Any, ...]


class Database:
    """One SQLite file, with a pool of connections for reading and one for writing."""

    def __init__(self, folder: Path, busy_seconds: float = 10.0) -> None:
        self.path = folder / "tiercel.db"
        self._busy_seconds = busy_seconds
        self._idle: list[sqlite3.Connection] = []
        self._closed = False
        with self.explained(), _one_at_a_time(folder / "owners" / ".opening"):
            self.writer = self.connect()
            try:
                self._prepare(self.writer)
            except BaseException:
                self.writer.close()
                raise

    def connect(self) -> sqlite3.Connection:
        """Open one more connection; the caller closes it."""
        connection = sqlite3.connect(
            self.path,
            timeout=self._busy_seconds,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        try:
            # FULL: one fsync per COMMIT, so what was committed outlives the machine's power.
            connection.execute("PRAGMA synchronous = FULL")
            # Fewer, larger checkpoints: a page that is written often goes to the file once (p99 halved).
            connection.execute("PRAGMA wal_autocheckpoint = 4000")
            connection.execute("PRAGMA journal_size_limit = 67108864")
        except BaseException:
            connection.close()
            raise
        return connection

    def read(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Run one query on a connection of the pool; return all its rows."""
        connection = self._borrow()
        try:
            return connection.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            raise explain(error, self.path) from error
        finally:
            self._idle.append(connection)
            if self._closed:
                self._close_idle()

    def close(self) -> None:
        """Close every connection; one that is reading is closed when it is done."""
        self._closed = True
        self._close_idle()
        self.writer.close()

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Raise SQLite's errors in our words."""
        try:
            yield
        except sqlite3.Error as error:
            raise explain(error, self.path) from error

    def _borrow(self) -> sqlite3.Connection:
        try:
            return self._idle.pop()
        except IndexError:
            pass
        if self._closed:
            raise TiercelError(f"the store {self.path} is closed")
        with self.explained():
            return self.connect()

    def _close_idle(self) -> None:
        while True:
            try:
                self._idle.pop().close()
            except IndexError:
                return

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Make the tables, or see that they are ours."""
        if sqlite3.sqlite_version_info < (3, 35):
            raise TiercelError(f"SQLite {sqlite3.sqlite_version} is too old; Tiercel needs 3.35 or newer")
        found = connection.execute("PRAGMA user_version").fetchone()[0]
        if found > VERSION:
            raise TiercelError(
                f"the store {self.path} was written by a newer Tiercel: its tables have version {found}, "
                f"this one knows {VERSION}; upgrade Tiercel, or choose another folder"
            )
        if connection.execute("PRAGMA journal_mode = WAL").fetchone()[0] != "wal":
            raise TiercelError(
                f"the store {self.path} lies on a file system without shared memory; choose a local disk"
            )
        if found < VERSION:
            connection.executescript(f"BEGIN IMMEDIATE; {TABLES} PRAGMA user_version = {VERSION}; COMMIT;")


def explain(error: sqlite3.Error, path: Path) -> Exception:
    """Return an error of SQLite in our words; what is none of the platform's doing comes back as it is."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return TransientError(f"the store {path} is busy: another process held its lock for too long; try again")
    if code == sqlite3.SQLITE_FULL:
        return TransientError(f"the disk is full: nothing was written to the store {path}; free some space ({error})")
    if code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return TransientError(
            f"the store {path} cannot be read or written: {error}; see that the disk works, has space, and is ours"
        )
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return TiercelError(
            f"the store {path} is damaged or not a store: {error}; stop Tiercel, move the file away, and put back a "
            f"copy or what `sqlite3 {path} .recover` finds"
        )
    return error


@contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    """Let one process at a time open the file: the change to WAL does not wait, whatever the time-out says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
