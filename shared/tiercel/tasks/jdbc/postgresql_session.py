"""An open PostgreSQL database. The driver is imported here, so this module is imported only when a task runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from psycopg import capabilities, pq
from psycopg.adapt import PyFormat, Transformer

from tiercel.errors import TaskError
from tiercel.model.states import Level
from tiercel.ports import RunContext
from tiercel.tasks.jdbc import postgresql_types as types
from tiercel.tasks.jdbc.parameters import place
from tiercel.tasks.jdbc.rows import converted
from tiercel.tasks.jdbc.session import Result, Statement, failure, stoppable
from tiercel.tasks.jdbc.statements import POSTGRESQL, split, words

ROWS = 1000
"""How many rows travel at a time, at most: with rows of a kilobyte, a megabyte."""
_READS = frozenset({"select", "with", "values", "table"})
_WRITES = frozenset({"insert", "update", "delete", "merge"})

Connection = psycopg.Connection[tuple[Any, ...]]


class PostgresSession:
    """One connection; statements outside a transaction are committed one by one."""

    def __init__(self, connection: Connection, place: str, rows: int = ROWS) -> None:
        self.connection = connection
        self.place = place
        self._rows_at_a_time = min(rows, ROWS) if capabilities.has_stream_chunked() else 1

    def statements(self, sql: str, parameters: Mapping[str, Any]) -> list[Statement]:
        """Return the statements of a text with their parameters placed."""
        found = []
        for text in split(sql, POSTGRESQL):
            placed, values = place(text, parameters, POSTGRESQL, lambda number: f"${number}")
            found.append(Statement(placed, [types.parameter(value) for value in values]))
        return found

    def execute(self, statement: Statement) -> Result:
        """Run a statement; rows of queries are streamed, whatever their number."""
        cursor = psycopg.RawCursor(self.connection)
        if not _may_have_many_rows(statement.text):
            return self._at_once(cursor, statement)
        with self.errors(statement.text):
            alone = self.connection.autocommit and self._is_idle()
            if self._is_idle():
                # also where a pooler stands between: describing and running must meet the same server process
                self.connection.execute("BEGIN")
            columns, oids = self._describe(statement.text, statement.values or None)
            converters = types.converters(self.connection, oids)
        if not columns:  # SELECT INTO, WITH ... INSERT
            result = self._at_once(cursor, statement)
            with self.errors(statement.text):
                if alone:
                    self.connection.commit()
            return result
        return Result(columns, converted(self._stream(cursor, statement, alone), converters))

    def _at_once(self, cursor: psycopg.RawCursor[Any], statement: Statement) -> Result:
        """Run a statement that has no rows, or few."""
        with self.errors(statement.text):
            cursor.execute(_query(statement.text), statement.values or None)
            if cursor.description is None:
                return Result(update_count=cursor.rowcount if cursor.rowcount >= 0 else None)
            columns = [column.name for column in cursor.description]
            return Result(columns, converted(iter(cursor), types.converters(self.connection, _oids(cursor))))

    def _is_idle(self) -> bool:
        return self.connection.info.transaction_status == pq.TransactionStatus.IDLE

    def _describe(self, statement: str, values: Sequence[Any] | None) -> tuple[list[str], list[int]]:
        """Return the names and types of a query's columns before it runs."""
        kinds: Sequence[int] | None = None
        if values:
            transformer = Transformer.from_context(self.connection)
            transformer.dump_sequence(values, [PyFormat.AUTO] * len(values))
            kinds = transformer.types
        driver = self.connection.pgconn
        for result in (driver.prepare(b"", statement.encode(), kinds), driver.describe_prepared(b"")):
            if result.status != pq.ExecStatus.COMMAND_OK:
                raise psycopg.errors.error_from_result(result, "utf-8")
        columns = range(result.nfields)
        return [(result.fname(index) or b"").decode() for index in columns], [result.ftype(index) for index in columns]

    def _stream(self, cursor: psycopg.RawCursor[Any], statement: Statement, alone: bool) -> Iterator[Sequence[object]]:
        with self.errors(statement.text):
            size = self._rows_at_a_time
            yield from cursor.stream(_query(statement.text), statement.values or None, size=size)
            if alone:
                self.connection.commit()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what the block did, or nothing of it; what it commits itself stays."""
        self.connection.autocommit = False
        try:
            yield
            with self.errors("COMMIT"):
                self.connection.commit()
        except BaseException:
            with suppress(psycopg.Error):  # the connection is lost: then the server rolls back by itself
                self.connection.rollback()
            raise

    @contextmanager
    def errors(self, statement: str) -> Iterator[None]:
        """Turn the driver's errors into TaskError, with all that the server says about them."""
        try:
            yield
        except psycopg.Error as error:
            detail = error.diag
            said = [detail.message_primary or str(error), detail.message_detail, detail.context]
            if detail.message_hint:
                said.append(f"hint: {detail.message_hint}")
            message = "; ".join(part.strip() for part in said if part)
            code = f" [{error.sqlstate}]" if error.sqlstate else ""
            position = int(detail.statement_position or 0)
            raise failure(self.place, statement, message + code, position) from error


def _query(text: str) -> Any:
    """Return SQL as the driver takes it: its own type asks for literals, which a flow's SQL never is."""
    return text.encode("utf-8")


def _oids(cursor: psycopg.RawCursor[Any]) -> list[int]:
    return [column.type_code for column in cursor.description or ()]


def _may_have_many_rows(statement: str) -> bool:
    found = words(statement, POSTGRESQL)
    first = next(found, "")
    return first in _READS or (first in _WRITES and "returning" in found)


@contextmanager
def connect(
    ctx: RunContext, arguments: Mapping[str, Any], place: str, zone: ZoneInfo, rows: int = ROWS
) -> Iterator[PostgresSession]:
    """Connect, cancelling statements when the attempt is cancelled.

    Args:
        ctx: The attempt.
        arguments: What libpq takes: host, port, dbname, user, password, sslmode...
        place: The database as errors name it.
        zone: The session's zone.
        rows: How many rows travel at a time, at most.

    Raises:
        TaskError: The server does not answer or refuses the login.
    """
    connection = _open(arguments, place)
    try:
        connection.add_notice_handler(lambda notice: ctx.log(notice.message_primary or "", Level.DEBUG))
        session = PostgresSession(connection, place, rows)
        with stoppable(ctx, lambda: _cancel(connection)):
            with session.errors("SET"):
                _prepare(connection, zone)
            yield session
    finally:
        connection.close()


def _open(arguments: Mapping[str, Any], place: str) -> Connection:
    user = arguments.get("user") or "the default user"
    try:
        return psycopg.connect(**arguments, autocommit=True, prepare_threshold=None, client_encoding="utf8")
    except (psycopg.Error, UnicodeError) as error:
        reason = " ".join(str(error).split())
        raise TaskError(f"cannot connect to {place} as {user}: {reason}") from error


def _prepare(connection: Connection, zone: ZoneInfo) -> None:
    """Make the server write values as they are read here."""
    types.register(connection, zone)
    wanted = {"TimeZone": zone.key, "DateStyle": "ISO, MDY", "IntervalStyle": "postgres"}
    for name, value in wanted.items():
        if connection.info.parameter_status(name) != value:
            connection.execute("SELECT pg_catalog.set_config(%s, %s, false)", [name, value])


def _cancel(connection: Connection) -> None:
    with suppress(psycopg.Error):  # the statement has ended, or the connection
        connection.cancel_safe(timeout=5)
