"""From column types to output values (plugin specification, 4.10): what the databases share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from tiercel.errors import TaskError

Converter = Callable[[object], object]
"""Returns the output value of a driver's value that is not None."""


def zone_of(name: str | None) -> ZoneInfo:
    """Return the zone of `timeZoneId`, by default this machine's.

    Raises:
        TaskError: There is no such zone.
    """
    if not name:
        return _local_zone()
    try:
        return ZoneInfo("UTC" if name.upper() == "Z" else name)
    except (KeyError, ValueError, OSError) as error:  # the name leads out of the folder of zones, or is none
        raise _unknown(name) from error


def _unknown(name: str) -> TaskError:
    return TaskError(f"timeZoneId '{name}' is unknown; wanted an IANA name such as 'Europe/Berlin'", retryable=False)


def _local_zone() -> ZoneInfo:
    linked = Path("/etc/localtime").resolve().as_posix().partition("zoneinfo/")[2]
    for name in (os.environ.get("TZ", "").removeprefix(":"), linked):
        try:
            return ZoneInfo(name)
        except (KeyError, ValueError, OSError):  # an empty name, a rule instead of a name, an unknown zone
            continue
    return ZoneInfo("UTC")


def converted(rows: Iterable[Sequence[object]], converters: Sequence[Converter | None]) -> Iterator[Sequence[object]]:
    """Yield the rows with their values converted; None stays None."""
    wanted = [(index, convert) for index, convert in enumerate(converters) if convert is not None]
    if not wanted:
        yield from rows
        return
    for row in rows:
        values = list(row)
        for index, convert in wanted:
            if (value := values[index]) is not None:
                values[index] = convert(value)
        yield values


def placed(value: datetime, zone: ZoneInfo) -> datetime:
    """Return a date and time in a zone; one without a zone is taken to be in it already."""
    return value.replace(tzinfo=zone) if value.tzinfo is None else value.astimezone(zone)


def local_time(value: time, zone: ZoneInfo) -> time:
    """Return a time of day with an offset as the clock in a zone shows it (on 1 January 1970)."""
    return datetime.combine(datetime(1970, 1, 1, tzinfo=UTC), value).astimezone(zone).time()
