"""A cron expression as a person would say it. Pure; what it cannot say in a few words it leaves out."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tiercel.triggers.cron import NICKNAMES

DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
MOST = 4
"""Times or names that are said one by one."""


def in_words(cron: object) -> str:
    """Return when an expression of five fields (or six, the seconds 0) fires; empty where words would fail."""
    fields = NICKNAMES.get(str(cron).lower(), str(cron)).upper().split()
    if len(fields) == 6 and fields[0] == "0":
        fields = fields[1:]
    if len(fields) != 5:
        return ""
    minute, hour, day, month, weekday = fields
    times = _time(minute, hour)
    parts = [times, _days(day, weekday, is_plain=(times or "").startswith("at")), _months(month)]
    return "" if None in parts else " ".join(part for part in parts if part)


def _time(minute: str, hour: str) -> str | None:
    """Return the times of a day; None where there are no few words for them."""
    minutes, hours = _numbers(minute), _numbers(hour)
    if minutes and hours and len(minutes) * len(hours) <= MOST:
        return "at " + _listed([f"{h:02}:{m:02}" for h in hours for m in minutes])
    within = _within(hour)
    if within is None:
        return None
    if minute == "*" or re.fullmatch(r"(\*|0)/\d+", minute):
        step = minute.partition("/")[2]
        return f"every {step} minutes{within}" if step not in ("", "1") else f"every minute{within}"
    if not minutes:
        return None
    step = hour.partition("/")[2]
    every = f"every {step} hours" if step not in ("", "1") else f"every hour{within}"
    return every if minutes == [0] else f"{every} at minute {_listed([str(each) for each in minutes[:MOST]])}"


def _within(hour: str) -> str | None:
    """Return the span of a day that an hours' field means; None where it is none."""
    if hour == "*" or re.fullmatch(r"(\*|0)/\d+", hour):
        return ""
    span = re.fullmatch(r"(\d+)-(\d+)", hour)
    return f" from {int(span[1]):02}:00 to {int(span[2]):02}:59" if span else None


def _days(day: str, weekday: str, *, is_plain: bool) -> str | None:
    dates, names = _numbers(day), _named(weekday, DAYS, 0)
    of_month = f"on day {_listed([str(each) for each in dates])} of the month" if dates and len(dates) <= MOST else None
    if day in ("*", "?"):
        return ("every day" if is_plain else "") if weekday in ("*", "?") else names and f"on {names}"
    if weekday in ("*", "?"):
        return of_month
    return f"{of_month} or on {names}" if of_month and names else None


def _months(month: str) -> str | None:
    if month == "*":
        return ""
    found = _named(month, MONTHS, 1)
    return found and f"in {found}"


def _named(text: str, names: Sequence[str], first: int) -> str | None:
    """Return the names that a field means: some, or a span; None for anything else."""
    for place, name in enumerate(names, first):
        text = text.replace(name[:3].upper(), str(place))
    span = re.fullmatch(r"(\d+)-(\d+)", text)
    numbers = [int(span[1]), int(span[2])] if span else _numbers(text)
    if not numbers or max(numbers) - first >= len(names):
        return None
    said = [names[number - first] for number in numbers]
    return f"{said[0]} to {said[1]}" if span else _listed(said)


def _numbers(text: str) -> list[int]:
    """Return the numbers of a list; none for anything else."""
    return [int(each) for each in text.split(",")] if re.fullmatch(r"\d+(,\d+)*", text) else []


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
