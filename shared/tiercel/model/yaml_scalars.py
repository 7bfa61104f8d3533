"""What a plain YAML scalar stands for, in flows and inputs alike: only booleans, numbers and null are more than text.

Promise: dates, times and sexagesimal numbers stay text; what JSON cannot hold (`.inf`, `.nan`) stays text too.
"""

from __future__ import annotations

import re

Scalar = str | bool | int | float | None

_WORDS: dict[str, bool | None] = {"": None, "~": None}
for _word in ("null", "true", "false", "yes", "no", "on", "off", "y", "n"):
    for _form in (_word, _word.capitalize(), _word.upper()):
        _WORDS[_form] = None if _word == "null" else _word in ("true", "yes", "on", "y")

_INT = re.compile(r"[-+]?(?:0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|0|[1-9][0-9_]*)")
_FLOAT = re.compile(r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?")
_FIRST = frozenset("0123456789+-.")
_LONGEST = 300
"""Digits of a number; a longer one stays text."""


def resolve(text: str) -> Scalar:
    """Return the value of an unquoted scalar."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _FIRST or len(text) > _LONGEST:
        return text
    if _INT.fullmatch(text):
        return _integer(text)
    if _FLOAT.fullmatch(text):
        number = float(text.replace("_", ""))
        return number if abs(number) != float("inf") else text
    return text


def _integer(text: str) -> int | str:
    sign = -1 if text[0] == "-" else 1
    digits = text.lstrip("+-").replace("_", "").lower()
    try:
        if digits.startswith("0") and digits[1:].isdigit():
            return sign * int(digits, 8)
        return sign * int(digits, 0)
    except ValueError:  # underscores only, as in `0x_`
        return text


def tagged(tag: str, text: str) -> Scalar:
    """Return the value of a scalar whose type is written before it, such as `!!str 12`.

    Raises:
        ValueError: The tag is not one of YAML's own scalar types, or the text is not of its type.
    """
    name = tag.removeprefix("tag:yaml.org,2002:")
    if name in ("str", "timestamp", "!"):
        return text
    value = resolve(text)
    if name == "float" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    wanted = {"bool": bool, "int": int, "float": float, "null": type(None)}
    if name not in wanted:
        raise ValueError(
            f"found the tag '{tag}', but only !!str, !!int, !!float, !!bool and !!null are known; remove it"
        )
    if type(value) is not wanted[name]:
        raise ValueError(
            f"found '{text[:60]}' after the tag !!{name}, which it is not; remove the tag or mend the value"
        )
    return value


def plain_text(value: object) -> str:
    """Return a resolved scalar as text, as JSON writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else str(value)
