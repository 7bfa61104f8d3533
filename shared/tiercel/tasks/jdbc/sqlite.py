"""SQLite: `Query`, `Queries` and `Batch`. The database is a file, by default one that lives as long as the attempt."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import parse_qsl

from pydantic import Field

from tiercel.model.plugin import Rendered
from tiercel.ports import RunContext
from tiercel.tasks.base import RunnableTask
from tiercel.tasks.jdbc.base import FetchingTask, JdbcTask, run_queries, run_query
from tiercel.tasks.jdbc.batch import BatchTask, Changed, run_batch
from tiercel.tasks.jdbc.desk import Desk, Kept, RowListsAndFiles, RowsAndFiles, own_database
from tiercel.tasks.jdbc.fetch import FetchType
from tiercel.tasks.jdbc.polling import RowsTrigger
from tiercel.tasks.jdbc.rows import zone_of
from tiercel.tasks.jdbc.url import rest_of

if TYPE_CHECKING:
    from tiercel.tasks.jdbc.sqlite_session import SqliteSession


class SqliteTask(JdbcTask):
    """Which SQLite file to open, and what to keep of it."""

    url: Rendered[str] = "jdbc:sqlite:"
    """`jdbc:sqlite:<path>`; without a path a temporary file, a relative path starts in the working directory."""
    sqlite_file: Rendered[str | None] = None
    """The address of a stored database to start from; the stored file itself stays as it is."""
    output_db_file: Rendered[bool] = False
    """Whether the database is kept afterwards, as output databaseUri."""
    output_files: Rendered[list[str] | None] = None
    """Names of files to keep; the SQL knows each path as `outputFiles.<name>`."""

    def desk(self, ctx: RunContext) -> tuple[Desk, dict[str, str]]:
        """Return the attempt's folder with what was there before, and the options of the URL."""
        path, _, query = rest_of(self.url, "sqlite", "jdbc:sqlite:/folder/name.db").partition("?")
        if not path:
            desk = own_database(ctx, "database.db")
        elif path.startswith("file:"):
            desk, query = Desk(ctx, f"{path}?{query}" if query else path), ""
        elif path == ":memory:":
            desk = Desk(ctx, path)
        else:
            desk = Desk(ctx, str(ctx.working_dir / path))
            Path(desk.database).parent.mkdir(parents=True, exist_ok=True)
        if self.sqlite_file:
            desk.start_from(self.sqlite_file, "sqliteFile")
        desk.expect(self.output_files)
        return desk, dict(parse_qsl(query))

    @contextmanager
    def session(self, ctx: RunContext, outputs: dict[str, object]) -> Iterator[tuple[Desk, SqliteSession]]:
        """Open the database; afterwards add what is kept of it to the outputs."""
        from tiercel.tasks.jdbc.sqlite_session import connect

        desk, options = self.desk(ctx)
        try:
            with connect(ctx, desk.database, options, zone_of(self.time_zone_id)) as session:
                yield desk, session
            outputs.update(desk.collect(self.output_db_file))
        finally:
            desk.clear()


class OneStatement(SqliteTask, FetchingTask):
    """One statement on a SQLite database."""

    gives = RowsAndFiles

    sql: str
    """The SQL, or the address of a file that holds it; it also knows workingDir, dbFilePath and outputFiles."""
    after_sql: str | None = Field(None, alias="afterSQL")
    """Statements to run behind it in the same transaction."""

    def query(self, ctx: RunContext) -> dict[str, object]:
        """Run the statement and return what fetchType asks for."""
        outputs: dict[str, object] = {}
        with self.session(ctx, outputs) as (desk, session):
            after = desk.sql(self.after_sql) if self.after_sql else None
            outputs.update(run_query(ctx, session, self, desk.sql(self.sql), after))
        return outputs


class Query(OneStatement, RunnableTask):
    """Run one statement on a SQLite database."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Run the statement and return what fetchType asks for."""
        return self.query(ctx)


class Trigger(OneStatement, RowsTrigger):
    """Start an execution when a statement on a SQLite database gives rows."""

    after_needs_rows: ClassVar[bool] = True
    fetch_type: Rendered[FetchType] = FetchType.FETCH
    """What becomes of the rows: FETCH (rows), FETCH_ONE (row) or STORE (a file, uri)."""


class Queries(SqliteTask, FetchingTask, RunnableTask):
    """Run several statements on a SQLite database."""

    gives = RowListsAndFiles

    sql: str
    """The SQL, or the address of a file that holds it; it also knows workingDir, dbFilePath and outputFiles."""
    transaction: Rendered[bool] = True
    """Whether all statements are one transaction; else each stays once it succeeded."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Run the statements; `outputs` has an element for each that returns rows."""
        outputs: dict[str, object] = {}
        with self.session(ctx, outputs) as (desk, session):
            outputs.update(run_queries(ctx, session, self, desk.sql(self.sql), self.transaction))
        return outputs


class ChangedAndFiles(Kept, Changed):
    """What Batch gives."""


class Batch(SqliteTask, BatchTask, RunnableTask):
    """Write the rows of a record file into a SQLite database."""

    gives = ChangedAndFiles

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Write the rows in chunks and return how many there were."""
        from tiercel.tasks.jdbc.sqlite_batch import SqliteWriter

        outputs: dict[str, object] = {}
        with self.session(ctx, outputs) as (_, session):
            outputs.update(run_batch(ctx, self, SqliteWriter(session)))
        return outputs
