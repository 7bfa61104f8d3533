"""An open SQLite database."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from tiercel.errors import TaskError
from tiercel.model.plugin import text_of
from tiercel.ports import RunContext
from tiercel.tasks import records
from tiercel.tasks.jdbc import statements as sql_text
from tiercel.tasks.jdbc.parameters import place
from tiercel.tasks.jdbc.rows import placed
from tiercel.tasks.jdbc.session import Result, Statement, failure, stoppable

BUSY_SECONDS = 30
"""How long to wait for a database that another connection writes."""
PRAGMAS = frozenset({"busy_timeout", "cache_size", "foreign_keys", "journal_mode", "synchronous", "temp_store"})
"""The keys of a URL that are set as pragmas; others are dropped, as the JDBC driver does."""
_BEGINS = re.compile(r"\s*begin\b", re.IGNORECASE)


class _Declared(NamedTuple):
    """A value of a column that was declared as a date or time."""

    kind: str
    raw: bytes


def _keep(kind: str) -> Callable[[bytes], _Declared]:
    return lambda raw: _Declared(kind, raw)


for _name, _kind in {"DATE": "date", "TIME": "time", "DATETIME": "instant", "TIMESTAMP": "instant"}.items():
    # The module tells a column's declared type only to converters, which it keeps for the whole process.
    sqlite3.register_converter(_name, _keep(_kind))


class SqliteSession:
    """One connection; statements outside a transaction are committed one by one."""

    def __init__(self, connection: sqlite3.Connection, place: str, zone: ZoneInfo) -> None:
        self.connection = connection
        self.place = place
        self._zone = zone
        self._together = False

    def statements(self, sql: str, parameters: Mapping[str, Any]) -> list[Statement]:
        """Return the statements of a text with their parameters placed."""
        found = []
        for text in sql_text.split(sql, sql_text.SQLITE):
            placed_text, values = place(text, parameters, sql_text.SQLITE, lambda _: "?")
            found.append(Statement(placed_text, [bindable(value) for value in values]))
        return found

    def execute(self, statement: Statement) -> Result:
        """Run a statement; its rows are read as they are asked for."""
        with self.errors(statement.text):
            if self._together and not self.connection.in_transaction and not _BEGINS.match(statement.text):
                self.connection.execute("BEGIN")
            elif self.connection.in_transaction and _BEGINS.match(statement.text):
                return Result()  # what was begun goes on, as on other databases
            cursor = self.connection.execute(statement.text, statement.values)
        if cursor.description is None:
            return Result(update_count=cursor.rowcount if cursor.rowcount >= 0 else None)
        return Result([column[0] for column in cursor.description], self._rows(cursor, statement.text))

    def _rows(self, cursor: sqlite3.Cursor, statement: str) -> Iterator[Sequence[object]]:
        zone = self._zone
        with self.errors(statement):
            for row in cursor:
                if _Declared in map(type, row):
                    yield [_output(value, zone) if type(value) is _Declared else value for value in row]
                else:
                    yield row

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what the block did, or nothing of it."""
        self._together = True
        try:
            yield
            with self.errors("COMMIT"):
                self.connection.commit()
        except BaseException:
            self.connection.rollback()
            raise
        finally:
            self._together = False

    @contextmanager
    def errors(self, statement: str) -> Iterator[None]:
        """Turn the driver's errors into TaskError."""
        try:
            yield
        except (sqlite3.Error, sqlite3.Warning, OverflowError) as error:
            raise failure(self.place, statement, str(error)) from error


@contextmanager
def connect(ctx: RunContext, path: str, options: Mapping[str, str], zone: ZoneInfo) -> Iterator[SqliteSession]:
    """Open a database, interrupting it when the attempt is cancelled."""
    place_name = f"SQLite at {path}"
    try:
        connection = sqlite3.connect(
            path,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            detect_types=sqlite3.PARSE_DECLTYPES,
            check_same_thread=False,
            uri=path.startswith("file:"),
        )
    except sqlite3.Error as error:
        raise TaskError(
            f"{place_name} cannot be opened: {error}; wanted a path that can be read and written"
        ) from error
    try:
        session = SqliteSession(connection, place_name, zone)
        for name, value in options.items():
            if name in PRAGMAS and re.fullmatch(r"-?\w+", value):
                with session.errors(f"PRAGMA {name}={value}"):
                    connection.execute(f"PRAGMA {name}={value}")
        with stoppable(ctx, connection.interrupt):
            yield session
    finally:
        connection.close()


def bindable(value: object) -> object:
    """Return a value as the driver takes it: structures become JSON text, exact decimals text."""
    if value is None or isinstance(value, str | int | float | bytes):
        return value
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date | time):
        return str(records.plain(value))
    return text_of(records.plain(value))


def _output(value: _Declared, zone: ZoneInfo) -> object:
    """Return a date, time or instant as ISO text; what is none stays as it was written."""
    text = value.raw.decode("utf-8", "replace")
    try:
        if value.kind == "time":
            return records.iso_time(time.fromisoformat(text))
        if text.lstrip("-").isdigit() and len(text) > 8:  # milliseconds since the epoch, as the JDBC driver writes them
            moment = datetime.fromtimestamp(int(text) / 1000, UTC)
        else:
            moment = placed(datetime.fromisoformat(text), zone)
        if value.kind == "date":
            return moment.astimezone(zone).date().isoformat()
        return records.iso_datetime(moment.astimezone(UTC))
    except (ValueError, OverflowError, OSError):
        return text
