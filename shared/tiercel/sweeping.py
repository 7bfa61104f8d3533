"""Finding what a lost message left: executions that nothing moves any more, though nobody has stopped them.

A message can be lost for good: a subscription that was deleted, a dead-letter topic that nobody reads. Whatever must be
under way follows from the lanes as they stand (`planner/outstanding.py`); what is old enough is sent again.
"""

from __future__ import annotations

from tiercel.archive import envelope
from tiercel.intake import successor_id
from tiercel.lanes import Lanes
from tiercel.model.execution import Execution, Lane, decode_execution
from tiercel.model.messages import KillExecution, RetryExecution, StartExecution
from tiercel.model.states import TERMINAL, State
from tiercel.planner.outstanding import outstanding
from tiercel.ports import Envelope, Stored

PATIENCE = 900.0
"""Seconds for which an execution may stand still before somebody looks: longer than a message is tried again."""

MOST = 200
"""Executions that one sweep reads: so many of those that live, and so many of those that have ended."""

MOST_SPARED = 36
"""Sweeps in a row that spare themselves the look at what has ended: six hours of the function `tick`."""

_LIVING = (
    State.CREATED,
    State.QUEUED,
    State.RESTARTED,
    State.RUNNING,
    State.RETRYING,
    State.PAUSED,
    State.KILLING,
)


class Sweeper:
    """Sweeps again and again; where nothing has happened since nothing was missing, it asks two questions only."""

    def __init__(self, lanes: Lanes, patience: float = PATIENCE) -> None:
        """Begin to sweep.

        Args:
            lanes: Where executions are.
            patience: Seconds for which one may stand still.
        """
        self._lanes = lanes
        self._patience = patience
        self._quiet: tuple[str, int] | None = None
        """The youngest execution, with its version, when all had ended and nothing was missing."""
        self._spared = 0

    def sweep(self) -> int:
        """Send again what is missing of the executions that have stood still for a while; return how many messages."""
        lanes, now = self._lanes, self._lanes.now()
        before = now - self._patience
        living = [decode_execution(each.body) for each in lanes.store.query("execution", states=_LIVING, limit=MOST)]
        youngest = None if living else self._youngest()
        if youngest is not None and youngest == self._quiet and self._spared < MOST_SPARED:
            self._spared += 1
            return 0
        ended = [decode_execution(each.body) for each in self._ended(MOST)]
        still = [header for header in living if header.at[0][1] <= before]
        still += [each for each in ended if each.at[-1][1] <= before and (not each.finished or each.due is not None)]
        messages = [each for header in still for each in _missing(lanes, header, now, self._patience)]
        if messages:
            lanes.commit([], messages)
        is_judged = all(header.at[-1][1] <= before for header in ended)
        self._quiet, self._spared = (youngest if is_judged and not messages else None), 0
        return len(messages)

    def _ended(self, most: int) -> list[Stored]:
        """Return the youngest executions that have ended, perhaps without being done."""
        return self._lanes.store.query("execution", states=sorted(TERMINAL), newest_first=True, limit=most)

    def _youngest(self) -> tuple[str, int] | None:
        return next(((each.key, each.version) for each in self._ended(1)), ("", 0))


def sweep(lanes: Lanes, patience: float = PATIENCE) -> int:
    """Send again what is missing of the executions that have stood still for a while; return how many messages."""
    return Sweeper(lanes, patience).sweep()


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
