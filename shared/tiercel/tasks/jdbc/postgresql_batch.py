"""Many rows into PostgreSQL."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import pq

from tiercel.errors import TaskError
from tiercel.tasks.jdbc.parameters import place_questions
from tiercel.tasks.jdbc.postgresql_session import PostgresSession
from tiercel.tasks.jdbc.postgresql_types import as_text
from tiercel.tasks.jdbc.statements import POSTGRESQL

_COLUMNS = """
    SELECT attname FROM pg_catalog.pg_attribute
    WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum
"""


class PostgresWriter:
    """Writes chunks, each a transaction; values go as text, which the server reads for the parameter's type."""

    def __init__(self, session: PostgresSession) -> None:
        self._session = session
        self._statement = ""
        self._kinds: list[int] = []

    def columns_of(self, table: str) -> list[str]:
        """Return the columns of a table that can be written, in their order."""
        with self._session.errors(f"SELECT FROM {table}"):
            found = self._session.connection.execute(_COLUMNS, [table]).fetchall()
        if not found:
            raise TaskError(f"{self._session.place}: the table '{table}' has no columns that can be written")
        return [name for (name,) in found]

    def prepare(self, statement: str) -> int:
        """Make the statement ready and learn its parameters' types from the server."""
        self._statement = place_questions(statement, POSTGRESQL)
        driver = self._session.connection.pgconn
        with self._session.errors(self._statement):
            self._session.connection.execute("BEGIN")
            for result in (driver.prepare(b"", self._statement.encode(), None), driver.describe_prepared(b"")):
                if result.status != pq.ExecStatus.COMMAND_OK:
                    raise psycopg.errors.error_from_result(result, "utf-8")
            self._kinds = [result.param_type(index) for index in range(result.nparams)]
            self._session.connection.rollback()
        return len(self._kinds)

    def write(self, rows: list[list[Any]]) -> int:
        """Run the statement for each row and commit."""
        values = [[as_text(value, kind) for value, kind in zip(row, self._kinds, strict=True)] for row in rows]
        with self._session.transaction(), self._session.errors(self._statement):
            cursor = psycopg.RawCursor(self._session.connection)
            cursor.executemany(self._statement.encode(), values)
            return max(0, cursor.rowcount)
