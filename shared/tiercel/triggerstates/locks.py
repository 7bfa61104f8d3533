"""Unlocking triggers: what happens to a trigger when the execution that it started has completely finished.

Promise: the lock is gone when the execution and its afterExecution are done; a lock whose news was lost is found by
`is_running`, which whoever looks at the trigger asks after a while.
"""

from __future__ import annotations

from tiercel.errors import NotFoundError
from tiercel.intake import successor_id
from tiercel.lanes import Lanes
from tiercel.model.execution import Execution
from tiercel.model.states import State
from tiercel.triggerrecords import DATED, POLLED, TriggerState, trigger_key
from tiercel.triggerstates.changes import TriggerStates


def is_running(lanes: Lanes, execution: str) -> bool:
    """Tell whether an execution, or the one that has taken its place, is not completely finished."""
    found = lanes.stored(execution).header()
    while found is not None and found[0].state is State.RETRIED:
        later = lanes.stored(successor_id(found[0])).header()
        if later is None:
            return True
        found = later
    return found is not None and not found[0].finished


def release(lanes: Lanes, states: TriggerStates, header: Execution) -> None:
    """After an execution has finished: unlock the trigger that started it, disable it where `stopAfter` says so."""
    if not header.finished or header.trigger is None or not _matters(lanes, header):
        return
    first = header.original_id if header.parent_id is None else None  # a retry ends what the first attempt began
    ours = {header.id, first or header.id}

    def free(state: TriggerState) -> bool:
        return _free(state, header, ours, states.now())

    try:
        states.change(trigger_key(header.namespace, header.flow_id, header.trigger.id), free)
    except NotFoundError:
        return  # its flow is gone


def _matters(lanes: Lanes, header: Execution) -> bool:
    """Tell whether the end of an execution means something to the trigger that started it, as its flow says."""
    assert header.trigger is not None
    wanted = (header.trigger.id, header.trigger.type)
    for each in lanes.flows.get(header.namespace, header.flow_id, header.revision).triggers:
        if (each["id"], each["type"]) == wanted:
            return each["type"] in (*DATED, *POLLED) or bool(each.get("stopAfter"))
    return False


def _free(state: TriggerState, header: Execution, ours: set[str], now: float) -> bool:
    """Change a trigger's record; tell whether there was anything to change."""
    changed = False
    if state.execution in ours:
        state.unlock(now)
        changed = True
    if state.backfill is not None and state.backfill.execution in ours:
        state.backfill.execution, state.backfill.look = None, now
        changed = True
    ended = header.at[-1][1]
    if header.state in state.stop_after and not state.disabled and ended >= state.enabled:
        state.disabled, state.updated = True, now
        changed = True
    return changed
