"""Two texts beside each other, or as one: lines that stay, come and go."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

AROUND = 4
"""Lines that are shown around a change."""

MOST = 5000
"""Lines of a text that are compared."""


@dataclass(frozen=True)
class Line:
    """A line of a comparison."""

    kind: str
    """`same`, `added`, `removed`, or `gap` for lines that are left out."""
    left: int | None = None
    """Its number in the older text."""
    right: int | None = None
    """Its number in the newer text."""
    text: str = ""


def unified(older: str, newer: str) -> list[Line]:
    """Return the lines around the changes, the removed ones before the added ones."""
    left, right = older.splitlines()[:MOST], newer.splitlines()[:MOST]
    found: list[Line] = []
    end = 0
    for group in difflib.SequenceMatcher(None, left, right, autojunk=False).get_grouped_opcodes(AROUND):
        skipped = group[0][1] - end
        if skipped:
            found.append(Line("gap", text=f"{skipped} lines are the same"))
        for tag, i, j, k, m in group:
            found += _lines(tag, left, right, (i, j, k, m))
        end = group[-1][2]
    return found


def _lines(tag: str, left: Sequence[str], right: Sequence[str], place: tuple[int, int, int, int]) -> Iterator[Line]:
    i, j, k, m = place
    if tag == "equal":
        for one, other in zip(range(i, j), range(k, m), strict=True):
            yield Line("same", one + 1, other + 1, left[one])
        return
    for number in range(i, j):
        yield Line("removed", number + 1, None, left[number])
    for number in range(k, m):
        yield Line("added", None, number + 1, right[number])


def side_by_side(lines: Sequence[Line]) -> list[tuple[Line | None, Line | None]]:
    """Return the same lines in pairs: what was removed beside what came in its place."""
    found: list[tuple[Line | None, Line | None]] = []
    gone: list[Line] = []
    come: list[Line] = []
    for line in lines:
        if line.kind == "removed" and not come:
            gone.append(line)
        elif line.kind == "added":
            come.append(line)
        else:
            found += zip_longest(gone, come)
            gone, come = ([line], []) if line.kind == "removed" else ([], [])
            found += [] if line.kind == "removed" else [(line, line)]
    return [*found, *zip_longest(gone, come)]
