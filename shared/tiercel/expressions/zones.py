"""Time zones by the names that Java takes.

Promise: zone files are read when a region is first named; an unknown zone raises.
"""

from __future__ import annotations

import re
from datetime import UTC, timedelta, timezone, tzinfo
from functools import lru_cache

from tiercel.errors import ExpressionError

_OFFSET = re.compile(r"(?:UTC|GMT|UT)?([+-])(\d{1,2})(?::?(\d\d))?(?::?(\d\d))?")
_UTC_NAMES = frozenset(("Z", "z", "UTC", "GMT", "UT", "Etc/UTC", "Zulu"))
_REGION = re.compile(r"[A-Za-z][A-Za-z0-9_+~.-]*(?:/[A-Za-z0-9_+~.-]+)*")


def fixed_offset(text: str) -> tzinfo:
    """Return the zone of `Z`, `+02:00`, `+0200` or `+02`."""
    found = _OFFSET.fullmatch(text)
    if text in _UTC_NAMES:
        return UTC
    if found is None:
        raise ExpressionError(f"'{text}' is not an offset such as +02:00")
    hours, minutes, seconds = (int(part or 0) for part in found.groups()[1:])
    if hours > 18 or minutes > 59 or seconds > 59:
        raise ExpressionError(f"The offset '{text}' is out of range: at most 18 hours")
    size = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return UTC if not size else timezone(-size if found.group(1) == "-" else size)


@lru_cache(maxsize=256)
def zone(name: str) -> tzinfo:
    """Return a zone: a region such as `Europe/Paris`, an offset, or `UTC+1`."""
    if name in _UTC_NAMES or _OFFSET.fullmatch(name):
        return fixed_offset(name)
    if _REGION.fullmatch(name) and ".." not in name:
        from zoneinfo import ZoneInfo

        try:
            return ZoneInfo(name)
        except (LookupError, ValueError, OSError):
            pass
    raise ExpressionError(
        f"Unknown time zone '{name[:60]}'; use a region such as Europe/Paris or an offset such as +02:00"
    )
