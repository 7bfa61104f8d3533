"""The state store in one SQLite file.

Promise: a commit holds with its messages or not at all, across threads, processes and power cuts; a reader waits for
nobody. The file stands in `<folder>/tiercel.db`.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Unpack, assert_never

from tiercel.adapters.local.database import Database
from tiercel.adapters.local.group import GroupCommit
from tiercel.adapters.local.outbox import Letter, Outbox
from tiercel.adapters.local.owner import Owner
from tiercel.adapters.local.selecting import chosen, marks
from tiercel.errors import TiercelError
from tiercel.ports import Create, Delete, Envelope, Index, Merge, Put, Refused, Reply, Stored, Update, Where, Write

PAGE = 256
"""How many documents a scan reads at a time; between pages it holds nothing open."""
MANY = 500
"""How many keys go into one statement."""

Receiver = Callable[[list[Letter]], None]

_COLUMNS = "kind, namespace, flow_id, state, date, owner, body, key"
_CREATE = f"INSERT INTO docs({_COLUMNS}, version) VALUES(?, ?, ?, ?, ?, ?, ?, ?, 1) ON CONFLICT(key) DO NOTHING"
_CHANGE = (
    "UPDATE docs SET kind = ?, namespace = ?, flow_id = ?, state = ?, date = ?, owner = ?, body = ?, "
    "version = version + 1 WHERE key = ? AND version = ?"
)
_PUT = (
    f"INSERT INTO docs({_COLUMNS}, version) VALUES(?, ?, ?, ?, ?, ?, ?, ?, 1) ON CONFLICT(key) DO UPDATE SET "
    "kind = excluded.kind, namespace = excluded.namespace, flow_id = excluded.flow_id, state = excluded.state, "
    "date = excluded.date, owner = excluded.owner, body = excluded.body, version = version + 1 RETURNING version"
)
_MERGE = (
    "INSERT INTO entries(map, entry, body) VALUES(?, ?, ?) ON CONFLICT(map, entry) DO UPDATE SET body = excluded.body"
)
_READ = "SELECT key, body, version FROM docs WHERE "
_COUNT = "SELECT count(*) FROM docs WHERE "
_NO_INDEX = (None, None, None, None, None, None)


class SqliteStore:
    """Documents, maps and the outbox of one folder; several processes may have it open."""

    def __init__(self, folder: Path | str, *, busy_seconds: float = 10.0) -> None:
        """Open the store, or make it.

        Args:
            folder: Where the store lies; made if it is not there.
            busy_seconds: How long to wait for another process's commit.
        """
        self.folder = Path(folder)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._owner = Owner(self.folder)
        except OSError as error:
            raise TiercelError(f"the store's folder {self.folder} cannot be used: {error}") from error
        try:
            self._database = Database(self.folder, busy_seconds)
        except BaseException:
            self._owner.leave(forget=True)
            raise
        self._outbox = Outbox(self._owner.name)
        self._group = GroupCommit(self._database, self._outbox)
        self._receiver: Receiver | None = None

    @property
    def owner(self) -> str:
        """The name of this process in the store."""
        return self._owner.name

    @property
    def outbox(self) -> Outbox:
        """The messages that are this process's to deliver; for the bus."""
        return self._outbox

    def get(self, keys: Sequence[str]) -> list[Stored | None]:
        """Return the documents of these keys, None for each that is not there."""
        if len(keys) == 1:
            rows = self._database.read(_READ + "key = ?", (keys[0],))
            return [Stored(*rows[0])] if rows else [None]
        found: dict[str, Stored] = {}
        for start in range(0, len(keys), MANY):
            some = keys[start : start + MANY]
            for row in self._database.read(f"{_READ}key IN ({marks(some)})", some):
                found[row[0]] = Stored(*row)
        return [found.get(key) for key in keys]

    def entries(self, key: str) -> dict[str, bytes]:
        """Return the entries of a map; empty when there is none."""
        return dict(self._database.read("SELECT entry, body FROM entries WHERE map = ? ORDER BY entry", (key,)))

    def scan(self, prefix: str) -> Iterator[Stored]:
        """Yield the documents whose keys start so, in the order of their keys."""
        sql = f"{_READ}key > ? AND key < ? ORDER BY key LIMIT {PAGE}"
        first = f"{_READ}key >= ? AND key < ? ORDER BY key LIMIT {PAGE}"
        rows = self._database.read(first, (prefix, end := _end(prefix)))
        while rows:
            yield from (Stored(*row) for row in rows)
            rows = self._database.read(sql, (rows[-1][0], end)) if len(rows) == PAGE else []

    def scan_entries(self, prefix: str) -> Iterator[tuple[str, str, bytes]]:
        """Yield (map, entry, body) of every map whose key starts so, in the order of keys and entries."""
        where = (
            "SELECT map, entry, body FROM entries WHERE (map, entry) {} (?, ?) AND map < ? ORDER BY map, entry LIMIT "
        )
        rows = self._database.read(where.format(">=") + str(PAGE), (prefix, "", end := _end(prefix)))
        while rows:
            for row in rows:
                yield row[0], row[1], row[2]
            more = len(rows) == PAGE
            rows = self._database.read(where.format(">") + str(PAGE), (*rows[-1][:2], end)) if more else []

    def query(
        self,
        kind: str,
        *,
        newest_first: bool = False,
        after: tuple[float, str] | None = None,
        limit: int = 1000,
        **where: Unpack[Where],
    ) -> list[Stored]:
        """Return documents of a kind by their indexed scalars, in the order of their dates, then keys."""
        condition, values = chosen(kind, where)
        if after is not None:
            condition += f" AND (date, key) {'<' if newest_first else '>'} (?, ?)"
            values += after
        down = " DESC" if newest_first else ""
        # Who names several states and wants the oldest means the few that live: with the plus SQLite looks for these
        # and sorts them, where it would else walk through all executions of the flow, which come in order.
        date = "+date" if len(where.get("states", ())) > 1 and not newest_first and after is None else "date"
        order = f" ORDER BY {date}{down}, key{down} LIMIT ?"
        return [Stored(*row) for row in self._database.read(_READ + condition + order, (*values, limit))]

    def count(self, kind: str, **where: Unpack[Where]) -> int:
        """Return how many documents such a query finds."""
        condition, values = chosen(kind, where)
        rows = self._database.read(_COUNT + condition, values)
        return int(rows[0][0])

    def commit(self, writes: Sequence[Write], messages: Sequence[Envelope] = ()) -> list[Reply]:
        """Write all or nothing, then send the messages (at least once, also after a crash).

        Raises:
            Refused: A precondition did not hold.
            TransientError: The store is busy, or the disk full or failing; nothing was written.
        """
        if not writes and not messages:
            return []

        def work(connection: sqlite3.Connection) -> tuple[list[Reply], list[Letter]]:
            replies = [_write(connection, write) for write in writes]
            return replies, self._outbox.add(connection, messages) if messages else []

        return self._group.run(work, self._hand_over if messages else None)[0]

    def undelivered(self) -> int:
        """Return how many messages stand in the outbox, whichever process is to deliver them."""
        return int(self._database.read("SELECT count(*) FROM messages")[0][0])

    def is_gone(self, owner: str) -> bool:
        """Tell whether the process of this name is known to have ended, so that its claims are void."""
        return owner != self._owner.name and self._owner.is_gone(owner)

    def adopt(self, receiver: Receiver, take_over: Receiver, now: float, *, thorough: bool) -> None:
        """Give away the messages of ended processes, and from now on those that this process commits.

        Args:
            receiver: Takes letters that this process has just committed.
            take_over: Takes letters that were left behind, oldest first.
            now: The time, in seconds since the epoch.
            thorough: Ask of every message whether its owner lives, and take up this process's own; else only look
                for owners who left their name behind, which reads nothing when there is none.
        """
        gone = list(self._owner.gone())
        if not gone and not thorough:
            return

        def work(connection: sqlite3.Connection) -> list[Letter]:
            return self._outbox.adopt(connection, self.is_gone, now, None if thorough else gone)

        def after(letters: list[Letter]) -> None:
            self._receiver = receiver
            take_over(letters)

        self._group.run(work, after)
        for name in gone:
            self._owner.bury(name)

    def tidy(self) -> None:
        """Write down the acknowledgements that no commit has taken along yet."""
        if self._outbox.has_chores:
            self._group.run(lambda _: None)

    def close(self) -> None:
        """Close every connection and leave the folder; messages that are left are the next opener's."""
        try:
            empty = self._group.run(self._outbox.is_empty, last=True)
        except TiercelError:
            empty = False
        self._database.close()
        self._owner.leave(forget=empty)

    def _hand_over(self, result: tuple[list[Reply], list[Letter]]) -> None:
        if self._receiver is not None:
            self._receiver(result[1])


def _write(connection: sqlite3.Connection, write: Write) -> Reply:
    """Make one write, or raise Refused."""
    match write:
        case Update(key, body, version, index):
            if not connection.execute(_CHANGE, (*_scalars(index), body, key, version)).rowcount:
                raise Refused(key)
            return Reply(version=version + 1)
        case Create(key, body, index):
            if not connection.execute(_CREATE, (*_scalars(index), body, key)).rowcount:
                raise Refused(key)
            return Reply(version=1)
        case Put(key, body, index):
            return Reply(version=connection.execute(_PUT, (*_scalars(index), body, key)).fetchall()[0][0])
        case Merge(key, entries):
            connection.executemany(_MERGE, [(key, entry, body) for entry, body in entries.items()])
            return Reply(count=connection.execute("SELECT count(*) FROM entries WHERE map = ?", (key,)).fetchone()[0])
        case Delete(key, version):
            gone = connection.execute("DELETE FROM docs WHERE key = ? AND ? IN (0, version)", (key, version)).rowcount
            if version and not gone:
                raise Refused(key)
            connection.execute("DELETE FROM entries WHERE map = ?", (key,))
            return Reply()
        case _:
            assert_never(write)


def _scalars(index: Index | None) -> tuple[object, ...]:
    """Return the index's columns; a document without one is in no list."""
    if index is None:
        return _NO_INDEX
    return index.kind, index.namespace, index.flow_id, index.state, index.date, index.owner


def _end(prefix: str) -> str | bytes:
    """Return what comes right after every key that starts so; a BLOB comes after every text."""
    while prefix:
        last = ord(prefix[-1])
        if last < sys.maxunicode:
            return prefix[:-1] + chr(0xE000 if last == 0xD7FF else last + 1)
        prefix = prefix[:-1]
    return b""
