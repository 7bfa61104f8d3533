"""Which documents a query means, as a condition of SQL.

Promise: what a partial index says is said again, so that SQLite uses it.
"""

from __future__ import annotations

from collections.abc import Sequence

from tiercel.ports import Where


def chosen(kind: str, where: Where) -> tuple[str, list[object]]:
    """Return the condition and its values."""
    found: list[tuple[str, tuple[object, ...]]] = [("kind = ?", (kind,))]
    for column, value in (
        ("namespace", where.get("namespace")),
        ("flow_id", where.get("flow_id")),
        ("owner", where.get("owner")),
    ):
        if value is not None:
            found.append((f"{column} = ?", (value,)))
    if (within := where.get("within")) is not None:  # '/' comes right after '.'
        found.append(("(namespace = ? OR namespace > ? AND namespace < ?)", (within, f"{within}.", f"{within}/")))
    if where.get("owner"):
        found.append(("owner <> ''", ()))
    if states := where.get("states"):
        found.append((f"state IN ({marks(states)})", tuple(states)))
        if "" not in states:
            found.append(("state <> ''", ()))
    if (since := where.get("since")) is not None:
        found.append(("date >= ?", (since,)))
    if (until := where.get("until")) is not None:
        found.append(("date <= ?", (until,)))
    return " AND ".join(text for text, _ in found), [value for _, values in found for value in values]


def marks(values: Sequence[object]) -> str:
    """Return a question mark for each value."""
    return ", ".join("?" * len(values))
