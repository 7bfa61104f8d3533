"""Records as rows of columns: the first record says which columns there are, and values stand below their names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from tiercel.errors import TaskError
from tiercel.model.states import Level
from tiercel.ports import RunContext


def table(ctx: RunContext, found: Iterator[object], uri: str, *, header: bool) -> Iterator[Sequence[object]]:
    """Yield the names of the columns, if they are wanted, then the values of each record.

    Args:
        ctx: The attempt; its log says once of each name that the first record does not have.
        found: The records.
        uri: Where they come from, for errors.
        header: Whether the names are wanted.

    Raises:
        TaskError: A record is not of the kind of the first, or names are wanted of lists.
    """
    first = next(found, None)
    if first is None:
        return
    columns = list(first) if isinstance(first, Mapping) else None
    if header:
        if columns is None:
            raise TaskError(
                f"the first record of '{uri}' is {_kind(first)} and has no names; set header: false", retryable=False
            )
        yield columns
    yield from _values(ctx, chain([first], found), uri, columns)


def _values(
    ctx: RunContext, found: Iterable[object], uri: str, columns: Sequence[str] | None
) -> Iterator[Sequence[object]]:
    known = set(columns or ())
    for number, row in enumerate(found, 1):
        if isinstance(row, Mapping) and columns is not None:
            if extra := sorted(row.keys() - known):
                ctx.log(f"record {number} has {extra}, which the first one has not; they are left out", Level.WARN)
                known.update(extra)
            yield [row.get(name) for name in columns]
        elif isinstance(row, list) and columns is None:
            yield row
        else:
            wanted = "a list" if columns is None else "a map"
            raise TaskError(
                f"record {number} of '{uri}' is {_kind(row)}, wanted {wanted} like the first", retryable=False
            )


def _kind(value: object) -> str:
    if isinstance(value, list | Mapping):
        return "a list" if isinstance(value, list) else "a map"
    return f"{value!r:.60}"
