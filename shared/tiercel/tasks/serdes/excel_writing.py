"""Records to Excel: `io.kestra.plugin.serdes.excel.IonToExcel`. Rows are written as they come."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from pydantic import Field

from tiercel.errors import TaskError
from tiercel.model.plugin import Rendered, parse_structure
from tiercel.model.states import Level
from tiercel.ports import RunContext
from tiercel.tasks import records
from tiercel.tasks.base import CountedFile, RunnableTask
from tiercel.tasks.serdes.base import missing, told
from tiercel.tasks.serdes.moments import Formats
from tiercel.tasks.serdes.tables import table

LONGEST_CELL = 32_767
"""How many characters a cell may have (Microsoft, Excel specifications and limits)."""
MOST_ROWS = 1_048_576
"""How many rows a sheet may have, from the same place."""
EXACT = 10**15
"""From here on Excel rounds integers, so they are written as text."""
FORMULA = "Formula:"
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


class IonToExcel(RunnableTask, Formats):
    """Write records as an Excel file, a sheet for each record file."""

    gives = CountedFile

    from_: Rendered[str | dict[str, str]] = Field(alias="from")
    """The URI of a record file, or a map of sheet to URI."""
    charset: Rendered[str] = "UTF-8"
    """Accepted for flows that have it; record files are UTF-8, and so is what is inside an Excel file."""
    sheets_title: Rendered[str] = "Sheet"
    """The sheet's name where `from` is one file."""
    header: Rendered[bool] = True
    """Whether the first row names the columns."""
    styles: Rendered[bool] = True
    """Whether dates and times are shown by their formats; otherwise as Excel shows them by itself."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return the `uri` of the Excel file and its `size` in records."""
        try:
            from openpyxl import Workbook
        except ImportError:
            raise missing("openpyxl", "excel") from None
        book, size = Workbook(write_only=True), 0
        for title, uri in self._sheets().items():
            try:
                sheet = book.create_sheet(title)
            except ValueError as error:
                raise TaskError(f"'{title}' is no name of a sheet: {error}", retryable=False) from None
            size += self._fill(ctx, sheet, uri)
        with records.scratch(ctx, ".xlsx") as path:
            book.save(path)
            return told(ctx, ctx.store(path, "records.xlsx"), size)

    def _sheets(self) -> Mapping[str, str]:
        found = parse_structure(self.from_) if isinstance(self.from_, str) else self.from_
        if isinstance(found, Mapping):
            if not found:
                raise TaskError("from holds no sheet; wanted at least one 'name: URI'", retryable=False)
            return {str(title): str(uri) for title, uri in found.items()}
        return {self.sheets_title: str(self.from_).strip()}

    def _fill(self, ctx: RunContext, sheet: Any, uri: str) -> int:
        rows = (row for row in records.read_uri(ctx, uri, exact=True) if row is not None)
        count = 0
        for count, values in enumerate(table(ctx, rows, uri, header=self.header), 1):
            if count > MOST_ROWS:
                raise TaskError(
                    f"'{uri}' has more than {MOST_ROWS} rows, which no sheet takes; split it", retryable=False
                )
            sheet.append([self._cell(ctx, sheet, value) for value in values])
        return max(0, count - self.header)

    def _cell(self, ctx: RunContext, sheet: Any, value: object) -> Any:
        from openpyxl.cell import WriteOnlyCell

        if value is None or isinstance(value, bool | float):
            return value
        if isinstance(value, int | Decimal) and -EXACT < value < EXACT:
            return value
        if isinstance(value, date | time):
            return self._moment(sheet, value)
        text = value if isinstance(value, str) else records.encode(value).decode()
        if text.startswith(FORMULA):
            return WriteOnlyCell(sheet, "=" + text.removeprefix(FORMULA).strip().removeprefix("="))
        text = _UNWRITABLE.sub("", text)
        if len(text) > LONGEST_CELL:
            ctx.log(f"a text of {len(text)} characters is cut to {LONGEST_CELL}, which is all a cell takes", Level.WARN)
            text = text[:LONGEST_CELL]
        cell = WriteOnlyCell(sheet, text)
        cell.data_type = "s"  # a text that begins with '=' is no formula
        return cell

    def _moment(self, sheet: Any, value: date | time) -> Any:
        from openpyxl.cell import WriteOnlyCell

        if isinstance(value, datetime):
            value = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
            form = self.date_time_format
        elif isinstance(value, date):
            form = self.date_format
        else:
            value, form = value.replace(tzinfo=None), self.time_format
        cell = WriteOnlyCell(sheet, value)
        if self.styles:
            cell.number_format = excel_format(form)
        return cell


def excel_format(pattern: str) -> str:
    """Return a pattern of Java as Excel's: fields in lower case, fractions as zeros, texts in double quotes."""
    pattern = re.sub(r"\[[^\]]*\]", "", pattern)
    parts = []
    for found in re.finditer(r"'([^']*)'|S+|[^'S]+", pattern):
        text = found.group()
        if text.startswith("'"):
            parts.append(f'"{found.group(1)}"')
        else:
            parts.append("0" * len(text) if text.startswith("S") else text.lower())
    return "".join(parts)
