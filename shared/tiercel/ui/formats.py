"""How values read on a page: states, dates, durations, sizes. Pure; what comes out is text or escaped markup."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup

from tiercel.model.durations import parse_duration
from tiercel.model.states import TERMINAL

NOTHING = "\u2013"
"""What stands where there is no value."""

MARKS: Mapping[str, str] = {
    "SUCCESS": "check",
    "WARNING": "alert",
    "FAILED": "cross",
    "KILLED": "stop",
    "KILLING": "stop",
    "CANCELLED": "stop",
    "RUNNING": "play",
    "PAUSED": "pause",
    "BREAKPOINT": "pause",
    "QUEUED": "clock",
    "CREATED": "clock",
    "SKIPPED": "skip",
}
"""The icon of a state; others have a circle."""


def mark(state: object) -> str:
    """Return the icon of a state."""
    return MARKS.get(str(state), "circle")


def tone(state: object) -> str:
    """Return the colour's name of a state: `success`, `failed`, `warning`, `running`, `killed`, `waiting`, `paused`."""
    return _TONES.get(str(state), "waiting")


_TONES: Mapping[str, str] = {
    "SUCCESS": "success",
    "FAILED": "failed",
    "WARNING": "warning",
    "RETRYING": "warning",
    "RETRIED": "warning",
    "RUNNING": "running",
    "RESTARTED": "running",
    "SUBMITTED": "running",
    "RESUBMITTED": "running",
    "KILLING": "killed",
    "KILLED": "killed",
    "CANCELLED": "killed",
    "PAUSED": "paused",
    "BREAKPOINT": "paused",
}


def is_over(state: object) -> bool:
    """Tell whether a state is an end."""
    return str(state) in TERMINAL


def moment_of(text: object) -> datetime | None:
    """Return a date as the API writes it; None where there is none."""
    if isinstance(text, int | float) and not isinstance(text, bool):
        return datetime.fromtimestamp(text, UTC)
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def when(text: object) -> Markup:
    """Return a date as markup, in UTC; a script shows it in the reader's zone and form."""
    found = moment_of(text) if text not in (None, "") else None
    if found is None:
        return Markup('<span class="none">{}</span>').format(NOTHING)
    utc = found.astimezone(UTC)
    written = utc.strftime("%Y-%m-%d %H:%M:%S")
    return Markup('<time datetime="{0}" data-time="{0}" title="{1} UTC">{1}</time>').format(
        utc.strftime("%Y-%m-%dT%H:%M:%S.") + f"{utc.microsecond // 1000:03}Z", written
    )


def ago(text: object) -> Markup:
    """Return a date as `when`; a script says how long ago it was, or how far ahead, and the date on hovering."""
    return Markup(str(when(text)).replace("<time ", "<time data-relative ", 1))  # noqa: S704 - escaped already


def field_date(text: object) -> str:
    """Return a date as a field for date and time has it, in UTC; empty for none."""
    found = moment_of(text) if text else None
    return "" if found is None else found.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def seconds_of(duration: object) -> float | None:
    """Return an ISO duration, or a number, in seconds."""
    if isinstance(duration, int | float) and not isinstance(duration, bool):
        return float(duration)
    try:
        return parse_duration(str(duration)).total_seconds()
    except ValueError:
        return None


def lasting(duration: object) -> str:
    """Return a duration in its two largest units: `1 h 3 min`, `2.41 s`, `12 ms`."""
    seconds = seconds_of(duration)
    if seconds is None:
        return NOTHING
    if seconds < 1:
        return f"{round(seconds * 1000)} ms"
    if seconds < 60:
        return f"{seconds:.2f}".rstrip("0").rstrip(".") + " s"
    units = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
    found: list[str] = []
    left = int(seconds)
    for size, name in units:
        if left >= size and len(found) < 2:
            found.append(f"{left // size} {name}")
            left %= size
        elif found:
            break
    return " ".join(found)


def size(count: object) -> str:
    """Return a number of bytes as people read it."""
    left = float(count) if isinstance(count, int | float) else 0.0
    for unit in ("B", "kB", "MB", "GB"):
        if left < 1000 or unit == "GB":
            return f"{left:.0f} {unit}" if unit == "B" else f"{left:.1f} {unit}"
        left /= 1000
    return ""


def as_json(value: object) -> str:
    """Return a value as JSON on one line, for an attribute: escaping is the template's."""
    return json.dumps(value, default=str, ensure_ascii=False, separators=(",", ":"))


def as_text(value: object) -> str:
    """Return a value as people read it: text as it is, the rest as JSON with indentation."""
    return value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False, indent=2)


def kind_of(value: object) -> str:
    """Return what a value is, in a word."""
    if isinstance(value, str):
        return "file" if value.startswith("kestra:///") else "text"
    names = {bool: "boolean", int: "number", float: "number", list: "list", dict: "map", type(None): "null"}
    return names.get(type(value), type(value).__name__)


def short(text: object, most: int = 8) -> str:
    """Return the beginning of an id."""
    return str(text)[:most]


def around(snippet: object, column: object, length: object) -> list[tuple[str, bool]]:
    """Return a line in pieces, each with whether it is what was searched for; `column` is counted from 1."""
    text, begin = str(snippet), int(str(column)) - 1
    end = begin + int(str(length))
    return [(text[:begin], False), (text[begin:end], True), (text[end:], False)]


_SIGNS = {"Schedule": "clock", "ScheduleOnDates": "clock", "Webhook": "link", "Flow": "flow"}


def sign(kind: object) -> str:
    """Return the icon of a trigger's type."""
    return _SIGNS.get(last_part(kind), "bolt")


_STYLES = re.compile("\x1b\\[[0-9;?]*[A-Za-z]")


def unstyled(text: object) -> str:
    """Return a log line without the colours of a terminal: where a script shows it, it shows them."""
    return _STYLES.sub("", str(text))


def last_part(text: object) -> str:
    """Return the last part of a dotted name."""
    return str(text).rpartition(".")[2]


def ancestors(namespace: str) -> list[tuple[str, str]]:
    """Return the parts of a namespace, each with the namespace that ends there."""
    parts = namespace.split(".")
    return [(part, ".".join(parts[: place + 1])) for place, part in enumerate(parts)]


def own_labels(labels: object) -> list[tuple[str, str]]:
    """Return labels as pairs, those of the system left out."""
    given = labels if isinstance(labels, Iterable) else ()
    pairs = [(str(each["key"]), str(each["value"])) for each in given if isinstance(each, Mapping) and "key" in each]
    return [(key, value) for key, value in pairs if not key.startswith("system.")]


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun: `1 execution`, `3 executions`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}".replace(",", "\u202f")


_PLAIN = (mark, tone, sign, is_over, when, ago, field_date, lasting, size, as_json, as_text, kind_of, short, last_part)
_MORE = (unstyled, ancestors, own_labels, around, counted)

FILTERS: Mapping[str, Any] = {each.__name__: each for each in (*_PLAIN, *_MORE)}
"""By the names that templates use."""
