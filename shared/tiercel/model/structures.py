"""Structures that come from outside, as plain JSON values, bounded in size and depth.

Promise: what these functions return can be written as JSON; what cannot raises ValueError and nothing else.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

MAX_DEPTH = 200
"""How deep lists and maps may be nested."""
MAX_NODES = 1_000_000
"""How many values a structure may hold: what YAML's aliases expand to counts."""


def parse_json(text: str) -> object:
    """Return what a JSON text says.

    Raises:
        ValueError: It is not JSON, is nested too deeply, or holds NaN or Infinity.
    """
    try:
        return plain(json.loads(text, parse_constant=_refuse_constant))
    except RecursionError:
        raise ValueError(f"it is nested more than {MAX_DEPTH} deep") from None


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not a JSON value")


def plain(value: object) -> object:
    """Return a structure as JSON can write it: keys are texts, dates are ISO texts, tuples are lists.

    Raises:
        ValueError: It is too deep or too large, or holds what JSON cannot say.
    """
    return _Copy().of(value, 0)


def deep_merge(old: object, new: object) -> object:
    """Return a structure with another one laid over it: maps are merged, anything else is replaced."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return {**old, **{name: deep_merge(old.get(name), value) for name, value in new.items()}}
    return new


class _Copy:
    """One walk through a structure, counting."""

    def __init__(self) -> None:
        self.left = MAX_NODES

    def of(self, value: object, depth: int) -> object:
        self.count(depth)
        if isinstance(value, str):
            return well_formed(value)
        if value is None or isinstance(value, bool | int):
            return value
        if isinstance(value, float):
            return finite(value)
        if isinstance(value, Mapping):
            return {well_formed(str(key)): self.of(item, depth + 1) for key, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.of(item, depth + 1) for item in value]
        return iso_text(value)

    def count(self, depth: int) -> None:
        self.left -= 1
        if depth > MAX_DEPTH:
            raise ValueError(f"it is nested more than {MAX_DEPTH} deep")
        if self.left < 0:
            raise ValueError(f"it holds more than {MAX_NODES} values")


def finite(value: float) -> float:
    """Return the number, or raise ValueError for NaN and the infinities, which JSON cannot say."""
    if not math.isfinite(value):
        raise ValueError(f"{value} is not a finite number")
    return value


def well_formed(text: str) -> str:
    """Return the text, or raise ValueError where it holds half of a surrogate pair, which UTF-8 cannot say."""
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise ValueError(f"the character at {error.start} is half of a surrogate pair") from None
    return text


def iso_text(value: object) -> str:
    """Return a text, or a date or time as its ISO text; raise ValueError for anything else."""
    if isinstance(value, str):
        return well_formed(value)
    form = getattr(value, "isoformat", None)
    if callable(form) and not isinstance(value, type):
        return str(form())
    raise ValueError(f"a text is wanted, not {java_name(value)}")


def java_name(value: object) -> str:
    """Return the simple name of the Java class that flow authors know a value by; `<null>` for None."""
    if isinstance(value, int) and not isinstance(value, bool):
        return "Integer" if -(2**31) <= value < 2**31 else "Long"
    names = {type(None): "<null>", bool: "Boolean", float: "Double", str: "String", list: "ArrayList"}
    return names.get(type(value), "LinkedHashMap" if isinstance(value, Mapping) else type(value).__name__)
