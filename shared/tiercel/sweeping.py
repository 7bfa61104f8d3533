"""Finding what a lost message left: executions that nothing moves any more, though nobody has stopped them.

A message can be lost for good: a subscription that was deleted, a dead-letter topic that nobody reads. Whatever must be
under way follows from the lanes as they stand (`planner/outstanding.py`); what is old enough is sent again.
"""

from __future__ import annotations

from collections.abc import Iterator

from tiercel.archive import envelope
from tiercel.intake import successor_id
from tiercel.lanes import Lanes
from tiercel.model.execution import Execution, Lane, decode_execution
from tiercel.model.messages import KillExecution, RetryExecution, StartExecution
from tiercel.model.states import TERMINAL, State
from tiercel.planner.outstanding import outstanding
from tiercel.ports import Envelope

PATIENCE = 900.0
"""Seconds for which an execution may stand still before somebody looks: longer than a message is tried again."""

MOST = 200
"""Executions that one sweep reads: so many of those that live, and so many of those that have ended."""

_LIVING = (
    State.CREATED,
    State.QUEUED,
    State.RESTARTED,
    State.RUNNING,
    State.RETRYING,
    State.PAUSED,
    State.KILLING,
)


def sweep(lanes: Lanes, patience: float = PATIENCE) -> int:
    """Send again what is missing of the executions that have stood still for a while.

    Args:
        lanes: Where executions are.
        patience: Seconds for which one may stand still.

    Returns:
        How many messages were sent.
    """
    now = lanes.now()
    messages = [each for header in _looked_at(lanes, now - patience) for each in _missing(lanes, header, now, patience)]
    if messages:
        lanes.commit([], messages)
    return len(messages)


def _looked_at(lanes: Lanes, before: float) -> Iterator[Execution]:
    """Yield the executions that live, the oldest first, and the youngest that have ended but may not be done."""
    for stored in lanes.store.query("execution", states=_LIVING, limit=MOST):
        header = decode_execution(stored.body)
        if header.at[0][1] > before:
            break  # in the order of their creation: the rest is younger
        yield header
    for stored in lanes.store.query("execution", states=sorted(TERMINAL), newest_first=True, limit=MOST):
        header = decode_execution(stored.body)
        if header.at[-1][1] <= before and (not header.finished or header.due is not None):
            yield header


def _missing(lanes: Lanes, header: Execution, now: float, patience: float) -> list[Envelope]:
    nonce, before = f"sweep/{int(now)}", now - patience
    if header.state in (State.CREATED, State.QUEUED):
        due = max(header.schedule_date or 0.0, header.at[-1][1])
        return [envelope(StartExecution(header.id, nonce))] if due <= before else []
    if header.state is State.KILLING:
        return [envelope(KillExecution(header.id))] if header.at[-1][1] <= before else []
    if header.state is State.RETRIED:
        due = header.due if header.due is not None else now
        return [envelope(RetryExecution(header.id))] if due <= before and not _is_retried(lanes, header) else []
    flow = lanes.flows.get(header.namespace, header.flow_id, header.revision)
    still = [lane for lane in lanes.stored(header.id).lanes() if _stands_still(lane, now, before)]
    found = [each for lane in still for each in outstanding(flow, lane, nonce)]
    return [envelope(message) for message, due in found if due <= before]


def _stands_still(lane: Lane, now: float, before: float) -> bool:
    """Tell whether nobody walks a lane, and nothing has happened in it for a while."""
    if lane.claim is not None and lane.claim.until > now:
        return False
    latest = max((run.at[-1][1] for run in lane.runs.values()), default=0.0)
    return latest <= before


def _is_retried(lanes: Lanes, header: Execution) -> bool:
    return lanes.stored(successor_id(header)).header() is not None
