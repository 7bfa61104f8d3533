"""Records to CSV: `io.kestra.plugin.serdes.csv.IonToCsv`. Values stand below the name that the first record gives."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, time
from decimal import Decimal
from enum import StrEnum

from pydantic import Field

from tiercel.model.plugin import Rendered
from tiercel.ports import RunContext
from tiercel.tasks import records
from tiercel.tasks.serdes.base import Conversion, told
from tiercel.tasks.serdes.moments import Formats
from tiercel.tasks.serdes.tables import table


class QuoteMode(StrEnum):
    """Which fields stand between delimiters."""

    ALWAYS = "ALWAYS"
    REQUIRED = "REQUIRED"
    NON_NUMERIC = "NON_NUMERIC"


class IonToCsv(Conversion, Formats):
    """Write records as a CSV file."""

    header: Rendered[bool] = True
    """Whether the first row names the columns."""
    field_separator: Rendered[str] = Field(",", min_length=1)
    """What stands between two fields."""
    text_delimiter: Rendered[str] = Field('"', min_length=1)
    """What stands around fields that hold a separator or a line end; inside them it is doubled."""
    line_delimiter: Rendered[str] = Field("\n", min_length=1)
    """What ends a row."""
    always_delimit_text: Rendered[bool] = False
    """Old form of `quoteMode: ALWAYS`."""
    quote_mode: Rendered[QuoteMode | None] = None
    """Which fields stand between delimiters: REQUIRED only those that need it, NON_NUMERIC all but numbers."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return the `uri` of the CSV file and its `size` in rows, the header not counted."""
        count, field = 0, self._field()
        with records.scratch(ctx, ".csv") as path:
            with self.new_text(path) as file:
                for values in table(ctx, self.rows(ctx), self.from_, header=self.header):
                    file.write(self.field_separator.join([field(value) for value in values]) + self.line_delimiter)
                    count += 1
            return told(ctx, ctx.store(path, "records.csv"), max(0, count - self.header))

    def _field(self) -> Callable[[object], str]:
        """Return what makes a field of a value."""
        mode = self.quote_mode or (QuoteMode.ALWAYS if self.always_delimit_text else QuoteMode.REQUIRED)
        mark = self.text_delimiter
        needing = (self.field_separator, mark, self.line_delimiter, "\n", "\r")
        needs = re.compile("|".join(map(re.escape, needing))).search

        def field(value: object) -> str:
            if value is None:
                return mark * 2 if mode is QuoteMode.ALWAYS else ""
            text = value if isinstance(value, str) else self._text(value)
            number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
            if mode is QuoteMode.ALWAYS or (mode is QuoteMode.NON_NUMERIC and not number):
                return mark + text.replace(mark, mark * 2) + mark
            if needs(text):
                return mark + text.replace(mark, mark * 2) + mark
            return text

        return field

    def _text(self, value: object) -> str:
        if isinstance(value, date | time):
            return self.text_of_moment(value)
        if isinstance(value, float):
            value = Decimal(repr(value))
        if isinstance(value, Decimal):
            return f"{value:f}"
        return records.encode(value).decode()
