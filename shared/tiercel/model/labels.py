"""Labels as expressions see them, and how one takes the place of another (flow specification, 1.5)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Label = tuple[str, str]
"""A key and its value."""


def nested_labels(labels: Iterable[Label]) -> dict[str, object]:
    """Return labels as a map in which a dotted key is nested; of a key that stands twice the first one holds.

    What another key bars is left out: `a.b` after `a`.
    """
    found: dict[str, object] = {}
    for name, value in labels:
        *path, last = name.split(".")
        place: dict[str, object] | None = found
        for part in path:
            inner = place.setdefault(part, {}) if place is not None else None
            place = inner if isinstance(inner, dict) else None
        if place is not None:
            place.setdefault(last, value)
    return found


def merged_labels(labels: Sequence[Label], more: Iterable[Label]) -> list[Label]:
    """Return labels with others added; one of the same key is replaced where it stands, and stands once from then."""
    new = dict(more)
    kept: dict[str, list[Label]] = {}
    for key, value in labels:
        kept[key] = [(key, new[key])] if key in new else [*kept.get(key, []), (key, value)]
    kept.update({key: [(key, value)] for key, value in new.items()})
    return [label for group in kept.values() for label in group]
