"""What a list is narrowed to: the flat parameters of older clients and `filters[field][OP]=value` (api.md, 1.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Filter:
    """A tree of conditions."""

    kind: str
    """`and`, `or`, or `is` for a leaf."""
    parts: tuple[Filter, ...] = ()
    field: str = ""
    operation: str = ""
    value: Any = None


FLAT = frozenset(
    """
    q namespace flowId state labels startDate endDate timeRange scope triggerExecutionId childFilter
    minLevel triggerId taskId taskRunId attempt workerId
    """.split()  # noqa: SIM905 - sixty lines otherwise
)


def is_filter(name: str) -> bool:
    """Tell whether a query parameter narrows a list."""
    return name in FLAT or name.startswith("filters[")


def read_filter(given: Mapping[str, list[str]], now: float) -> Filter:
    """Return what the parameters ask for."""
    raise NotImplementedError


Reader = Callable[[str], Any]
"""Gives a record's value of a field."""
