"""The types that inputs and outputs name, and how a raw value becomes one (flow specification, 3.2 and 3.3).

Promise: a converted value can be written as JSON and converts to itself again (JSON and YAML texts aside); whatever
is wrong with a raw value, ValueError says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

from pydantic import BeforeValidator

from tiercel.model.durations import format_duration, parse_duration
from tiercel.model.plugin import text_of
from tiercel.model.structures import finite, iso_text, java_name, parse_json, plain, well_formed
from tiercel.model.yaml_values import parse_yaml

Convert = Callable[[object], object]
"""Makes a stored value of a raw one, or raises ValueError with the reason."""

HIDDEN = "******"
"""What is shown where a secret would stand."""


def shown(value: object, *kinds: str | None) -> str:
    """Return a raw value as messages show it: JSON for structures, `null` for none, hidden where it is a secret."""
    if "SECRET" in kinds and value is not None:
        return HIDDEN
    text = text_of(value)
    return text if len(text) <= 1000 else f"{text[:1000]}… ({len(text)} characters)"


def convert(kind: str, raw: object, *, item: str | None = None, special: Mapping[str, Convert] | None = None) -> object:
    """Return a raw value as a type's stored value.

    Args:
        kind: The type's name.
        raw: What was supplied: text, or a JSON value.
        item: The type of the elements of an ARRAY or MULTISELECT.
        special: Converters that need more than the value, by type: SECRET, FILE.

    Raises:
        ValueError: ``Expected `T` but received `v` with errors: <reason>``, or what is wrong with an element.
    """
    if kind in ("ARRAY", "MULTISELECT"):
        return _elements(kind, raw, item, special)
    return _guarded(kind, (special or {}).get(kind) or CONVERTERS[kind], raw)


def _guarded(kind: str, make: Convert, raw: object, item: str | None = None) -> object:
    try:
        return make(raw)
    except (ValueError, OverflowError, RecursionError) as error:
        received = shown(raw, kind, item)
        raise ValueError(f"Expected `{kind}` but received `{received}` with errors: {error}") from None


def _elements(kind: str, raw: object, item: str | None, special: Mapping[str, Convert] | None) -> list[object]:
    elements = _guarded(kind, _list, raw, item)
    assert isinstance(elements, list)
    if item is None:
        return elements
    result: list[object] = []
    for element in elements:
        try:
            result.append(convert(item, element, special=special))
        except ValueError:
            raise ValueError(f"Unable to parse array element as `{item}` on `{shown(element, item)}`") from None
    return result


def _list(raw: object) -> list[object]:
    value = parse_json(raw) if isinstance(raw, str) else plain(raw)
    if not isinstance(value, list):
        raise ValueError(f"a list is wanted, not {java_name(value)}")
    return value


# ------------------------------------------------------------------ scalars


def to_string(raw: object) -> object:
    """Return a text or a scalar as it is, a structure as JSON text, a date as ISO text."""
    value = plain(raw)
    return text_of(value) if isinstance(value, list | dict) else value


def to_text(raw: object) -> str:
    """Return a text as it is, a scalar as JSON prints it."""
    value = plain(raw)
    if value is None or isinstance(value, list | dict):
        raise ValueError(f"a text is wanted, not {java_name(value)}")
    return well_formed(text_of(value))


_INT = re.compile(r"[+-]?[0-9]{1,100}")
_FLOAT = re.compile(r"\s*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)[fFdD]?\s*")


def to_int(raw: object) -> int:
    """Return a 32-bit integer of a number or a text without fraction or spaces."""
    if isinstance(raw, str) and _INT.fullmatch(raw):
        raw = int(raw)
    if not isinstance(raw, int) or isinstance(raw, bool):
        raise ValueError("a whole number is wanted, such as 42")
    if not -(2**31) <= raw < 2**31:
        raise ValueError("it does not fit into 32 bits (-2147483648 to 2147483647)")
    return raw


def to_float(raw: object) -> float:
    """Return a finite number of a number or a text."""
    found = _FLOAT.fullmatch(raw) if isinstance(raw, str) else None
    if found:
        raw = float(found[1])
    if not isinstance(raw, int | float) or isinstance(raw, bool):
        raise ValueError("a number is wanted, such as 4.2")
    return finite(float(raw))


def to_bool(raw: object) -> bool:
    """Return whether the value is true or the text `true` in any case; never fails."""
    return raw is True or (isinstance(raw, str) and raw.lower() == "true")


# ------------------------------------------------------------------ dates and times

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?:(?<=:[0-9]{2}:[0-9]{2})\.([0-9]{1,9}))?")
_INSTANT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2})?)"
    r"(?:(?<=:[0-9]{2}:[0-9]{2})\.([0-9]{1,9}))?(Z|[+-][0-9]{2}:[0-9]{2})",
    re.IGNORECASE,
)


def to_date(raw: object) -> str:
    """Return a date as `2019-10-06`."""
    text = iso_text(raw)
    if not _DATE.fullmatch(text):
        raise ValueError("a date is wanted, such as 2019-10-06")
    return date.fromisoformat(text).isoformat()


def to_time(raw: object) -> str:
    """Return a local time as `18:27:49`, with a fraction where there is one."""
    found = _TIME.fullmatch(iso_text(raw))
    if not found:
        raise ValueError("a time is wanted, such as 18:27:49")
    return time.fromisoformat(found[1]).isoformat() + _fraction(found[2])


def to_instant(raw: object) -> str:
    """Return an instant in UTC as `2019-10-06T18:27:49Z`, to the nanosecond."""
    found = _INSTANT.fullmatch(iso_text(raw))
    if not found:
        raise ValueError("an instant with its zone is wanted, such as 2019-10-06T18:27:49Z")
    moment = datetime.fromisoformat((found[1] + found[3]).upper()).astimezone(UTC)
    return moment.replace(tzinfo=None).isoformat() + _fraction(found[2]) + "Z"


def _fraction(digits: str | None) -> str:
    """Return a fraction of a second in groups of three digits, as Java prints it."""
    kept = (digits or "").rstrip("0")
    return "." + kept.ljust(-(-len(kept) // 3) * 3, "0") if kept else ""


def to_duration(raw: object) -> str:
    """Return a duration as Java prints it; a number means seconds."""
    if isinstance(raw, bool) or not isinstance(raw, str | int | float | timedelta):
        raise ValueError("a duration is wanted, such as PT5M6S")
    if isinstance(raw, str) and not raw.upper().lstrip("+-").startswith("P"):
        raise ValueError("an ISO-8601 duration is wanted, such as PT30S, PT1H or P1D")
    return format_duration(parse_duration(raw))


def order_of(text: str) -> tuple[str, str]:
    """Return what stored dates, times and instants sort by."""
    head, _, digits = text.rstrip("Z").partition(".")
    return head, digits.ljust(9, "0")


DateText = Annotated[str, BeforeValidator(to_date)]
"""A date, in a flow's text."""
TimeText = Annotated[str, BeforeValidator(to_time)]
"""A local time, in a flow's text."""
InstantText = Annotated[str, BeforeValidator(to_instant)]
"""An instant, in a flow's text."""

# ------------------------------------------------------------------ shapes and structures

_URL = re.compile(r"[a-z]+://[-a-zA-Z0-9@:%._+~#=]{1,260}\.[a-zA-Z0-9()]{1,6}\b[-a-zA-Z0-9()@:%_+.~#?&/=]*")
_EMAIL = re.compile(r"(?:[a-zA-Z0-9_!#$%&’*+/=?`{|}~^.-]+@[a-zA-Z0-9.-]+)?")  # noqa: RUF001 - as Kestra takes it


def to_url(raw: object) -> str:
    """Return a text that looks like a URL whose host has a dot."""
    text = to_text(raw)
    if not _URL.fullmatch(text):
        raise ValueError("a URL is wanted, such as https://kestra.io/path")
    return text


def is_email(text: str) -> bool:
    """Tell whether a text is empty or looks like an e-mail address."""
    return _EMAIL.fullmatch(text) is not None


def to_json(raw: object) -> object:
    """Return the structure that a JSON text says, or a structure as it is."""
    return parse_json(raw) if isinstance(raw, str) else plain(raw)


def to_yaml(raw: object) -> object:
    """Return the structure that a YAML text says, or a structure as it is."""
    return parse_yaml(raw) if isinstance(raw, str) else plain(raw)


CONVERTERS: Mapping[str, Convert] = {
    "STRING": to_string,
    "SELECT": to_text,
    "ENUM": to_text,
    "INT": to_int,
    "FLOAT": to_float,
    "BOOLEAN": to_bool,
    "BOOL": to_bool,
    "DATETIME": to_instant,
    "DATE": to_date,
    "TIME": to_time,
    "DURATION": to_duration,
    "FILE": to_text,
    "JSON": to_json,
    "YAML": to_yaml,
    "URI": to_url,
    "EMAIL": to_text,
    "SECRET": to_text,
    "OBJECT": to_json,
    "TABLE": _list,
}
"""How each type that is not a list of others is made."""

TYPES = (*CONVERTERS, "ARRAY", "MULTISELECT")
"""The names of the types that a value may have; FORM groups inputs and has no value of its own."""
