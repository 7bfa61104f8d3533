"""`Batch`: the rows of a record file into a table, a chunk at a time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, Literal, Protocol

from pydantic import Field

from tiercel.errors import TaskError
from tiercel.model.plugin import Outputs, Rendered
from tiercel.ports import Metric, RunContext
from tiercel.tasks import records
from tiercel.tasks.jdbc.base import JdbcTask


class Changed(Outputs):
    """What Batch gives."""

    row_count: int
    """How many rows were read."""
    updated_count: int
    """How many rows of the table were changed."""


class BatchTask(JdbcTask):
    """What every Batch has."""

    gives = Changed

    source: Rendered[str] = Field(alias="from")
    """The address of a record file; each record is a map or a list."""
    sql: Rendered[str | None] = None
    """`INSERT ... VALUES (?, ?)`, or another statement with a `?` for each value; not needed when table is given."""
    table: Rendered[str | None] = None
    """The table, when sql is not given."""
    columns: Rendered[list[str] | None] = None
    """The keys to take of each map, in the order of the `?`; without it all of the table, or all of the first map."""
    chunk: Rendered[int] = Field(1000, ge=1)
    """How many rows are written and committed at a time."""
    max_retries: Rendered[int] = 3
    """Accepted for flows that have it; use retry."""
    retry_backoff: Rendered[str | None] = None
    """Accepted for flows that have it; use retry."""
    retry_scope: Rendered[Literal["INPUT", "NONE", "ALL"]] = "INPUT"
    """Accepted for flows that have it; use retry."""
    input_handling: Rendered[Literal["AUTO", "STREAM", "LOCAL"]] = "AUTO"
    """Accepted for flows that have it; the file is always streamed."""
    local_buffer_max_bytes: Rendered[int | None] = None
    """Accepted for flows that have it."""
    resume_on_retry: Rendered[bool] = True
    """Accepted for flows that have it."""


class Writer(Protocol):
    """How a database takes many rows."""

    def columns_of(self, table: str) -> list[str]:
        """Return the columns of a table in their order."""

    def prepare(self, statement: str) -> int:
        """Make a statement with `?` ready; return how many values a row of it has."""

    def write(self, rows: list[list[Any]]) -> int:
        """Run the prepared statement for each row and commit; return how many rows it changed."""


def run_batch(ctx: RunContext, task: BatchTask, writer: Writer) -> dict[str, object]:
    """Write all rows, committing each chunk; return `rowCount` and `updatedCount`.

    Raises:
        TaskError: A row does not fit; the text says which chunk. Chunks before it stay.
    """
    statement, columns = _statement(task, writer)
    width = writer.prepare(statement)
    started, read, updated, chunks = time.monotonic(), 0, 0, 0
    for rows in _chunks(records.read_uri(ctx, task.source, exact=True), columns, width, task.chunk):
        if ctx.cancelled:
            raise TaskError(f"the attempt was cancelled; {read} rows were written and stay", retryable=False)
        try:
            updated += writer.write(rows)
        except TaskError as error:
            where = f"rows {read + 1} to {read + len(rows)} of '{task.source}' were not written"
            raise TaskError(f"{error}; {where}, the {read} before them stay") from error
        read += len(rows)
        chunks += 1
    ctx.metric(Metric("records", read))
    ctx.metric(Metric("updated", updated))
    ctx.metric(Metric("query", chunks))
    ctx.log(f"{read} rows read, {updated} changed in {time.monotonic() - started:.1f} s")
    return {"rowCount": read, "updatedCount": updated}


def _statement(task: BatchTask, writer: Writer) -> tuple[str, list[str] | None]:
    """Return the statement to run for each row, and the keys to take of a map, where they are known."""
    if task.sql is not None:
        return task.sql, task.columns
    if not task.table:
        raise TaskError("sql and table are both missing; wanted one of them", retryable=False)
    columns = task.columns or writer.columns_of(task.table)
    names = task.columns or ['"' + name.replace('"', '""') + '"' for name in columns]
    marks = ", ".join("?" for _ in names)
    return f"INSERT INTO {task.table} ({', '.join(names)}) VALUES ({marks})", columns  # noqa: S608 - SQL by promise


def _chunks(
    found: Iterator[object], columns: Sequence[str] | None, width: int, size: int
) -> Iterator[list[list[object]]]:
    first = next(found, None)
    if first is None:
        return
    if columns is None and isinstance(first, Mapping):
        columns = list(first)
    rows = (_values(row, number, columns, width) for number, row in enumerate(chain([first], found), 1))
    while chunk := list(islice(rows, size)):
        yield chunk


def _values(row: object, number: int, columns: Sequence[str] | None, width: int) -> list[object]:
    """Return the values of a row in the order of the statement; what a map lacks is NULL."""
    if isinstance(row, Mapping):
        values = [row.get(column) for column in (columns if columns is not None else list(row))]
    elif isinstance(row, list):
        values = row
    else:
        raise TaskError(f"row {number} is {row!r:.80}; wanted a map or a list", retryable=False)
    if len(values) != width:
        raise TaskError(f"row {number} has {len(values)} values; the statement wants {width}", retryable=False)
    return values
