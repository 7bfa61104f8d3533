"""Which flows listen to the executions of others: an index that is written with the flows.

Promise: the end of an execution is compared with the index as it is stored then. At other states it is the index as it
was up to a second before, so that an installation where nobody listens sends and reads next to nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from tiercel.model.execution import Execution, Record, encode
from tiercel.model.flow import Flow
from tiercel.model.messages import ExecutionChanged
from tiercel.model.states import TERMINAL, State
from tiercel.ports import Clock, Delete, Index, Put, StateStore, Write

FLOW_TRIGGER = "io.kestra.plugin.core.trigger.Flow"
LOOKED_AT = (*sorted(TERMINAL), State.PAUSED)
"""The states at which a Flow trigger looks where it does not say it."""

GENERATION = "listeners"
"""The document whose version changes with the index."""

FRESH = 1.0
"""Seconds for which the index of a moment ago is good enough, for states in which an execution does not stay."""


class Listener(Record):
    """A flow that has Flow triggers, as the index holds it."""

    namespace: str
    flow_id: str
    revision: int
    states: list[State]
    """The states at which its triggers look."""


_decode = msgspec.json.Decoder(Listener).decode


def listener_key(namespace: str, flow_id: str) -> str:
    """Return the key of a flow's entry in the index."""
    return f"listener/{namespace}/{flow_id}"


def flow_triggers(flow: Flow) -> Iterator[Mapping[str, Any]]:
    """Yield the Flow triggers of a flow that may fire."""
    if not flow.disabled and not flow.deleted:
        yield from (each for each in flow.triggers if each["type"] == FLOW_TRIGGER and each.get("disabled") is not True)


def looked_at(trigger: Mapping[str, Any]) -> set[State]:
    """Return the states at which a Flow trigger looks: those that it names, or that what it depends on names."""
    named = trigger.get("states")
    lists = [named] if named else [each.get("states") for each in trigger.get("dependsOn") or [{}]]
    return {State(name) for listed in lists for name in listed or LOOKED_AT}


def index_writes(flow: Flow, revision: int, at: float, *, is_indexed: bool) -> list[Write]:
    """Return the writes that bring the index up to a flow's new revision: none for a flow that never listened."""
    states = {state for trigger in flow_triggers(flow) for state in looked_at(trigger)}
    key = listener_key(flow.namespace, flow.id)
    if states:
        body = encode(Listener(flow.namespace, flow.id, revision, sorted(states)))
        entry: Write = Put(key, body, Index("listener", flow.namespace, flow.id, "ACTIVE", at))
    elif is_indexed:
        entry = Delete(key)
    else:
        return []
    return [entry, Put(GENERATION, b"{}")]


@dataclass(frozen=True, slots=True)
class _Known:
    """The index as it was read."""

    generation: int
    read_at: float
    listeners: tuple[Listener, ...] = ()
    states: frozenset[State] = frozenset()


class Listeners:
    """Reads the index, as seldom as it can."""

    def __init__(self, store: StateStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._known = _Known(-1, 0.0)

    def forget(self) -> None:
        """Have the index read again: this process has just changed it."""
        self._known = _Known(-1, 0.0)

    def all(self) -> tuple[Listener, ...]:
        """Return the flows that listen, as the index says now."""
        return self._read(self._clock.now().timestamp()).listeners

    def news(self, header: Execution) -> list[ExecutionChanged]:
        """Return what is to be sent because an execution has just entered its state: nothing, where nobody listens.

        The end of an execution is news anyway (`ExecutionEnded`), and its creation is none.
        """
        state = header.state
        if state is State.CREATED or state in TERMINAL or state not in self._recent().states:
            return []
        return [ExecutionChanged(header.id, state, len(header.at))]

    def _recent(self) -> _Known:
        now = self._clock.now().timestamp()
        known = self._known
        if known.generation >= 0 and abs(now - known.read_at) < FRESH:
            return known
        return self._read(now)

    def _read(self, now: float) -> _Known:
        stored = self._store.get([GENERATION])[0]
        generation = 0 if stored is None else stored.version
        known = self._known
        if generation == known.generation:
            known = _Known(generation, now, known.listeners, known.states)
        else:
            found = self._store.query("listener", limit=1_000_000) if generation else ()
            listeners = tuple(_decode(each.body) for each in found)
            known = _Known(generation, now, listeners, frozenset(_states(listeners)))
        self._known = known
        return known


def _states(listeners: Iterable[Listener]) -> Iterator[State]:
    for listener in listeners:
        yield from listener.states
