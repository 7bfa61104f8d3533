"""The texts of dates, times and durations as Java's `toString` gives them.

Promise: pure text; zones are neither looked up nor loaded.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta


def fraction_text(micros: int) -> str:
    """Return a fraction of a second in groups of three digits, or nothing when it is zero."""
    if not micros:
        return ""
    return f".{micros // 1000:03d}" if micros % 1000 == 0 else f".{micros:06d}"


def time_text(value: time | datetime) -> str:
    """Return `10:15`, `10:15:30` or `10:15:30.123`."""
    text = f"{value.hour:02d}:{value.minute:02d}"
    if value.second or value.microsecond:
        text += f":{value.second:02d}{fraction_text(value.microsecond)}"
    return text


def offset_text(offset: timedelta | None, zero: str = "Z") -> str:
    """Return `+02:00`, with seconds only where there are some; `zero` when there is no offset."""
    seconds = int((offset or timedelta()).total_seconds())
    if not seconds:
        return zero
    sign = "-" if seconds < 0 else "+"
    hours, rest = divmod(abs(seconds), 3600)
    minutes, left = divmod(rest, 60)
    return f"{sign}{hours:02d}:{minutes:02d}" + (f":{left:02d}" if left else "")


def date_text(value: date) -> str:
    """Return `2024-05-01`."""
    return f"{value.year:04d}-{value.month:02d}-{value.day:02d}"


def date_time_text(value: datetime) -> str:
    """Return `2013-09-08T16:19+02:00[Europe/Paris]`; without offset when the value has no zone."""
    text = f"{date_text(value)}T{time_text(value)}"
    if value.tzinfo is None:
        return text
    region = region_of(value)
    return f"{text}{offset_text(value.utcoffset())}{f'[{region}]' if region else ''}"


def region_of(value: datetime) -> str:
    """Return the region of a zoned date-time, such as `Europe/Paris`; nothing for a plain offset."""
    name = getattr(value.tzinfo, "key", None)
    return name if isinstance(name, str) else ""


def instant_text(value: datetime) -> str:
    """Return `2024-05-01T10:00:00.123Z`."""
    utc = value.astimezone(UTC)
    return f"{date_text(utc)}T{utc:%H:%M:%S}{fraction_text(utc.microsecond)}Z"


def iso_offset_text(value: datetime) -> str:
    """Return a zoned date-time inside JSON: in UTC, seconds always, the fraction without trailing zeros."""
    utc = value.astimezone(UTC)
    fraction = f".{utc.microsecond:06d}".rstrip("0") if utc.microsecond else ""
    return f"{date_text(utc)}T{utc:%H:%M:%S}{fraction}Z"


def duration_text(value: timedelta) -> str:
    """Return `PT5M6S` as Java writes durations: hours at most, never days."""
    micros = value.days * 86_400_000_000 + value.seconds * 1_000_000 + value.microseconds
    if not micros:
        return "PT0S"
    minus = "-" if micros < 0 else ""
    whole, fraction = divmod(abs(micros), 1_000_000)
    minutes, seconds = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    text = "PT"
    text += f"{minus}{hours}H" if hours else ""
    text += f"{minus}{minutes}M" if minutes else ""
    if seconds or fraction:
        text += f"{minus}{seconds}" + (f".{fraction:06d}".rstrip("0") if fraction else "") + "S"
    return text
