"""A span of time cut into stretches of equal kind: minutes, hours, days, weeks or months, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

MOST = 1_000
"""Stretches of one span."""

_STEPS = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "month": timedelta(days=31),
}
_LIMITS = {
    "hour": timedelta(days=2),
    "day": timedelta(days=180),
    "week": timedelta(days=365),
}
"""Up to which length a span is cut so; a longer one into months."""


def span(start: datetime | None, end: datetime | None, now: float, length: timedelta) -> tuple[datetime, datetime]:
    """Return a span in UTC.

    Args:
        start: Its beginning; None for its end less `length`.
        end: Its end; None for now.
        now: The time, in seconds since the epoch.
        length: How long it is where nobody says it.

    Raises:
        ValueError: It ends before it begins, or is out of range.
    """
    try:
        until = (end or datetime.fromtimestamp(now, UTC)).astimezone(UTC)
        since = (start or until - length).astimezone(UTC)
        _ = until + 2 * _STEPS["month"], since - _STEPS["month"]  # stretches may reach so far
    except OverflowError:
        raise ValueError("the dates are out of range, wanted years between 2 and 9998") from None
    if until < since:
        raise ValueError(f"startDate {since.isoformat()} is after endDate {until.isoformat()}")
    return since, until


def kind_for(length: timedelta) -> str:
    """Return into what a span of a length is cut."""
    return next((name for name, most in _LIMITS.items() if length <= most), "month")


def cut(kind: str, start: datetime, end: datetime) -> list[datetime]:
    """Return the beginnings of all stretches of a span, the first of which may begin before it.

    Raises:
        ValueError: There are too many.
    """
    if (end - start).days > MOST * (28 if kind == "month" else 7):
        raise ValueError(f"{(end - start).days} days are too many, more than {MOST} months")
    found, at = [], beginning(kind, start)
    while at <= end:
        found.append(at)
        at = beginning(kind, at + _STEPS[kind])
    return found


def beginning(kind: str, at: datetime) -> datetime:
    """Return when the stretch begins in which a time lies; weeks begin on Monday."""
    minute = at.replace(second=0, microsecond=0)
    if kind == "minute":
        return minute
    hour = minute.replace(minute=0)
    if kind == "hour":
        return hour
    day = hour.replace(hour=0)
    if kind == "day":
        return day
    return day - timedelta(days=day.weekday()) if kind == "week" else day.replace(day=1)
