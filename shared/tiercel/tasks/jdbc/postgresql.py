"""PostgreSQL: `Query`, `Queries` and `Batch`, and the connection that `CopyIn` and `CopyOut` share."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from tiercel.errors import TaskError
from tiercel.model.plugin import Rendered
from tiercel.model.states import Level
from tiercel.ports import RunContext
from tiercel.tasks.base import RunnableTask
from tiercel.tasks.jdbc.base import FetchingTask, JdbcTask, read_sql, run_queries, run_query
from tiercel.tasks.jdbc.batch import BatchTask, run_batch
from tiercel.tasks.jdbc.fetch import FetchType, RowLists, Rows
from tiercel.tasks.jdbc.polling import RowsTrigger
from tiercel.tasks.jdbc.rows import zone_of
from tiercel.tasks.jdbc.session import missing_driver
from tiercel.tasks.jdbc.url import ServerUrl, parse_server

if TYPE_CHECKING:
    from tiercel.tasks.jdbc.postgresql_session import PostgresSession

CONNECT_SECONDS = 10
"""How long to wait for the server, as the JDBC driver does."""
_KEYS = {
    "sslmode": "sslmode",
    "sslrootcert": "sslrootcert",
    "sslcert": "sslcert",
    "sslkey": "sslkey",
    "sslpassword": "sslpassword",
    "ApplicationName": "application_name",
    "connectTimeout": "connect_timeout",
    "loginTimeout": "connect_timeout",
    "options": "options",
}
"""The keys of a JDBC URL and what libpq calls them."""


class SslMode(StrEnum):
    """How much of the server's certificate is checked."""

    DISABLE = "DISABLE"
    ALLOW = "ALLOW"
    PREFER = "PREFER"
    REQUIRE = "REQUIRE"
    VERIFY_CA = "VERIFY_CA"
    VERIFY_FULL = "VERIFY_FULL"


class PostgresTask(JdbcTask):
    """How to reach a PostgreSQL server."""

    url: Rendered[str]
    """`jdbc:postgresql://host:port/database`, with options behind a `?`."""
    ssl: Rendered[bool | None] = None
    """Whether the connection must be encrypted; with no sslMode the server's certificate is checked in full."""
    ssl_mode: Rendered[SslMode | None] = None
    """How much of the server's certificate is checked."""
    ssl_root_cert: Rendered[str | None] = None
    """The certificates to trust, as PEM text."""
    ssl_cert: Rendered[str | None] = None
    """The client's certificate, as PEM text."""
    ssl_key: Rendered[str | None] = Field(None, repr=False)
    """The client's key, as PEM text."""
    ssl_key_password: Rendered[str | None] = Field(None, repr=False)
    """The password of an encrypted key."""

    @contextmanager
    def session(
        self, ctx: RunContext, *, rows: int = 1000, read_timeout: int | None = None
    ) -> Iterator[PostgresSession]:
        """Connect for as long as the block runs."""
        try:
            from tiercel.tasks.jdbc.postgresql_session import connect
        except ImportError:
            raise missing_driver("psycopg", "postgresql") from None
        where = parse_server(self.url, "postgresql", 5432)
        zone = zone_of(self.time_zone_id)
        with tempfile.TemporaryDirectory(prefix="tiercel-tls-") as folder:
            arguments = _arguments(ctx, where, read_timeout) | self._login(where) | self._tls(Path(folder))
            if arguments.get("sslmode") == "verify-full" and "sslrootcert" not in arguments:
                arguments["sslrootcert"] = "system"
            with connect(ctx, arguments, f"PostgreSQL at {where}", zone, rows) as session:
                yield session

    def _login(self, where: ServerUrl) -> dict[str, Any]:
        login = {"user": self.username or where.user, "password": self.password or where.password}
        return {name: value for name, value in login.items() if value}

    def _tls(self, folder: Path) -> dict[str, Any]:
        """Return the properties about encryption; libpq takes files, so texts are lent to it as such."""
        found: dict[str, Any] = {}
        if self.ssl_mode is not None:
            found["sslmode"] = self.ssl_mode.value.lower().replace("_", "-")
        elif self.ssl is not None:
            found["sslmode"] = "verify-full" if self.ssl else "disable"
        texts = {"sslrootcert": self.ssl_root_cert, "sslcert": self.ssl_cert, "sslkey": self.ssl_key}
        for name, text in texts.items():
            if text:
                path = folder / f"{name}.pem"
                with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
                    file.write(text)
                found[name] = str(path)
        return found | ({"sslpassword": self.ssl_key_password} if self.ssl_key_password else {})


def _arguments(ctx: RunContext, where: ServerUrl, read_timeout: int | None) -> dict[str, Any]:
    """Return what the URL says, in libpq's words."""
    options = dict(where.options)
    found: dict[str, Any] = {
        "host": ",".join(host for host, _ in where.hosts),
        "port": ",".join(str(port) for _, port in where.hosts),
        "connect_timeout": CONNECT_SECONDS,
        "application_name": "tiercel",
    }
    if where.database:
        found["dbname"] = where.database
    if socket := _cloud_sql(options):
        found |= {"host": socket, "port": "5432"}
    unchecked = "NonValidating" in options.pop("sslfactory", "")
    if options.pop("ssl", "").lower() in ("true", "1") and "sslmode" not in options:
        found["sslmode"] = "require" if unchecked else "verify-full"
    written = options.pop("socketTimeout", "")
    if seconds := read_timeout or (int(written) if written.isdigit() else 0):
        found["tcp_user_timeout"] = seconds * 1000
    schema = options.pop("currentSchema", None)
    found |= {_KEYS[name]: options.pop(name) for name in list(options) if name in _KEYS}
    if schema:
        escaped = schema.replace("\\", "\\\\").replace(" ", "\\ ")
        found["options"] = f"{found.get('options', '')} -c search_path={escaped}".strip()
    if options:
        ctx.log(f"the url's options {', '.join(sorted(options))} are unknown and left out", Level.DEBUG)
    return found


def _cloud_sql(options: dict[str, str]) -> str | None:
    """Return the socket's folder of a Cloud SQL instance, where the platform mounted it."""
    options.pop("socketFactory", None)
    instance = options.pop("cloudSqlInstance", None)
    if instance is None:
        return None
    folder = f"/cloudsql/{instance}"
    if not Path(folder).exists():
        found = f"url names the Cloud SQL instance '{instance}', but {folder} is not there"
        raise TaskError(f"{found}; add the instance to the function's connections, or write host and port")
    return folder


class OneStatement(PostgresTask, FetchingTask):
    """One statement on a PostgreSQL database."""

    gives = Rows

    after_sql: Rendered[str | None] = Field(None, alias="afterSQL")
    """Statements to run behind it in the same transaction."""

    def query(self, ctx: RunContext) -> dict[str, object]:
        """Run the statement and return what fetchType asks for."""
        with self.session(ctx, rows=self.fetch_size) as session:
            return run_query(ctx, session, self, read_sql(ctx, self.sql), self.after_sql)


class Query(OneStatement, RunnableTask):
    """Run one statement on a PostgreSQL database."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Run the statement and return what fetchType asks for."""
        return self.query(ctx)


class Trigger(OneStatement, RowsTrigger):
    """Start an execution when a statement on a PostgreSQL database gives rows."""

    after_needs_rows: ClassVar[bool] = True
    fetch_type: Rendered[FetchType] = FetchType.FETCH
    """What becomes of the rows: FETCH (rows), FETCH_ONE (row) or STORE (a file, uri)."""


class Queries(PostgresTask, FetchingTask, RunnableTask):
    """Run several statements on a PostgreSQL database."""

    gives = RowLists

    transaction: Rendered[bool] = True
    """Whether all statements are one transaction; else each stays once it succeeded."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Run the statements; `outputs` has an element for each that returns rows."""
        with self.session(ctx, rows=self.fetch_size) as session:
            return run_queries(ctx, session, self, read_sql(ctx, self.sql), self.transaction)


class Batch(PostgresTask, BatchTask, RunnableTask):
    """Write the rows of a record file into a PostgreSQL database."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Write the rows in chunks and return how many there were."""
        with self.session(ctx) as session:
            from tiercel.tasks.jdbc.postgresql_batch import PostgresWriter

            return run_batch(ctx, self, PostgresWriter(session))
