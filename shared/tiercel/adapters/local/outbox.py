"""The outbox: messages that lie beside the documents, in the same transactions.

Promise: a message is on disk when its commit is, and until after its acknowledgement; what is lost of an
acknowledgement in a crash only makes the message come again.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tiercel.ports import Envelope


@dataclass(slots=True)
class Letter:
    """One row of the outbox, as the process that delivers it keeps it in memory."""

    seq: int
    key: str
    body: bytes
    due: float
    attempt: int = 1
    """The how-manieth delivery the next one is."""
    since: float = 0.0
    """When this process got it."""


class Outbox:
    """The rows that are this process's to deliver. All that writes is called inside a transaction."""

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._chores: deque[tuple[int, float, int]] = deque()
        self._riding: list[tuple[int, float, int]] = []

    @property
    def has_chores(self) -> bool:
        """Tell whether something waits for the next transaction."""
        return bool(self._chores)

    def add(self, connection: sqlite3.Connection, messages: Sequence[Envelope]) -> list[Letter]:
        """Write messages."""
        sql = "INSERT INTO messages(key, owner, due, attempt, body) VALUES(?, ?, ?, 0, ?)"
        letters = []
        for message in messages:
            seq = connection.execute(sql, (message.key, self._owner, message.due, message.body)).lastrowid
            letters.append(Letter(seq or 0, message.key, message.body, message.due))
        return letters

    def remove(self, letter: Letter) -> None:
        """Have a row removed by the next transaction."""
        self._chores.append((letter.seq, 0.0, -1))

    def postpone(self, letter: Letter) -> None:
        """Have a row's new due time and deliveries so far kept by the next transaction."""
        self._chores.append((letter.seq, letter.due, letter.attempt - 1))

    def ride(self, connection: sqlite3.Connection) -> None:
        """Write what waits; called at the start of each transaction."""
        while self._chores:
            self._riding.append(self._chores.popleft())
        if not self._riding:
            return
        # The owner is asked for because a number that is free again may be another process's message by now.
        changed = [(due, attempt, seq, self._owner) for seq, due, attempt in self._riding if attempt >= 0]
        removed = [(seq, self._owner) for seq, _, attempt in self._riding if attempt < 0]
        if changed:
            connection.executemany("UPDATE messages SET due = ?, attempt = ? WHERE seq = ? AND owner = ?", changed)
        connection.executemany("DELETE FROM messages WHERE seq = ? AND owner = ?", removed)

    def settle(self, *, held: bool) -> None:
        """Learn whether the transaction held; if not, the same rides again."""
        if not held:
            self._chores.extendleft(reversed(self._riding))
        self._riding = []

    def adopt(
        self,
        connection: sqlite3.Connection,
        gone: Callable[[str], bool],
        now: float,
        names: Sequence[str] | None = None,
    ) -> list[Letter]:
        """Make the messages of ended processes ours; return them in the order in which they were sent.

        Args:
            connection: The transaction.
            gone: Tells whether the process of a name has ended.
            now: Messages that were due by then may have been delivered, so they count one delivery more.
            names: Whom to look for; None means everyone with a message, this process too.
        """
        if names is None:
            names = [str(row[0]) for row in connection.execute("SELECT DISTINCT owner FROM messages")]
        sql = (
            "UPDATE messages SET owner = ?, attempt = attempt + (due <= ? AND owner <> ?) WHERE owner = ? "
            "RETURNING seq, key, body, due, attempt + 1"
        )
        letters: list[Letter] = []
        for name in names:
            if name == self._owner or gone(name):
                rows = connection.execute(sql, (self._owner, now, self._owner, name)).fetchall()
                letters.extend(Letter(*row) for row in rows)
        return sorted(letters, key=lambda letter: letter.seq)

    def is_empty(self, connection: sqlite3.Connection) -> bool:
        """Tell whether no message of this process is left."""
        sql = "SELECT NOT EXISTS(SELECT 1 FROM messages WHERE owner = ?)"
        return bool(connection.execute(sql, (self._owner,)).fetchone()[0])
