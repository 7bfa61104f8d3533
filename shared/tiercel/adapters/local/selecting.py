"""Which documents a query means, as a condition of SQL.

Promise: what a partial index says is said again, so that SQLite uses it.
"""

from __future__ import annotations

from collections.abc import Sequence


def chosen(
    kind: str,
    namespace: str | None,
    within: str | None,
    flow_id: str | None,
    states: Sequence[str],
    owner: str | None,
    since: float | None,
    until: float | None,
) -> tuple[str, list[object]]:
    """Return the condition and its values; see `StateStore.query`."""
    found: list[tuple[str, tuple[object, ...]]] = [("kind = ?", (kind,))]
    for column, value in (("namespace", namespace), ("flow_id", flow_id), ("owner", owner)):
        if value is not None:
            found.append((f"{column} = ?", (value,)))
    if within is not None:  # '/' comes right after '.'
        found.append(("(namespace = ? OR namespace > ? AND namespace < ?)", (within, f"{within}.", f"{within}/")))
    if owner:
        found.append(("owner <> ''", ()))
    if states:
        found.append((f"state IN ({marks(states)})", tuple(states)))
        if "" not in states:
            found.append(("state <> ''", ()))
    if since is not None:
        found.append(("date >= ?", (since,)))
    if until is not None:
        found.append(("date <= ?", (until,)))
    return " AND ".join(text for text, _ in found), [value for _, values in found for value in values]


def marks(values: Sequence[object]) -> str:
    """Return a question mark for each value."""
    return ", ".join("?" * len(values))
