"""CSV to records: `io.kestra.plugin.serdes.csv.CsvToIon`. Values are always text; nothing is guessed."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import islice
from typing import Any, ClassVar

from pydantic import Field

from tiercel.errors import TaskError
from tiercel.model.plugin import Rendered
from tiercel.model.states import Level
from tiercel.ports import RunContext
from tiercel.tasks.serdes.base import Conversion, store_records, without_bom

NULL = "\\N"
"""The text that stands for null."""
LONGEST_FIELD = 16 << 20
"""How many characters a field may have where `maxFieldSize` says nothing."""


class OnBadLines(StrEnum):
    """What happens with a row that has more or fewer fields than the first."""

    ERROR = "ERROR"
    WARN = "WARN"
    SKIP = "SKIP"


class OnEmptyHeader(StrEnum):
    """What happens with a column whose name is empty."""

    DROP = "DROP"
    RENAME = "RENAME"


class CsvToIon(Conversion):
    """Read a CSV file into records."""

    deprecated: ClassVar[dict[str, str]] = {"errorOnDifferentFieldCount": "write onBadLines"}

    header: Rendered[bool] = True
    """Whether the first row names the columns; otherwise each record is a list."""
    field_separator: Rendered[str] = Field(",", min_length=1)
    """The character between two fields."""
    text_delimiter: Rendered[str] = Field('"', min_length=1)
    """The character around fields that hold a separator or a line end; doubled, it stands for itself."""
    skip_empty_rows: Rendered[bool] = False
    """Whether empty rows are left out; otherwise they are rows of one empty field."""
    skip_rows: Rendered[int] = Field(0, ge=0)
    """How many rows at the start of the file are left out, before the one with the names."""
    on_bad_lines: Rendered[OnBadLines] = OnBadLines.ERROR
    """What happens with a row that has more or fewer fields than the first."""
    error_on_different_field_count: Rendered[bool | None] = None
    """Old form of `onBadLines`: true is ERROR, false keeps the fields that have a name."""
    on_empty_header: Rendered[OnEmptyHeader | None] = None
    """What happens with a column whose name is empty: it is left out, or named `col_` and its number from 1."""
    max_buffer_size: Rendered[int | None] = None
    """Accepted for flows that have it; the file is read as it comes."""
    max_field_size: Rendered[int] = Field(LONGEST_FIELD, ge=1)
    """How many characters a field may have."""
    allow_extra_chars_after_closing_quote: Rendered[bool] = False
    """Whether text between a closing delimiter and the next separator belongs to the field; otherwise it fails."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return the `uri` of the record file and its `size` in rows."""
        with self.opened_text(ctx) as text:
            return store_records(ctx, self._records(ctx, _Rows(self, without_bom(text))))

    def _records(self, ctx: RunContext, rows: _Rows) -> Iterator[object]:
        found = islice(rows, self.skip_rows, None)
        if not self.header:
            yield from ([None if field == NULL else field for field in row] for row in self._even(ctx, rows, found))
            return
        names = next(found, None)
        if names is None:
            return
        wanted = self._columns(ctx, names)
        for row in self._even(ctx, rows, found, len(names)):
            yield {name: None if row[at] == NULL else row[at] for at, name in wanted if at < len(row)}

    def _columns(self, ctx: RunContext, names: Sequence[str]) -> list[tuple[int, str]]:
        """Return the place and the name of each column that is kept."""
        rename, drop = (self.on_empty_header is kind for kind in (OnEmptyHeader.RENAME, OnEmptyHeader.DROP))
        named = [(at, f"col_{at + 1}" if rename and not name else name) for at, name in enumerate(names)]
        kept = [(at, name) for at, name in named if name or not drop]
        twice = [name for name, count in Counter(name for _, name in kept).items() if count > 1]
        if twice:
            ctx.log(f"the header names {twice} more than once; the last column of each is kept", Level.WARN)
        return kept

    def _even(
        self, ctx: RunContext, rows: _Rows, found: Iterator[list[str]], width: int | None = None
    ) -> Iterator[list[str]]:
        """Yield the rows that have as many fields as the first one."""
        for row in found:
            width = len(row) if width is None else width
            if len(row) == width or self.error_on_different_field_count is False:
                yield row
                continue
            text = f"line {rows.line} of '{self.from_}' has {len(row)} fields, expected {width}"
            if self.on_bad_lines is OnBadLines.ERROR or self.error_on_different_field_count:
                hint = "set skipEmptyRows: true" if row == [""] else "set onBadLines: WARN or SKIP to leave it out"
                raise TaskError(f"{text}; {hint}", retryable=False)
            if self.on_bad_lines is OnBadLines.WARN:
                ctx.log(f"{text}; it is left out", Level.WARN)


class _Rows:
    """The rows of a CSV text, each a list of its fields."""

    def __init__(self, task: CsvToIon, lines: Iterator[str]) -> None:
        self._task = task
        for name, text in (("fieldSeparator", task.field_separator), ("textDelimiter", task.text_delimiter)):
            if len(text) != 1:
                raise TaskError(f"{name} is {text!r}; wanted one character", retryable=False)
        if csv.field_size_limit() < task.max_field_size:
            csv.field_size_limit(task.max_field_size)  # the module's, for the whole process: it only ever grows
        self._reader: Any = csv.reader(
            lines,
            delimiter=task.field_separator,
            quotechar=task.text_delimiter,
            strict=not task.allow_extra_chars_after_closing_quote,
        )

    @property
    def line(self) -> int:
        """Return the number of the line that was read last."""
        number: int = self._reader.line_num
        return number

    def __iter__(self) -> Iterator[list[str]]:
        limit = self._task.max_field_size
        try:
            for row in self._reader:
                if not row and self._task.skip_empty_rows:
                    continue
                if any(len(field) > limit for field in row):
                    raise TaskError(self._too_long(), retryable=False)
                yield row or [""]
        except csv.Error as error:
            if "field limit" in str(error):
                raise TaskError(self._too_long(), retryable=False) from None
            raise TaskError(
                f"line {self.line} of '{self._task.from_}' is no CSV ({error}); check textDelimiter, or set "
                "allowExtraCharsAfterClosingQuote: true",
                retryable=False,
            ) from None

    def _too_long(self) -> str:
        limit = self._task.max_field_size
        return (
            f"line {self.line} of '{self._task.from_}' has a field of more than {limit} characters; raise maxFieldSize"
        )
