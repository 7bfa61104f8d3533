"""Group commit: many callers, one transaction, one fsync.

Promise: each caller's work is done whole or not at all, and a refusal undoes its own work alone; who calls while
nobody writes commits at once in its own thread; who calls meanwhile is written by the next one to lead. No thread
of its own.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, Protocol, TypeVar, cast

from tiercel.adapters.local.database import Database, explain
from tiercel.errors import TiercelError

T = TypeVar("T")


class Chores(Protocol):
    """Small writes that ride with the next transaction, whosever it is."""

    def ride(self, connection: sqlite3.Connection) -> None:
        """Write them."""

    def settle(self, *, held: bool) -> None:
        """Learn whether the transaction held; if not, they ride again."""


class _Ticket(Generic[T]):
    """One caller's work, and where it waits for it."""

    __slots__ = ("after", "error", "leads", "result", "wake", "work")

    def __init__(self, work: Callable[[sqlite3.Connection], T], after: Callable[[T], None] | None) -> None:
        self.work = work
        self.after = after
        self.result: T | None = None
        self.error: BaseException | None = None
        self.leads = False
        self.wake = threading.Lock()
        self.wake.acquire()

    def write(self, connection: sqlite3.Connection) -> None:
        self.result = self.work(connection)

    def tell(self) -> None:
        if self.error is None and self.after is not None:
            self.after(cast(T, self.result))


class GroupCommit:
    """The one way to write to a database."""

    def __init__(self, database: Database, chores: Chores) -> None:
        self._database = database
        self._chores = chores
        self._mutex = threading.Lock()
        self._queue: list[_Ticket[object]] = []
        self._led = False
        self._closed = False

    def run(
        self, work: Callable[[sqlite3.Connection], T], after: Callable[[T], None] | None = None, *, last: bool = False
    ) -> T:
        """Do the work in a transaction that is on disk on return.

        Args:
            work: Writes through the connection; what it raises undoes it and comes back to this caller. It is
                called in whichever thread leads.
            after: Called with the work's result once the transaction is on disk, before `run` returns.
            last: Refuse all work that comes after this.
        """
        ticket = _Ticket(work, after)
        if self._enter(cast(_Ticket[object], ticket), last):
            self._lead()
        if ticket.error is not None:
            raise ticket.error
        return cast(T, ticket.result)

    def _enter(self, ticket: _Ticket[object], last: bool) -> bool:
        """Queue up; return True to lead, False when the work has been done by another."""
        with self._mutex:
            if self._closed:
                raise TiercelError(f"the store {self._database.path} is closed")
            self._closed = last
            self._queue.append(ticket)
            if not self._led:
                self._led = True
                return True
        try:
            ticket.wake.acquire()
        except BaseException:  # the waiting thread was interrupted: it must not take the lead with it
            self._abandon(ticket)
            raise
        return ticket.leads

    def _abandon(self, ticket: _Ticket[object]) -> None:
        with self._mutex:
            if ticket in self._queue:
                self._queue.remove(ticket)
            leads = ticket.leads
        if leads:
            self._pass_on()

    def _lead(self) -> None:
        """Write everything that is queued, then let the next one lead."""
        with self._mutex:
            batch, self._queue = self._queue, []
        try:
            self._write(batch)
        finally:
            self._pass_on()
            for ticket in batch:
                ticket.wake.release()

    def _pass_on(self) -> None:
        """Make the first one in the queue the leader, if there is one."""
        with self._mutex:
            heir = self._queue[0] if self._queue else None
            if heir is None:
                self._led = False
                return
            heir.leads = True
        heir.wake.release()

    def _write(self, batch: list[_Ticket[object]]) -> None:
        connection = self._database.writer
        try:
            connection.execute("BEGIN IMMEDIATE")
            self._chores.ride(connection)
            for ticket in batch:
                _attempt(connection, ticket, alone=len(batch) == 1)
            connection.execute("COMMIT")
        except BaseException as error:
            _roll_back(connection)
            self._chores.settle(held=False)
            self._fail(batch, error)
            if not isinstance(error, Exception):
                raise
            return
        self._chores.settle(held=True)
        for ticket in batch:
            ticket.tell()

    def _fail(self, batch: list[_Ticket[object]], error: BaseException) -> None:
        """Give each caller an error of its own: one that two threads raise gathers both their tracebacks."""
        for ticket in batch:
            if ticket.error is not None:
                continue
            if isinstance(error, sqlite3.Error):
                ticket.error = explain(error, self._database.path)
                ticket.error.__cause__ = error
            elif len(batch) == 1:
                ticket.error = error
            else:
                ticket.error = TiercelError(f"the commit was broken off: {error!r}")


def _attempt(connection: sqlite3.Connection, ticket: _Ticket[object], *, alone: bool) -> None:
    """Do one caller's work; what it raises is its own, unless the transaction is lost with it."""
    if alone:
        ticket.write(connection)
        return
    connection.execute("SAVEPOINT one")
    try:
        ticket.write(connection)
    except Exception as error:
        if isinstance(error, sqlite3.OperationalError) or type(error) is sqlite3.DatabaseError:
            raise
        ticket.error = error
        connection.execute("ROLLBACK TO one")
    connection.execute("RELEASE one")


def _roll_back(connection: sqlite3.Connection) -> None:
    """Undo what is open; SQLite has done it already after some errors."""
    with suppress(sqlite3.Error):
        if connection.in_transaction:
            connection.execute("ROLLBACK")
