"""What becomes of a statement's rows: nothing, one row, all rows, or a record file."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from tiercel.model.plugin import Outputs
from tiercel.ports import Metric, RunContext
from tiercel.tasks import records
from tiercel.tasks.jdbc.session import Result


class FetchType(StrEnum):
    """What a query gives back."""

    NONE = "NONE"
    """Nothing; the statement still runs to its end."""
    FETCH_ONE = "FETCH_ONE"
    """The first row."""
    FETCH = "FETCH"
    """All rows, as an output: keep it small."""
    STORE = "STORE"
    """A record file with all rows."""


class Rows(Outputs):
    """What one statement gives."""

    row: dict[str, Any] | None
    """With FETCH_ONE the first row, null where there is none."""
    rows: list[dict[str, Any]]
    """With FETCH all rows."""
    uri: str
    """With STORE the URI of the file with all rows."""
    size: int
    """How many rows these are; absent with NONE."""
    update_count: int
    """How many rows a statement changed that gives none back."""


class RowLists(Outputs):
    """What several statements give."""

    outputs: list[dict[str, Any]]
    """For each statement that gives rows back, what `fetchType` asks for: `row`, `rows` or `uri`, with `size`."""


def take(ctx: RunContext, result: Result, fetch_type: FetchType) -> dict[str, object]:
    """Read a result to its end and return the outputs that the fetch type asks for."""
    if result.rows is None:
        return {} if result.update_count is None else {"updateCount": result.update_count}
    rows = (dict(zip(result.columns, row, strict=True)) for row in result.rows)
    outputs: dict[str, object] = {}
    if fetch_type is FetchType.NONE:
        deque(rows, maxlen=0)
        return outputs
    if fetch_type is FetchType.FETCH_ONE:
        outputs = _first(rows)
    elif fetch_type is FetchType.FETCH:
        found = [records.plain(row) for row in rows]
        outputs = {"rows": found, "size": len(found)}
    else:
        uri, size = records.store(ctx, rows, "rows.ion")
        outputs = {"uri": uri, "size": size}
    stored = fetch_type is FetchType.STORE
    tags = {"fetch": str(not stored).lower(), "store": str(stored).lower()}
    ctx.metric(Metric("fetch.size", float(str(outputs["size"])), tags=tags))
    return outputs


def _first(rows: Iterator[dict[str, object]]) -> dict[str, object]:
    """Return the first row, and run the statement to its end: what it does must not depend on what is kept."""
    first = next(rows, None)
    deque(rows, maxlen=0)
    return {"row": records.plain(first), "size": 0 if first is None else 1}
