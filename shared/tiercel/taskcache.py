"""What runs of cached tasks gave (`taskCache`): one document each, until its time is over.

Promise: an entry whose time is over is never given. Nothing breaks where an entry is lost: the task runs again.
"""

from __future__ import annotations

from typing import Any

import msgspec

from tiercel.model.execution import Record, encode
from tiercel.ports import Clock, Delete, Index, Put, StateStore, Write

SWEPT = 20
"""How many entries whose time is over a new one takes along."""

_NEVER = 253402300799.0
"""Where in the order of their ends those entries stand that have none: the last second of the year 9999."""


class Kept(Record):
    """What a run gave that succeeded."""

    execution: str
    """The execution that it was part of."""
    folder: str
    """The URI of that execution's folder: the outputs may name files in it."""
    at: float
    """When it was kept, in seconds since the epoch."""
    until: float | None = None
    """From when on it is gone; None for never."""
    outputs: dict[str, Any] | None = None
    outputs_uri: str | None = None
    """Where the outputs lie, where they are too large for a record."""


_decode = msgspec.json.Decoder(Kept).decode


class TaskCache:
    """What runs gave, by the namespace and by a key that says of which task with which properties."""

    def __init__(self, store: StateStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def find(self, namespace: str, key: str) -> Kept | None:
        """Return what an equal run gave, or None where there is none or its time is over."""
        stored = self._store.get([_address(namespace, key)])[0]
        if stored is None:
            return None
        kept = _decode(stored.body)
        return None if self._is_over(kept) else kept

    def keep(self, namespace: str, key: str, kept: Kept) -> None:
        """Keep what a run gave, and let some entries go whose time is over."""
        address = _address(namespace, key)
        oldest = self._store.query("taskcache", limit=SWEPT)
        gone = [stored.key for stored in oldest if stored.key != address and self._is_over(_decode(stored.body))]
        index = Index("taskcache", namespace, date=_NEVER if kept.until is None else kept.until, until=kept.until)
        writes: list[Write] = [Put(address, encode(kept), index), *map(Delete, gone)]
        self._store.commit(writes)

    def _is_over(self, kept: Kept) -> bool:
        return kept.until is not None and kept.until <= self._clock.now().timestamp()


def _address(namespace: str, key: str) -> str:
    return f"taskcache/{namespace}/{key}"
