"""Pausing an execution as a whole: what runs goes on, nothing new begins, until somebody lets it go on.

The header says so, and a token reads it whenever it loads. Promise: a pause is there when the command returns, and no
end of it leaves a token standing. A branch that was being opened at the very moment of the pause may still begin.
"""

from __future__ import annotations

from contextlib import suppress

from tiercel.archive import envelope
from tiercel.errors import ConflictError, NotFoundError, TransientError
from tiercel.lanes import Lanes
from tiercel.model.execution import Execution, Lane
from tiercel.model.messages import EndRest, Message, RestLanes, WalkLane
from tiercel.model.states import State


def pause(lanes: Lanes, execution: str) -> None:
    """Pause a running execution: its running tasks go on, no new task run begins.

    Raises:
        NotFoundError: There is no such execution.
        ConflictError: It is not RUNNING.
    """

    def change(header: Execution) -> list[Message]:
        if header.state is not State.RUNNING:
            raise ConflictError(f"execution {execution} is {header.state}; only one that is RUNNING can be paused")
        header.become(State.PAUSED, lanes.now())
        header.resting = True
        return [RestLanes(execution, len(header.at))]

    lanes.change_header(execution, change)
    with suppress(TransientError):  # the message does it again, and it alone where this process dies here
        _hold(lanes, execution)


def hold_lanes(lanes: Lanes, message: RestLanes) -> None:
    """Have every token look at the header again, where the execution still rests."""
    found = lanes.stored(message.execution).header()
    if found is not None and found[0].resting:
        _hold(lanes, message.execution)


def _hold(lanes: Lanes, execution: str) -> None:
    """Write every lane as it is: a token that walks without having seen the pause is refused, and looks again."""
    for lane in list(lanes.stored(execution).lanes()):
        if not lane.ended:
            lanes.touch(execution, lane.key)


def go_on(lanes: Lanes, message: EndRest) -> None:
    """End the rest, then have every lane walked whose token stands between two tasks; on a repeat, only the latter."""

    def change(header: Execution) -> list[Message] | None:
        if not header.resting or len(header.at) != message.number:
            return None
        header.resting = False
        header.become(header.stands, lanes.now())
        return []

    try:
        lanes.change_header(message.execution, change)
    except NotFoundError:
        return  # somebody has removed the execution
    standing = [lane for lane in lanes.stored(message.execution).lanes() if _stands(lane)]
    nonce = f"rest/{message.number}"
    lanes.commit([], [envelope(WalkLane(message.execution, lane.key, nonce)) for lane in standing])


def _stands(lane: Lane) -> bool:
    """Tell whether a lane's token waits only because of the rest: not inside a task, and not for a branch."""
    if lane.ended or lane.current is None:
        return not lane.ended
    return lane.runs[lane.current].state in (State.CREATED, State.RESTARTED, State.BREAKPOINT)
