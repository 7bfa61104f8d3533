"""Reads ISO texts of dates and times.

Promise: up to nine digits of a second are read and six are kept; what is no date raises, what is none of the form
gives None.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from tiercel.expressions.values import Instant
from tiercel.expressions.zones import fixed_offset, zone

_DATE_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?"
    r"(?:(Z|z|[+-]\d\d:\d\d(?::\d\d)?)(?:\[([A-Za-z0-9/_+:.~-]+)\])?)?",
    re.ASCII,
)
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
_DURATION = re.compile(
    r"([+-])?P(?:([+-]?\d+)D)?(?:T(?:([+-]?\d+)H)?(?:([+-]?\d+)M)?(?:([+-]?\d+)(?:\.(\d{1,9}))?S)?)?", re.ASCII
)


def micros(digits: str | None) -> int:
    """Return the microseconds of a fraction's digits."""
    return int((digits or "0")[:6].ljust(6, "0"))


def in_zone(moment: datetime, where: tzinfo) -> datetime:
    """Return a local date-time at a zone; one that a change of clocks skips moves on by its length."""
    placed = moment.replace(tzinfo=where)
    return placed if where is UTC else placed.astimezone(UTC).astimezone(where)


def read_date_time(text: str) -> datetime | None:
    """Return the date-time of an ISO text: aware when the text has an offset, naive when not."""
    found = _DATE_TIME.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute = (int(part) for part in found.groups()[:5])
    moment = datetime(year, month, day, hour, minute, int(found[6] or 0), micros(found[7]))  # noqa: DTZ001  # local
    if found[8] is None:
        return moment
    aware = moment.replace(tzinfo=fixed_offset(found[8].upper()))
    return aware.astimezone(zone(found[9])) if found[9] else aware


def read_date(text: str) -> date | None:
    """Return the date of an ISO text."""
    found = _DATE.fullmatch(text)
    return date(int(found[1]), int(found[2]), int(found[3])) if found else None


def read_duration(text: str) -> timedelta | None:
    """Return the duration of an ISO text of days and less."""
    found = _DURATION.fullmatch(text)
    if found is None or not any(found.groups()[1:]) or len(text) > 40:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups()[1:5])
    fraction = micros(found[6]) * (-1 if (found[5] or "").startswith("-") else 1)
    length = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds, microseconds=fraction)
    return -length if found[1] == "-" else length


def read_annotated(annotation: str, text: str) -> object:
    """Return the value of an annotated Ion text, such as `ZonedDateTime::"..."`; the text for other annotations."""
    if annotation in ("ZonedDateTime", "OffsetDateTime", "LocalDateTime"):
        return read_date_time(text) or text
    if annotation == "Instant":
        moment = read_date_time(text)
        return Instant.of(moment) if moment else text
    if annotation == "LocalDate":
        return read_date(text) or text
    if annotation == "LocalTime":
        return time.fromisoformat(text[:15])
    if annotation == "Duration":
        return read_duration(text) or text
    return text
