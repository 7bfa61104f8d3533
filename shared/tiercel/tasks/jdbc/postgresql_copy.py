"""PostgreSQL's COPY: files of the storage into tables, and out of them, as streams."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from pydantic import Field

from tiercel.errors import TaskError
from tiercel.model.plugin import Outputs, Rendered
from tiercel.ports import Metric, RunContext
from tiercel.tasks import records
from tiercel.tasks.base import RunnableTask, StoredFile
from tiercel.tasks.jdbc.base import read_sql
from tiercel.tasks.jdbc.postgresql import PostgresTask


class Format(StrEnum):
    """How COPY writes rows."""

    TEXT = "TEXT"
    CSV = "CSV"
    BINARY = "BINARY"


class CopyTask(PostgresTask):
    """The options that COPY has in both directions."""

    format: Rendered[Format] = Format.TEXT
    """How the file holds the rows: TEXT (tabs), CSV or BINARY."""
    header: Rendered[bool | None] = None
    """Whether the first line names the columns."""
    delimiter: Rendered[str | None] = None
    """What stands between values; one character."""
    null_string: Rendered[str | None] = None
    """What stands for NULL."""
    quote: Rendered[str | None] = None
    """What quotes values in CSV; one character."""
    escape: Rendered[str | None] = None
    """What stands before a quote inside a value in CSV; one character."""
    force_quote: Rendered[list[str] | None] = None
    """Columns that are always quoted on the way out; `*` for all."""
    force_not_null: Rendered[list[str] | None] = None
    """Columns in which the null string is taken as a text on the way in."""
    force_null: Rendered[list[str] | None] = None
    """Columns in which also a quoted null string is NULL on the way in."""
    encoding: Rendered[str | None] = None
    """The file's encoding, by PostgreSQL's name."""
    oids: Rendered[bool | None] = None
    """Accepted for flows that have it; servers have none any more."""
    freeze: Rendered[bool | None] = None
    """Whether rows are written frozen, into a table made in the same transaction."""
    socket_timeout: Rendered[int | None] = None
    """Seconds after which a server that does not answer is given up."""

    def options(self) -> str:
        """Return the options as SQL, empty when there are none."""
        found = [] if self.format is Format.TEXT else [f"FORMAT {self.format.value}"]
        for word, switch in (("FREEZE", self.freeze), ("HEADER", self.header)):
            if switch is not None:
                found.append(f"{word} {str(switch).upper()}")
        texts = {"DELIMITER": self.delimiter, "NULL": self.null_string, "QUOTE": self.quote, "ESCAPE": self.escape}
        for word, text in {**texts, "ENCODING": self.encoding}.items():
            if text is not None:
                found.append(f"{word} {_literal(text)}")
        lists = {"FORCE_QUOTE": self.force_quote, "FORCE_NOT_NULL": self.force_not_null, "FORCE_NULL": self.force_null}
        for word, names in lists.items():
            if names:
                found.append(f"{word} *" if names == ["*"] else f"{word} ({', '.join(names)})")
        return f" WITH ({', '.join(found)})" if found else ""


class CopiedIn(Outputs):
    """What CopyIn gives."""

    row_count: int
    """How many rows the file had."""


class CopyIn(CopyTask, RunnableTask):
    """Copy a file of the storage into a table; either all its rows arrive or none."""

    gives = CopiedIn

    source: Rendered[str] = Field(alias="from")
    """The address of the file, as it is: a CSV file, not a record file."""
    table: Rendered[str]
    """The table, perhaps with its schema; written into the statement as it stands."""
    columns: Rendered[list[str] | None] = None
    """The columns that the file holds, in its order; written into the statement as they stand."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Copy the file and return how many rows it had."""
        statement = f"COPY {self.table}{_columns(self.columns)} FROM STDIN{self.options()}"
        with (
            ctx.open(self.source) as file,
            self.session(ctx, read_timeout=self.socket_timeout) as session,
            session.errors(statement),
            session.connection.cursor() as cursor,
        ):
            with cursor.copy(_bytes(statement)) as copy:
                while block := file.read(records.BLOCK):
                    if ctx.cancelled:
                        raise TaskError("the attempt was cancelled; nothing of the file was kept", retryable=False)
                    copy.write(block)
            return _done(ctx, cursor.rowcount)


class CopiedOut(StoredFile):
    """What CopyOut gives."""

    row_count: int
    """How many rows it has."""


class CopyOut(CopyTask, RunnableTask):
    """Copy a table or the rows of a query into a file of the storage."""

    gives = CopiedOut

    sql: Rendered[str | None] = None
    """The query, or the address of a file that holds it."""
    table: Rendered[str | None] = None
    """The table, when sql is not given."""
    columns: Rendered[list[str] | None] = None
    """The columns of the table; all by default."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Copy the rows and return the file's address and how many there were."""
        statement = f"COPY {self._what(ctx)} TO STDOUT{self.options()}"
        suffix = "." + {Format.TEXT: "txt", Format.CSV: "csv", Format.BINARY: "bin"}[self.format]
        with records.scratch(ctx, suffix) as path:
            with (
                self.session(ctx, read_timeout=self.socket_timeout) as session,
                session.errors(statement),
                session.connection.cursor() as cursor,
            ):
                with cursor.copy(_bytes(statement)) as copy, path.open("wb", buffering=records.BLOCK) as file:
                    file.writelines(copy)
                outputs = _done(ctx, cursor.rowcount)
            return {"uri": ctx.store(path, f"copy{suffix}"), **outputs}

    def _what(self, ctx: RunContext) -> str:
        if self.sql:
            return f"({read_sql(ctx, self.sql).strip().removesuffix(';')})"
        if self.table:
            return f"{self.table}{_columns(self.columns)}"
        raise TaskError("sql and table are both missing; wanted one of them", retryable=False)


def _columns(names: Iterable[str] | None) -> str:
    return f" ({', '.join(names)})" if names else ""


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _bytes(statement: str) -> Any:
    return statement.encode("utf-8")


def _done(ctx: RunContext, rows: int) -> dict[str, object]:
    ctx.metric(Metric("rows", rows))
    return {"rowCount": rows}
