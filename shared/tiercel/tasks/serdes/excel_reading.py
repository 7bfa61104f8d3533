"""Excel to records: `io.kestra.plugin.serdes.excel.ExcelToIon`. Sheets are read row by row."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import islice
from typing import Any

from pydantic import Field

from tiercel.errors import ExpressionError, TaskError
from tiercel.expressions.decimalformat import format_number
from tiercel.model.plugin import Outputs, Rendered
from tiercel.ports import Metric, RunContext
from tiercel.tasks import records
from tiercel.tasks.base import RunnableTask
from tiercel.tasks.serdes.base import missing


class ValueRender(StrEnum):
    """What of a cell is read."""

    UNFORMATTED_VALUE = "UNFORMATTED_VALUE"
    FORMATTED_VALUE = "FORMATTED_VALUE"
    FORMULA = "FORMULA"


class DateTimeRender(StrEnum):
    """How dates and times are read."""

    UNFORMATTED_VALUE = "UNFORMATTED_VALUE"
    SERIAL_NUMBER = "SERIAL_NUMBER"
    FORMATTED_STRING = "FORMATTED_STRING"


class Sheets(Outputs):
    """What ExcelToIon gives."""

    uris: dict[str, str]
    """The record files: name of the sheet to URI."""
    size: int
    """How many rows they have together."""


class ExcelToIon(RunnableTask):
    """Read the sheets of an Excel file into records, a file for each sheet."""

    gives = Sheets

    from_: Rendered[str] = Field(alias="from")
    """The URI of the Excel file."""
    charset: Rendered[str] = "UTF-8"
    """Accepted for flows that have it; an Excel file says by itself how it is encoded."""
    sheets_title: Rendered[list[str] | None] = None
    """The names of the sheets to read; all by default."""
    value_render: Rendered[ValueRender] = ValueRender.UNFORMATTED_VALUE
    """What is read: values, values as Excel shows them, or formulas."""
    date_time_render: Rendered[DateTimeRender] = DateTimeRender.UNFORMATTED_VALUE
    """How dates and times are read: as such, as Excel's number of days, or as Excel shows them."""
    header: Rendered[bool] = True
    """Whether the first row names the columns; otherwise each record is a list."""
    skip_empty_rows: Rendered[bool] = False
    """Whether rows without any value are left out."""
    skip_rows: Rendered[int] = Field(0, ge=0)
    """How many rows at the start of each sheet are left out, before the one with the names."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return the `uris` of the record files by sheet, and the `size` of all in rows."""
        try:
            from openpyxl import load_workbook
        except ImportError:
            raise missing("openpyxl", "excel") from None
        path = ctx.fetch(self.from_)
        with path.open("rb") as file:
            try:
                book = load_workbook(file, read_only=True, data_only=self.value_render is not ValueRender.FORMULA)
            except Exception as error:  # the library lets out what it meets: KeyError, BadZipFile...
                raise TaskError(
                    f"'{self.from_}' is no Excel file ({error}); wanted the .xlsx form", retryable=False
                ) from error
            uris, size = {}, 0
            for title in self._titles(book.sheetnames):
                uris[title], count = records.store(ctx, self._records(book[title]), f"{title.replace(' ', '_')}.ion")
                size += count
        ctx.metric(Metric("records", float(size)))
        return {"uris": uris, "size": size}

    def _titles(self, there: list[str]) -> list[str]:
        wanted = there if self.sheets_title is None else self.sheets_title
        if absent := [title for title in wanted if title not in there]:
            raise TaskError(f"'{self.from_}' has no sheet {absent}; it has {there}", retryable=False)
        return wanted

    def _records(self, sheet: Any) -> Iterator[object]:
        rows = ([self._value(cell) for cell in row] for row in islice(sheet.iter_rows(), self.skip_rows, None))
        found = (row for row in rows if not self.skip_empty_rows or any(value is not None for value in row))
        if not self.header:
            yield from found
            return
        names = [None if name is None else str(records.plain(name)) for name in next(found, [])]
        for row in found:
            yield {name: value for name, value in zip(names, row + [None] * len(names), strict=False) if name}

    def _value(self, cell: Any) -> object:
        value = cell.value
        if isinstance(value, date | time | timedelta):
            return self._moment(cell, value)
        if self.value_render is ValueRender.FORMATTED_VALUE and value is not None:
            return _shown(value, cell.number_format)
        return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value

    def _moment(self, cell: Any, value: date | time | timedelta) -> object:
        render = self.date_time_render
        if self.value_render is ValueRender.FORMATTED_VALUE:
            render = DateTimeRender.FORMATTED_STRING
        if render is DateTimeRender.SERIAL_NUMBER:
            from openpyxl.utils.datetime import to_excel

            return to_excel(value)
        bare = isinstance(value, datetime) and not any(letter in cell.number_format.lower() for letter in "hs")
        plain = value.date() if isinstance(value, datetime) and bare and value.time() == time() else value
        if render is DateTimeRender.UNFORMATTED_VALUE or isinstance(value, timedelta):
            return plain
        return str(records.plain(plain)).replace("T", " ")


def _shown(value: object, form: str) -> str:
    """Return a value as its cell shows it, as far as the format is one of digits; other formats show it plainly."""
    if isinstance(value, bool):
        return str(value).upper()
    if not isinstance(value, int | float):
        return str(value)
    plain = f"{Decimal(repr(value)):f}".removesuffix(".0")
    if form == "General" or not set(form) <= set("#0,.%"):
        return plain
    try:
        return format_number(Decimal(repr(value)), form)
    except ExpressionError:
        return plain
