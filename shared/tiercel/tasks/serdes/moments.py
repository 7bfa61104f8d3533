"""Dates and times among records, as other forms write them: properties, and the text of a value."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, tzinfo

from pydantic import BaseModel

from tiercel.errors import ExpressionError, TaskError
from tiercel.expressions.dateformat import written
from tiercel.expressions.datenames import language
from tiercel.expressions.datepatterns import elements_of
from tiercel.model.plugin import Rendered
from tiercel.tasks.jdbc.rows import zone_of


class Formats(BaseModel):
    """How dates and times are written; a text that looks like one stays as it is."""

    date_format: Rendered[str] = "yyyy-MM-dd"
    """How a date is written."""
    time_format: Rendered[str] = "HH:mm:ss[XXX]"
    """How a time of day is written."""
    date_time_format: Rendered[str] = "yyyy-MM-dd'T'HH:mm:ss.SSS[XXX]"
    """How a date with a time is written."""
    time_zone_id: Rendered[str | None] = None
    """The zone of times that have one of their own; instants are written in UTC."""

    def text_of_moment(self, value: date | time) -> str:
        """Return a date, a time of day or a date with a time as text.

        Raises:
            TaskError: The pattern or the zone is none.
        """
        zone: tzinfo = zone_of(self.time_zone_id) if self.time_zone_id else UTC
        if isinstance(value, datetime):
            moment = value if value.tzinfo else value.replace(tzinfo=UTC)
            return _written(moment.astimezone(UTC), self.date_time_format, "dateTimeFormat")
        if isinstance(value, date):
            return _written(datetime.combine(value, time(tzinfo=UTC)), self.date_format, "dateFormat")
        return _written(datetime.combine(date(1970, 1, 1), value, value.tzinfo or zone), self.time_format, "timeFormat")


def _written(moment: datetime, pattern: str, name: str) -> str:
    try:
        return written(moment, elements_of(pattern), language(None))
    except ExpressionError as error:
        raise TaskError(f"{name}: {error}", retryable=False) from None
