"""ISO-8601 durations as flows write them: days, hours, minutes, seconds; no weeks, months or years."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer

_PATTERN = re.compile(
    r"([-+]?)P(?:([-+]?\d+)D)?(T(?:([-+]?\d+)H)?(?:([-+]?\d+)M)?(?:([-+]?\d+(?:[.,]\d{0,9})?)S)?)?", re.IGNORECASE
)


def parse_duration(value: object) -> timedelta:
    """Return the duration that a text (`PT1.5S`, `P1DT2H`), a number of seconds or a timedelta names.

    Raises:
        ValueError: The text is not an ISO-8601 duration, or it is over 2.7 million years.
    """
    try:
        return _parsed(value)
    except OverflowError:
        raise ValueError(f"'{str(value).strip():.100}' is too long a duration") from None


def _parsed(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return timedelta(seconds=value)
    text = str(value).strip()
    found = _PATTERN.fullmatch(text)
    if not found or text.upper().lstrip("+-") in ("P", "PT") or found.group(3) in ("T", "t"):
        if re.fullmatch(r"\d+(\.\d+)?", text):
            return timedelta(seconds=float(text))
        raise ValueError(f"'{text}' is not a duration; write ISO-8601 with days to seconds, such as PT30S, PT1H or P1D")
    sign, days, _, hours, minutes, seconds = found.groups()
    length = timedelta(
        days=int(days or 0),
        hours=int(hours or 0),
        minutes=int(minutes or 0),
        seconds=float((seconds or "0").replace(",", ".")),
    )
    return -length if sign == "-" else length


def format_duration(length: timedelta) -> str:
    """Return a duration as Java prints it: hours, minutes and seconds, days as hours (`PT26H`, `PT0.25S`)."""
    micros = length // timedelta(microseconds=1)
    if micros == 0:
        return "PT0S"
    whole, fraction = divmod(abs(micros), 1_000_000)
    sign = "-" if micros < 0 else ""
    hours, rest = divmod(whole, 3600)
    minutes, seconds = divmod(rest, 60)
    text = "PT" + (f"{sign}{hours}H" if hours else "") + (f"{sign}{minutes}M" if minutes else "")
    if seconds or fraction:
        digits = f".{fraction:06d}".rstrip("0") if fraction else ""
        text += f"{sign}{seconds}{digits}S"
    return text


Duration = Annotated[timedelta, BeforeValidator(parse_duration), PlainSerializer(format_duration, return_type=str)]
"""A duration in a plugin's field: ISO-8601 text, or a number of seconds."""
