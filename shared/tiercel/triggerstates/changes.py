"""How triggers stand beside what their flows say of them, and changing that.

Promise: a trigger that was disabled here starts nothing until it is enabled here, whatever revision its flow has; a
change is made on what is stored then, and never undoes what others did meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tiercel.archive import envelope
from tiercel.errors import NotFoundError, TransientError
from tiercel.flows import FlowStore
from tiercel.model.flow import Flow
from tiercel.ports import Clock, Refused, StateStore
from tiercel.triggerrecords import TriggerState, decode_state, go_on, state_write, trigger_key

_TRIES = 20
"""How often a change that others overtook is made again."""

_RECOVER = {True: "ALL", False: "NONE"}


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
    return stored is not None and decode_state(stored.body).disabled


class TriggerStates:
    """Reads and changes the records of triggers."""

    def __init__(self, store: StateStore, flows: FlowStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self.flows = flows

    def now(self) -> float:
        """Return the time in seconds since the epoch."""
        return self._clock.now().timestamp()

    def read(self, key: str) -> tuple[TriggerState, int] | None:
        """Return a record and its version; None where there is none."""
        stored = self._store.get([key])[0]
        return None if stored is None else (decode_state(stored.body), stored.version)

    def save(self, state: TriggerState, version: int, *, wake: bool = True) -> int:
        """Store a record that was read in a version; return the new one.

        Args:
            state: The record.
            version: As which it was read.
            wake: Whether somebody is to look at it where it is due already; the caller does so himself otherwise.

        Raises:
            Refused: Somebody else has changed it.
        """
        is_due = state.due <= self.now()
        messages = [envelope(state.message())] if is_due and wake else []
        [reply] = self._store.commit([state_write(state, version)], messages)
        if not is_due:
            self.flows.alarm.ring(state.due)
        return reply.version

    def change(self, key: str, change: Callable[[TriggerState], bool | None]) -> TriggerState:
        """Change a record as it is stored now; return it.

        Args:
            key: The record's key.
            change: Changes it; may say False to leave it, or raise.

        Raises:
            NotFoundError: There is no such record.
            TransientError: Too many change it at once.
        """
        for _ in range(_TRIES):
            found = self.read(key)
            if found is None:
                raise NotFoundError(f"there is no trigger '{key.partition('/')[2]}' (namespace/flow/trigger)")
            state, version = found
            if change(state) is False:
                return state
            try:
                self.save(state, version)
            except Refused:
                continue
            return state
        raise TransientError(f"the state of trigger '{key}' is changed by too many at once")

    def enable(
        self, namespace: str, flow_id: str, trigger: str, *, enabled: bool, recover: bool | None = None
    ) -> TriggerState:
        """Let a trigger start executions, or not; return its record. Raises as `change`.

        Args:
            namespace: The flow's namespace.
            flow_id: The flow.
            trigger: Its trigger.
            enabled: Whether it starts executions.
            recover: Whether the dates meanwhile are made up for; None as the trigger says.
        """

        def switch(state: TriggerState) -> bool:
            now = self.now()
            if state.disabled is not enabled:
                return False
            state.disabled, state.updated = not enabled, now
            if enabled:
                state.enabled = now
                self._go_on(state, now, recover)
            return True

        return self.change(trigger_key(namespace, flow_id, trigger), switch)

    def _go_on(self, state: TriggerState, now: float, recover: bool | None) -> None:
        if state.timing and state.revision:
            own = trigger_of(self.flows.get(state.namespace, state.flow_id, state.revision), state.trigger)
            go_on(state, own if recover is None else {**own, "recoverMissedSchedules": _RECOVER[recover]}, now)
        if state.backfill is not None:
            state.backfill.look = now


class StoredTriggers:
    """Implements `tiercel.tasks.core.services.Triggers`."""

    def __init__(self, states: TriggerStates) -> None:
        self._states = states

    def toggle(self, namespace: str, flow_id: str, trigger: str, *, enabled: bool) -> bool:
        """Let a trigger start executions, or not; tell whether it does from now on."""
        properties = trigger_of(self._states.flows.latest(namespace, flow_id), trigger)
        self._states.enable(namespace, flow_id, trigger, enabled=enabled)
        return enabled and properties.get("disabled") is not True
