"""The windows in which Flow triggers gather what has happened: one document each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from tiercel.model.execution import Record, encode
from tiercel.model.flow import Flow
from tiercel.ports import Create, Index, StateStore, Update, Write
from tiercel.triggers.flow import Gathering

MET = 10
"""How many of the latest windows in which everything has happened are remembered."""

REMEMBERED = 200
"""How many of the latest changes a window remembers, so that one which is told again is not taken in again."""


class Part(Record):
    """What made an entry true, the last time."""

    at: float
    """When, in seconds since the epoch."""
    outputs: dict[str, Any] | None = None


class Window(Record):
    """What has been gathered so far."""

    start: float = 0.0
    """Seconds since the epoch."""
    end: float = -1.0
    """Before its start while there is nothing in it."""
    held: list[str] = msgspec.field(default_factory=list)
    """The entries that have been true."""
    outputs: dict[str, Any] | None = None
    """The outputs of the executions that made them true, merged deeply."""
    parts: dict[str, Part] = msgspec.field(default_factory=dict)
    """What each entry gave, where entries stay true for a time of their own."""
    events: list[str] = msgspec.field(default_factory=list)
    """The latest changes that were taken in, oldest first."""
    met: list[float] = msgspec.field(default_factory=list)
    """The ends of the latest windows in which everything has happened, oldest first."""


_decode = msgspec.json.Decoder(Window).decode


@dataclass(frozen=True)
class Change:
    """A change of an execution, as a window takes it in."""

    event: str
    when: float
    entries: set[str]
    """The entries that it makes true."""
    outputs: Mapping[str, Any] | None


@dataclass(frozen=True)
class StoredWindow:
    """A window with its place in the store."""

    key: str
    version: int
    window: Window

    def write(self, flow: Flow) -> Write:
        """Return the write that keeps the window, if nobody has changed it meanwhile."""
        index = Index("window", flow.namespace, flow.id, "", self.window.end)
        body = encode(self.window)
        return Update(self.key, body, self.version, index) if self.version else Create(self.key, body, index)


def load(store: StateStore, flow: Flow, trigger: str, gathering: str) -> StoredWindow:
    """Return a trigger's window, an empty one where there is none yet."""
    key = f"window/{flow.namespace}/{flow.id}/{trigger}/{gathering}"
    stored = store.get([key])[0]
    return StoredWindow(key, 0, Window()) if stored is None else StoredWindow(key, stored.version, _decode(stored.body))


def take_in(window: Window, gathering: Gathering, change: Change) -> None:
    """Take a change into a window.

    One that lies outside of the times of the day that the window has, or before the window that is gathered now, is
    left out.
    """
    window.events = [*window.events, change.event][-REMEMBERED:]
    if gathering.lookback is not None:
        _look_back(window, gathering, change, gathering.lookback.total_seconds())
        return
    if not _place(window, gathering, change.when):
        return
    window.held = sorted({*window.held, *change.entries} & gathering.entries.keys())
    merge = merged(window.outputs, change.outputs)
    window.outputs = merge if isinstance(merge, dict) else None


def is_complete(window: Window, gathering: Gathering, when: float) -> bool:
    """Tell whether everything has happened within the window, and the window still lasts."""
    return window.start <= when <= window.end and gathering.is_met(window.held)


def fulfil(window: Window, *, reset: bool) -> None:
    """Note that everything has happened; let it have to happen again where that is wanted."""
    if window.end not in window.met:
        window.met = [*window.met, window.end][-MET:]
    if reset:
        empty(window)


def is_met(window: Window, end: datetime) -> bool:
    """Tell whether everything has happened within the window that ends then."""
    return any(abs(each - end.timestamp()) < 0.5 for each in window.met)


def empty(window: Window) -> None:
    """Let everything have to happen again; which changes were taken in stays known."""
    window.start, window.end, window.held, window.outputs, window.parts = 0.0, -1.0, [], None, {}


def _look_back(window: Window, gathering: Gathering, change: Change, seconds: float) -> None:
    """Take a change in; entries leave that have been true too long ago, seen from the latest one."""
    outputs = None if change.outputs is None else dict(change.outputs)
    for entry in change.entries:
        if entry not in window.parts or window.parts[entry].at <= change.when:
            window.parts[entry] = Part(change.when, outputs)
    since = max((part.at for part in window.parts.values()), default=0.0) - seconds
    kept = {entry: part for entry, part in window.parts.items() if part.at >= since and entry in gathering.entries}
    in_order = sorted(kept.values(), key=lambda part: part.at)
    window.parts, window.held, found = kept, sorted(kept), None
    for part in in_order:
        found = merged(found, part.outputs)
    window.outputs = found if isinstance(found, dict) else None
    window.start = in_order[0].at if in_order else 0.0
    window.end = window.start + seconds


def _place(window: Window, gathering: Gathering, when: float) -> bool:
    """Bring the window to where a change lies; tell whether the change is in it."""
    if window.start <= when <= window.end:
        return True
    first, last = (moment.timestamp() for moment in gathering.window.span(datetime.fromtimestamp(when, UTC)))
    if not first <= when <= last:
        return False
    if when < window.start:
        if last < window.start:
            return False  # it comes too late: a later window is being gathered
        window.start, window.end = first, last  # told out of order: the window began with it
        return True
    window.start, window.end, window.held, window.outputs = first, last, [], None
    return True


def merged(old: object, new: object) -> object:
    """Return two structures merged deeply; where both say something, the new one holds."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return {**old, **{name: merged(old.get(name), value) for name, value in new.items()}}
    return old if new is None else new
