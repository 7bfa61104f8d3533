"""Many rows into SQLite."""

from __future__ import annotations

from typing import Any

from tiercel.errors import TaskError
from tiercel.tasks.jdbc.sqlite_session import SqliteSession, bindable
from tiercel.tasks.jdbc.statements import SQLITE, Kind, pieces


class SqliteWriter:
    """Writes chunks, each a transaction."""

    def __init__(self, session: SqliteSession) -> None:
        self._session = session
        self._statement = ""

    def columns_of(self, table: str) -> list[str]:
        """Return the columns of a table in their order."""
        schema, _, name = table.rpartition(".")
        names = [part.strip('"`[]') for part in (schema or "main", name)]
        query = "SELECT name FROM pragma_table_info(?, ?)"
        with self._session.errors(query):
            found = self._session.connection.execute(query, (names[1], names[0])).fetchall()
        if not found:
            raise TaskError(f"{self._session.place} has no table '{table}'; wanted the name of an existing one")
        return [name for (name,) in found]

    def prepare(self, statement: str) -> int:
        """Keep the statement; return how many `?` it has."""
        self._statement = statement
        codes = (statement[piece.start : piece.end] for piece in pieces(statement, SQLITE) if piece.kind is Kind.CODE)
        return sum(code.count("?") for code in codes)

    def write(self, rows: list[list[Any]]) -> int:
        """Run the statement for each row and commit."""
        values = [[bindable(value) for value in row] for row in rows]
        with self._session.errors(self._statement), self._session.transaction():
            self._session.connection.execute("BEGIN")
            return self._session.connection.executemany(self._statement, values).rowcount
