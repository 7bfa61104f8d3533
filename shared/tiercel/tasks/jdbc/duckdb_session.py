"""An open DuckDB database."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tiercel.errors import TaskError
from tiercel.model.states import Level
from tiercel.ports import RunContext
from tiercel.tasks.jdbc.desk import Desk
from tiercel.tasks.jdbc.duckdb_types import converter
from tiercel.tasks.jdbc.parameters import place
from tiercel.tasks.jdbc.rows import converted
from tiercel.tasks.jdbc.session import Result, Statement, failure, missing_driver, stoppable
from tiercel.tasks.jdbc.statements import DUCKDB, Kind, pieces

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ROWS = 2048
"""How many rows are taken at a time: the size of the engine's own vectors."""
_EXTENSION = re.compile(r"\s*(?:force\s+)?(install|load)\s+'?([\w.\-/]+)'?", re.IGNORECASE)
_BEGINS = re.compile(r"\s*(?:begin|start)\b", re.IGNORECASE)
_WRITES_TO = re.compile(r"\b(?:to|export\s+database)\s*$", re.IGNORECASE)
_ATTACHES = re.compile(r"^\s*attach(?:\s+or\s+replace)?(?:\s+database)?(?:\s+if\s+not\s+exists)?\s*$", re.IGNORECASE)
_RELATIVE = re.compile(r"'[^'/:=\\][^:=]*'")


class DuckdbSession:
    """One connection; statements outside a transaction are committed one by one."""

    def __init__(self, ctx: RunContext, connection: DuckDBPyConnection, desk: Desk, zone: ZoneInfo) -> None:
        self.connection = connection
        self.place = f"DuckDB at {desk.database.partition('?')[0]}"
        self._ctx = ctx
        self._desk = desk
        self._zone = zone
        self._together = self._begun = False

    def statements(self, sql: str, parameters: Mapping[str, Any]) -> list[Statement]:
        """Return the statements of a text, as the engine itself divides it, with their parameters placed."""
        sql, values = place(sql, parameters, DUCKDB, lambda number: f"$p{number}")
        named = {f"p{number}": value for number, value in enumerate(values, 1)}
        with self.errors(sql):
            found = self.connection.extract_statements(sql)
        statements = []
        for native in found:
            text = native.query.strip().removesuffix(";").rstrip()
            its = {name: named[name] for name in native.named_parameters if name in named}
            rooted = self._rooted(text, native.type.name)
            if rooted != text:
                with self.errors(rooted):
                    native = self.connection.extract_statements(rooted)[0]
            statements.append(Statement(rooted, its, native))
        return statements

    def _rooted(self, text: str, kind: str) -> str:
        """Return a statement that writes relative to the folder: the engine has a search path only for reading."""
        if kind not in ("COPY", "COPY_DATABASE", "EXPORT", "ATTACH", "MULTI"):
            return text
        pattern = _ATTACHES if kind == "ATTACH" else _WRITES_TO
        parts: list[str] = []
        before = position = 0
        for piece in pieces(text, DUCKDB):
            if piece.kind is not Kind.QUOTED:
                continue
            quoted = text[piece.start : piece.end]
            if _RELATIVE.fullmatch(quoted) and pattern.search(text[before : piece.start]):
                folder = str(self._desk.folder).replace("'", "''")
                parts += (text[position : piece.start], f"'{folder}/{quoted[1:]}")
                position = piece.end
            before = piece.end
        return "".join((*parts, text[position:]))

    def execute(self, statement: Statement) -> Result:
        """Run a statement; its rows are read as they are asked for."""
        kind = statement.native.type.name
        if kind == "LOAD" and (extension := _EXTENSION.match(statement.text)):
            self._extend(statement.text, extension.group(2))
            return Result()
        if kind == "TRANSACTION" and _BEGINS.match(statement.text) and self._begun:
            return Result()  # what was begun goes on, as on other databases
        with self.errors(statement.text):
            self._begin_or_end(kind, statement.text)
            self.connection.execute(statement.native, statement.values or None)
            expected = {result.name for result in statement.native.expected_result_type}
            count = self.connection.rowcount
            if "QUERY_RESULT" not in expected or kind == "CREATE" or count >= 0:
                return Result(update_count=count if count >= 0 else None)
            columns = list(self.connection.description or ())
        return Result([column[0] for column in columns], self._rows(statement.text, [column[1] for column in columns]))

    def _begin_or_end(self, kind: str, text: str) -> None:
        if kind == "TRANSACTION":
            self._begun = bool(_BEGINS.match(text))
        elif self._together and not self._begun:
            self.connection.execute("BEGIN")
            self._begun = True

    def _rows(self, statement: str, kinds: Sequence[Any]) -> Iterator[Sequence[object]]:
        yield from converted(self._raw(statement), [converter(kind, self._zone) for kind in kinds])

    def _raw(self, statement: str) -> Iterator[Sequence[object]]:
        with self.errors(statement):
            while rows := self.connection.fetchmany(ROWS):
                yield from rows

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what the block did, or nothing of it."""
        self._together = True
        try:
            yield
            if self._begun:
                with self.errors("COMMIT"):
                    self.connection.execute("COMMIT")
        except BaseException:
            if self._begun:
                self._roll_back()
            raise
        finally:
            self._together = self._begun = False

    def _roll_back(self) -> None:
        from duckdb import Error

        try:
            self.connection.execute("ROLLBACK")
        except Error:  # a failed COMMIT has ended the transaction already
            self._ctx.log("nothing was left to roll back", Level.DEBUG)

    def _extend(self, text: str, name: str) -> None:
        """Run INSTALL or LOAD, unless the extension is there; what needs a missing one says so later."""
        from duckdb import Error

        apart = self.connection.cursor()  # what fails here must not end the transaction
        loaded = apart.execute(
            "SELECT loaded FROM duckdb_extensions() WHERE extension_name = ? OR list_contains(aliases, ?)", [name, name]
        ).fetchone()
        if loaded and loaded[0]:
            return
        try:
            apart.execute(text)
        except Error as error:
            self._ctx.log(f"{self.place}: {cut_line(error)}; going on without '{name}'", Level.WARN)

    def community(self, names: list[str], sql: str) -> None:
        """Install and load community extensions; `ion` only where the SQL names it, for nothing of ours needs it."""
        for name in names:
            if not re.fullmatch(r"\w+", name):
                raise TaskError(f"communityExtensions: '{name}' is no name of an extension", retryable=False)
            if name != "ion" or re.search(r"\bion\b|\bread_ion\b", sql, re.IGNORECASE):
                self._extend(f"INSTALL {name} FROM community; LOAD {name}", name)

    @contextmanager
    def errors(self, statement: str) -> Iterator[None]:
        """Turn the driver's errors into TaskError."""
        from duckdb import Error

        try:
            yield
        except Error as error:
            remedy = ""
            if "pytz" in str(error):
                remedy = "; run: pip install 'tiercel[duckdb]', or cast the column to TIMESTAMP or VARCHAR"
            raise failure(self.place, statement, str(error).strip() + remedy) from error


def cut_line(error: Exception) -> str:
    """Return the first line of what the driver said."""
    return str(error).partition("\n")[0]


@contextmanager
def connect(ctx: RunContext, desk: Desk, zone: ZoneInfo) -> Iterator[DuckdbSession]:
    """Open a database, interrupting it when the attempt is cancelled."""
    try:
        import duckdb
    except ImportError:
        raise missing_driver("duckdb", "duckdb") from None
    shown = desk.database.partition("?")[0]
    try:
        connection = duckdb.connect(desk.database)
    except duckdb.Error as error:
        raise TaskError(f"DuckDB at {shown} cannot be opened: {error}") from error
    try:
        session = DuckdbSession(ctx, connection, desk, zone)
        folder = str(desk.folder).replace("'", "''")
        with session.errors("SET file_search_path"):
            connection.execute(f"SET SESSION file_search_path = '{folder}'")
            connection.execute("SET enable_progress_bar = false")  # it would be printed
        with stoppable(ctx, connection.interrupt):
            yield session
    finally:
        connection.close()
