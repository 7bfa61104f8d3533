"""What the tasks that write typed files share: the schema, given or found out, and records that fit it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from pydantic import Field

from tiercel.errors import TaskError
from tiercel.model.plugin import Rendered
from tiercel.model.states import Level
from tiercel.ports import RunContext
from tiercel.tasks.serdes.base import Conversion
from tiercel.tasks.serdes.schemas import Schema, given, inferred
from tiercel.tasks.serdes.typed import Conversions, OnBadLines, UnfitError


class TypedWriter(Conversion, Conversions):
    """How records become typed."""

    schema_: Rendered[str | None] = Field(None, alias="schema")
    """The schema of a record, as Avro writes it in JSON; without one it is found out."""
    number_of_rows_to_scan: Rendered[int] = Field(100, ge=1)
    """How many records are looked at to find the schema out."""

    def typed(self, ctx: RunContext) -> tuple[Schema, Iterator[dict[str, object]]]:
        """Return the schema and the records that fit it.

        Raises:
            TaskError: The schema is none; or, while reading, a record does not fit it.
        """
        rows = self.rows(ctx)
        if self.schema_ is not None:
            return (schema := given(self.schema_)), self._fitting(ctx, rows, schema)
        scanned = list(itertools.islice(rows, self.number_of_rows_to_scan))
        schema = inferred(self.guessed(row) for row in scanned)
        return schema, self._fitting(ctx, itertools.chain(scanned, rows), schema)

    def _fitting(self, ctx: RunContext, rows: Iterator[object], schema: Schema) -> Iterator[dict[str, object]]:
        for number, row in enumerate(rows, 1):
            try:
                yield self.fit(row, schema)
            except UnfitError as error:
                text = f"record {number} of '{self.from_}' does not fit the schema: {error}"
                if self.on_bad_lines is OnBadLines.ERROR:
                    raise TaskError(f"{text}; set onBadLines: WARN or SKIP to leave it out", retryable=False) from None
                if self.on_bad_lines is OnBadLines.WARN:
                    ctx.log(f"{text}; it is left out", Level.WARN)
