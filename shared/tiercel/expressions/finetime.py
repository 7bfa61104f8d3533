"""Date-times to the nanosecond: what Python's microseconds leave is kept beside them.

Promise: only the date filters make such a value, and none leaves them; arithmetic on one forgets the rest.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class FineDateTime(datetime):
    """A date-time with the nanoseconds, 0 to 999, that its microsecond leaves."""

    __slots__ = ("rest",)
    rest: int


def fine(moment: datetime, rest: int) -> datetime:
    """Return the date-time with nanoseconds beside it; the same object when there are none."""
    if not rest:
        return moment
    made = FineDateTime.combine(moment.date(), moment.timetz())
    made.rest = rest
    return made


def rest_of(moment: datetime) -> int:
    """Return the nanoseconds, 0 to 999, that the microsecond of a date-time leaves."""
    rest: int = getattr(moment, "rest", 0)
    return rest


def rest_of_digits(digits: str) -> int:
    """Return the nanoseconds, 0 to 999, in the digits of a second's fraction."""
    return int(digits[6:9].ljust(3, "0"))


def nanos_of(moment: datetime) -> int:
    """Return the nanoseconds of the second."""
    return moment.microsecond * 1000 + rest_of(moment)


def epoch_nanos(moment: datetime) -> int:
    """Return the nanoseconds since 1970 of an aware date-time."""
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000 + rest_of(moment)
