"""Points in time as properties of tasks."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator


def _in_a_zone(value: datetime) -> datetime:
    return value if value.tzinfo is not None else value.replace(tzinfo=UTC)


def _midnight(value: object) -> object:
    """Take a day for its beginning."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime.combine(value, time(), UTC)
    return value.strip() if isinstance(value, str) else value


Moment = Annotated[datetime, BeforeValidator(_midnight), AfterValidator(_in_a_zone)]
"""A date and time in ISO 8601; UTC where no zone is given, midnight where no time is."""
