"""Instants as texts."""

from __future__ import annotations

from datetime import UTC, datetime


def iso(seconds: float) -> str:
    """Return a stored time (seconds since the epoch) as the API writes it: UTC, microseconds."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
