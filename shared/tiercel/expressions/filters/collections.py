"""Filters on lists and maps.

Promise: the results are new; a list of the caller is never changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time, timedelta

from tiercel.errors import ExpressionError
from tiercel.expressions.frame import Frame
from tiercel.expressions.operators import equal
from tiercel.expressions.printing import java_text
from tiercel.expressions.routines import filter_named, integer_argument, text_argument
from tiercel.expressions.values import Long, MapEntry, OwnList, describe, elements, is_collection, is_number


@filter_named("first")
def first(value: object) -> object:
    """Return the first element or character; null for an empty list."""
    return _end(value, 0, "first")


@filter_named("last")
def last(value: object) -> object:
    """Return the last element or character; null for an empty list."""
    return _end(value, -1, "last")


def _end(value: object, position: int, name: str) -> object:
    if isinstance(value, str):
        if not value:
            raise ExpressionError(f"The '{name}' filter needs a string that is not empty")
        return value[position]
    items = value if isinstance(value, list | tuple) else elements(value, f"The '{name}' filter")
    return items[position] if items else None


@filter_named("length", takes_null=True)
def length(value: object) -> int:
    """Return the number of characters or elements; 0 for everything else."""
    if isinstance(value, str):
        return len(value.encode("utf-16-be", "surrogatepass")) // 2 if not value.isascii() else len(value)
    return len(value) if isinstance(value, Mapping | list | tuple | set | frozenset) else 0


@filter_named("join", parameters="separator", framed=True)
def join(frame: Frame, value: object, separator: object = None) -> str:
    """Join the Java texts of the elements."""
    glue = "" if separator is None else text_argument(separator, "separator")
    items = elements(value, "The 'join' filter")
    frame.budget.spend(len(items))
    texts = [java_text(one, frame.budget) for one in items]
    frame.budget.hold(len(glue) * len(texts) * 4)
    return glue.join(texts)


@filter_named("reverse")
def reverse(value: object) -> object:
    """Return the elements in reverse order."""
    if not isinstance(value, list | tuple):
        raise ExpressionError(f"The 'reverse' filter needs a list, found {describe(value)}")
    return OwnList(reversed(value))


@filter_named("sort")
def sort(value: object) -> object:
    """Return the elements in their natural order."""
    return _sorted(value, "sort", descending=False)


@filter_named("rsort")
def rsort(value: object) -> object:
    """Return the elements in reverse natural order."""
    return _sorted(value, "rsort", descending=True)


def _sorted(value: object, name: str, *, descending: bool) -> OwnList:
    items = elements(value, f"The '{name}' filter")
    if all(isinstance(one, str) for one in items):
        return OwnList(sorted(items, key=_code_units, reverse=descending))
    for kinds in ((int, float), (date,), (time,), (timedelta,)):
        if all(isinstance(one, kinds) and is_number(one) == (kinds == (int, float)) for one in items):
            return OwnList(sorted(items, reverse=descending))  # type: ignore[type-var]  # of one kind
    odd = next((one for one in items if describe(one) != describe(items[0])), None)
    raise ExpressionError(f"The '{name}' filter cannot compare {describe(items[0])} and {describe(odd)}")


def _code_units(text: object) -> bytes:
    return str(text).encode("utf-16-be", "surrogatepass")


@filter_named("merge", parameters="items", required=1, takes_null=True)
def merge(value: object, items: object) -> object:
    """Return both lists or maps in one; the right side wins, and null adds nothing."""
    if value is None or items is None:
        return items if value is None else value
    if isinstance(value, Mapping):
        return {**value, **_as_map(items)}
    own = elements(value, "The 'merge' filter")
    if isinstance(items, Mapping):
        return OwnList([*own, *(MapEntry(key, child) for key, child in items.items())])
    return OwnList([*own, *elements(items, "The argument 'items' of 'merge'")])


def _as_map(items: object) -> Mapping[object, object]:
    if isinstance(items, Mapping):
        return items
    return {one: one for one in elements(items, "The argument 'items' of 'merge'")}


@filter_named("slice", parameters="fromIndex toIndex")
def cut(value: object, from_index: object = None, to_index: object = None) -> object:
    """Return a part of a string or list."""
    if not isinstance(value, str | list | tuple):
        raise ExpressionError(f"The 'slice' filter needs a string or a list, found {describe(value)}")
    start = integer_argument(from_index, "fromIndex", 0)
    end = integer_argument(to_index, "toIndex", len(value))
    if start < 0 or end > len(value) or start >= end:
        raise ExpressionError(f"The 'slice' from {start} to {end} lies outside 0 to {len(value)} or is empty")
    return value[start:end] if isinstance(value, str) else OwnList(value[start:end])


@filter_named("chunk", parameters="size", required=1)
def chunk(value: object, size: object) -> object:
    """Return lists of `size` elements each."""
    items = elements(value, "The 'chunk' filter")
    count = integer_argument(size, "size")
    if count < 1:
        raise ExpressionError(f"The argument 'size' must be at least 1, found {count}")
    return OwnList(OwnList(items[start : start + count]) for start in range(0, len(items), count))


@filter_named("flatten", framed=True)
def flatten(frame: Frame, value: object) -> object:
    """Return the elements with inner lists opened, one level."""
    flat = OwnList()
    for one in elements(value, "The 'flatten' filter"):
        inner = elements(one, "") if is_collection(one) else [one]
        frame.budget.hold_list(len(inner))
        flat.extend(inner)
    return flat


@filter_named("distinct", takes_null=True, framed=True)
def distinct(frame: Frame, value: object) -> object:
    """Return each element once; the text `null` for null."""
    if value is None:
        return "null"
    seen: set[object] = set()
    structures: list[object] = []
    kept = OwnList()
    items = elements(value, "The 'distinct' filter")
    frame.budget.spend(2 * len(items))
    for item in items:
        if isinstance(item, Mapping | list | tuple | set | MapEntry):
            if any(equal(item, other, frame.budget) for other in structures):
                continue
            structures.append(item)
        else:
            key = (type(item) in (int, Long), type(item) if not isinstance(item, int) else bool, item)
            if key in seen:
                continue
            seen.add(key)
        kept.append(item)
    return kept


@filter_named("keys")
def keys(value: object) -> object:
    """Return the keys of a map, or the indices of a list."""
    if isinstance(value, Mapping):
        return OwnList(value)
    if isinstance(value, list | tuple):
        return OwnList(range(len(value)))
    raise ExpressionError(f"The 'keys' filter needs a map or a list, found {describe(value)}")


@filter_named("values")
def values(value: object) -> object:
    """Return the values of a map."""
    if isinstance(value, Mapping):
        return OwnList(value.values())
    raise ExpressionError(f"The 'values' filter needs a map, found {describe(value)}")


@filter_named("default", parameters="default", takes_null=True)
def default(value: object, default: object = None) -> object:
    """Stand for the filter that the compiler builds itself: only it can catch what is missing."""
    return default if value is None else value
