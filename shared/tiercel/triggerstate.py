"""How triggers stand beside what their flows say of them: one document for each trigger that was ever changed.

Promise: a trigger that was disabled here starts nothing until it is enabled here, whatever revision its flow has. A
trigger with another id is another trigger.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from tiercel.errors import NotFoundError, TransientError
from tiercel.flows import FlowStore
from tiercel.model.execution import Record, encode
from tiercel.model.flow import Flow
from tiercel.ports import Clock, Create, Index, Refused, StateStore, Update, Write

_TRIES = 8
"""How often a change that others overtook is made again."""


class TriggerState(Record):
    """How a trigger stands."""

    namespace: str
    flow_id: str
    trigger: str
    disabled: bool = False
    """Whether it was told to start nothing."""


_decode = msgspec.json.Decoder(TriggerState).decode


def trigger_key(namespace: str, flow_id: str, trigger: str) -> str:
    """Return where a trigger's state is stored."""
    return f"trigger/{namespace}/{flow_id}/{trigger}"


def trigger_of(flow: Flow, trigger_id: str) -> Mapping[str, Any]:
    """Return one trigger of a flow, as authored.

    Raises:
        NotFoundError: There is no such trigger; the text names those that there are.
    """
    for properties in flow.triggers:
        if properties["id"] == trigger_id:
            return properties
    known = ", ".join(str(each["id"]) for each in flow.triggers) or "none"
    raise NotFoundError(f"flow {flow.namespace}.{flow.id} has no trigger '{trigger_id}'; its triggers: {known}")


def is_disabled(store: StateStore, flow: Flow, trigger: str) -> bool:
    """Tell whether a trigger was told to start nothing."""
    stored = store.get([trigger_key(flow.namespace, flow.id, trigger)])[0]
    return stored is not None and _decode(stored.body).disabled


class StoredTriggers:
    """Implements `tiercel.tasks.core.services.Triggers`."""

    def __init__(self, store: StateStore, flows: FlowStore, clock: Clock) -> None:
        self._store = store
        self._flows = flows
        self._clock = clock

    def toggle(self, namespace: str, flow_id: str, trigger: str, *, enabled: bool) -> bool:
        """Let a trigger start executions, or not; tell whether it does from now on."""
        properties = trigger_of(self._flows.latest(namespace, flow_id), trigger)
        key = trigger_key(namespace, flow_id, trigger)
        index = Index("trigger", namespace, flow_id, "" if enabled else "DISABLED", self._clock.now().timestamp())
        for _ in range(_TRIES):
            stored = self._store.get([key])[0]
            state = TriggerState(namespace, flow_id, trigger) if stored is None else _decode(stored.body)
            state.disabled = not enabled
            body = encode(state)
            write: Write = Create(key, body, index) if stored is None else Update(key, body, stored.version, index)
            try:
                self._store.commit([write])
            except Refused:
                continue
            return enabled and properties.get("disabled") is not True
        raise TransientError(f"the state of trigger '{trigger}' of {flow_id} is changed by too many at once")
