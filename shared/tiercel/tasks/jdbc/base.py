"""The tasks that every database has: `Query` runs one statement, `Queries` several."""

from __future__ import annotations

from collections import deque
from contextlib import nullcontext
from typing import Any, ClassVar

from pydantic import Field

from tiercel.errors import TaskError
from tiercel.model.plugin import Plugin, Rendered
from tiercel.ports import RunContext
from tiercel.tasks.jdbc.fetch import FetchType, take
from tiercel.tasks.jdbc.session import Result, Session, Statement, cut


class JdbcTask(Plugin):
    """How to reach a database: what tasks and triggers have in common."""

    url: Rendered[str]
    """The JDBC URL."""
    username: Rendered[str | None] = None
    """The user, instead of the URL's."""
    password: Rendered[str | None] = Field(None, repr=False)
    """The password, instead of the URL's."""
    time_zone_id: Rendered[str | None] = None
    """The zone that times are shown in, and that times without one are taken to be in; by default this machine's."""
    connection_pooling: Rendered[bool] = True
    """Accepted for flows that have it; every attempt opens one connection of its own."""
    connection_pool_size: Rendered[int] = 10
    """Accepted for flows that have it."""


class FetchingTask(JdbcTask):
    """What tasks that return rows have in common."""

    after_needs_rows: ClassVar[bool] = False
    """Whether what runs behind a statement runs only where that gave rows."""
    deprecated: ClassVar[dict[str, str]] = {
        "fetch": "write fetchType: FETCH",
        "fetchOne": "write fetchType: FETCH_ONE",
        "store": "write fetchType: STORE",
    }

    sql: Rendered[str]
    """The SQL, or the address of a file that holds it (`nsfile:///query.sql`, `kestra:///...`)."""
    parameters: Rendered[dict[str, Any] | None] = None
    """Values by name; the SQL says `:name` where one goes."""
    fetch_type: Rendered[FetchType] = FetchType.NONE
    """What becomes of the rows: NONE, FETCH_ONE (output row), FETCH (output rows) or STORE (a file, output uri)."""
    fetch_size: Rendered[int] = Field(10000, ge=1)
    """How many rows travel at a time with STORE, at most."""
    fetch: Rendered[bool] = False
    """Old form of fetchType FETCH."""
    fetch_one: Rendered[bool] = False
    """Old form of fetchType FETCH_ONE."""
    store: Rendered[bool] = False
    """Old form of fetchType STORE."""

    @property
    def wanted(self) -> FetchType:
        """What becomes of the rows, the old forms included."""
        if self.fetch:
            return FetchType.FETCH
        if self.fetch_one:
            return FetchType.FETCH_ONE
        return FetchType.STORE if self.store else self.fetch_type


def read_sql(ctx: RunContext, sql: str) -> str:
    """Return the SQL of a text that may be the address of a file.

    The expressions of a namespace's file are rendered, as its author wrote it; those of other files are not, since
    what a task or a user left there must not reach secrets.
    """
    address = sql.strip()
    if not address.startswith(("kestra://", "nsfile://")) or len(address.split()) > 1:
        return sql
    with ctx.open(address) as file:
        text = file.read().decode("utf-8")
    return ctx.render(text) if address.startswith("nsfile://") else text


def run_query(ctx: RunContext, session: Session, task: FetchingTask, sql: str, after: str | None) -> dict[str, object]:
    """Run exactly one statement and return its outputs.

    Args:
        ctx: The attempt.
        session: The open database.
        task: Says what becomes of the rows.
        sql: The rendered SQL.
        after: What to run behind it in the same transaction.

    Raises:
        TaskError: The SQL is not exactly one statement, or the database refused it; then nothing of it stays.
    """
    statements = session.statements(sql, task.parameters or {})
    if len(statements) != 1:
        found = f"sql holds {len(statements)} statements: {cut(sql)}"
        raise TaskError(f"{found}; Query runs exactly one, use the type Queries for several", retryable=False)
    with session.transaction() if after else nullcontext():
        outputs = take(ctx, _execute(ctx, session, statements[0]), task.wanted)
        follows = after and (outputs.get("size") or not task.after_needs_rows)
        for statement in session.statements(after, task.parameters or {}) if after and follows else ():
            deque(_execute(ctx, session, statement).rows or (), maxlen=0)
    return outputs


def run_queries(ctx: RunContext, session: Session, task: FetchingTask, sql: str, together: bool) -> dict[str, object]:
    """Run the statements and return an output for each that has rows.

    Args:
        ctx: The attempt.
        session: The open database.
        task: Says what becomes of the rows.
        sql: The rendered SQL.
        together: Whether all is one transaction; else each statement stays once it succeeded.

    Raises:
        TaskError: There is no statement, or the database refused one.
    """
    statements = session.statements(sql, task.parameters or {})
    if not statements:
        raise TaskError("sql holds no statement; wanted at least one", retryable=False)
    outputs: list[dict[str, object]] = []
    with session.transaction() if together else nullcontext():
        for statement in statements:
            result = _execute(ctx, session, statement)
            found = take(ctx, result, task.wanted)
            if result.rows is not None:
                outputs.append({**found, "size": 1} if "row" in found else found)
    return {"outputs": outputs}


def _execute(ctx: RunContext, session: Session, statement: Statement) -> Result:
    if ctx.cancelled:
        raise TaskError("the attempt was cancelled before its next statement", retryable=False)
    return session.execute(statement)
