"""DuckDB: `Query` and `Queries`. Files of the working directory are read and written by their names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from tiercel.errors import TaskError
from tiercel.model.plugin import Rendered, TemplateMap
from tiercel.ports import RunContext
from tiercel.tasks.base import RunnableTask
from tiercel.tasks.files import NamespaceFiles, reason
from tiercel.tasks.jdbc.base import FetchingTask, run_queries, run_query
from tiercel.tasks.jdbc.desk import Desk, RowListsAndFiles, RowsAndFiles, own_database
from tiercel.tasks.jdbc.fetch import FetchType
from tiercel.tasks.jdbc.polling import RowsTrigger
from tiercel.tasks.jdbc.rows import zone_of
from tiercel.tasks.jdbc.url import rest_of, without_secrets

if TYPE_CHECKING:
    from tiercel.tasks.jdbc.duckdb_session import DuckdbSession


class DuckdbTask(FetchingTask):
    """Which DuckDB database to open, with which files, and what to keep of it."""

    url: Rendered[str] = "jdbc:duckdb:"
    """`jdbc:duckdb:/absolute/path.db`, `jdbc:duckdb::memory:` or `jdbc:duckdb:md:...`; by default a temporary file."""
    sql: str
    """The SQL, or the address of a file that holds it; it also knows workingDir, dbFilePath and outputFiles."""
    input_files: Rendered[TemplateMap | None] = None
    """Files to write into the working directory first: path to text or to the address of a stored file."""
    namespace_files: Rendered[NamespaceFiles | None] = None
    """Files of the namespace to copy into the working directory first."""
    database_uri: Rendered[str | None] = None
    """The address of a stored database to start from; the stored file itself stays as it is."""
    output_db_file: Rendered[bool] = False
    """Whether the database is kept afterwards, as output databaseUri."""
    output_files: Rendered[list[str] | None] = None
    """Names of files to keep; the SQL knows each path as `outputFiles.<name>`."""
    community_extensions: Rendered[list[str]] = Field(default_factory=lambda: ["ion"])
    """Community extensions to install and load, as far as the network allows; `ion` only where the SQL names it."""

    def desk(self, ctx: RunContext) -> Desk:
        """Return the attempt's folder with what was there before.

        Raises:
            TaskError: The URL's path is relative or a folder, or a file cannot be placed.
        """
        path = rest_of(self.url, "duckdb", "jdbc:duckdb:/folder/name.db")
        desk = Desk(ctx, path) if path else own_database(ctx, "database.duckdb")
        if path and path != ":memory:" and not path.startswith(("md:", "motherduck:")):
            _check(path)
        if self.database_uri:
            desk.start_from(self.database_uri, "databaseUri")
        desk.place(self.input_files, self.namespace_files)
        desk.expect(self.output_files)
        return desk

    @contextmanager
    def session(self, ctx: RunContext, outputs: dict[str, object]) -> Iterator[tuple[Desk, DuckdbSession]]:
        """Open the database; afterwards add what is kept of it to the outputs."""
        from tiercel.tasks.jdbc.duckdb_session import connect

        zone = zone_of(self.time_zone_id)
        desk = self.desk(ctx)
        try:
            with connect(ctx, desk, zone) as session:
                session.community(self.community_extensions, self.sql)
                yield desk, session
            outputs.update(desk.collect(self.output_db_file))
        finally:
            desk.clear()


def _check(path: str) -> None:
    if not Path(path).is_absolute():
        shown = without_secrets(path)
        raise TaskError(
            f"the path '{shown}' in url is relative; wanted an absolute one, such as 'jdbc:duckdb:/folder/name.db'",
            retryable=False,
        )
    if Path(path).is_dir():
        raise TaskError(f"the path '{path}' in url is a folder; wanted the path of a database file", retryable=False)
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TaskError(f"the folder of '{path}' in url cannot be made: {reason(error)}") from error


class OneStatement(DuckdbTask):
    """One statement on a DuckDB database."""

    gives = RowsAndFiles

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
    """Run one statement on a DuckDB database."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Run the statement and return what fetchType asks for."""
        return self.query(ctx)


class Trigger(OneStatement, RowsTrigger):
    """Start an execution when a statement on a DuckDB database gives rows."""

    after_needs_rows: ClassVar[bool] = True
    fetch_type: Rendered[FetchType] = FetchType.FETCH
    """What becomes of the rows: FETCH (rows), FETCH_ONE (row) or STORE (a file, uri)."""


class Queries(DuckdbTask, RunnableTask):
    """Run several statements on a DuckDB database."""

    gives = RowListsAndFiles

    transaction: Rendered[bool] = True
    """Whether all statements are one transaction; else each stays once it succeeded."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Run the statements; `outputs` has an element for each that returns rows."""
        outputs: dict[str, object] = {}
        with self.session(ctx, outputs) as (desk, session):
            outputs.update(run_queries(ctx, session, self, desk.sql(self.sql), self.transaction))
        return outputs
