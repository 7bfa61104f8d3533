"""What people do to executions: kill, resume, restart, replay. A command may read the whole execution."""

from __future__ import annotations

from tiercel.archive import envelope, header_index
from tiercel.errors import TransientError
from tiercel.lanes import TRIES, Lanes
from tiercel.model.execution import MAIN_LANE, Lane, LogLine, decode_execution, encode, header_key
from tiercel.model.messages import ExecutionEnded, KillExecution, WalkLane
from tiercel.model.states import TERMINAL, Level, State
from tiercel.planner import killing
from tiercel.planner.walk import Walk, in_epilogue
from tiercel.ports import Refused, Update, Write

_LIVING = tuple(str(state) for state in State if state not in TERMINAL or state is State.RETRIED)
"""The states in which an execution goes on, or another one in its place."""

MOST_CHILDREN = 1_000_000
"""Executions that one kill reaches directly."""


def kill(lanes: Lanes, message: KillExecution) -> None:
    """End an execution and what it waits for; workers of this process are stopped."""
    mark(lanes, message.execution)
    stored = lanes.stored(message.execution)
    begun, header = list(stored.lanes()), stored.header()
    if begun and header is not None:
        flow = lanes.flows.get(header[0].namespace, header[0].flow_id, header[0].revision)
        _end_lanes(lanes, message, [lane for lane in begun if not lane.ended and not in_epilogue(flow, lane)])
    if not begun:
        _kill_unbegun(lanes, message.execution)
    if message.cascade:
        found = lanes.store.query("execution", owner=message.execution, states=_LIVING, limit=MOST_CHILDREN)
        called = [child for stored in found if (child := decode_execution(stored.body)).caller is not None]
        lanes.commit([], [envelope(KillExecution(child.id)) for child in called])


def _end_lanes(lanes: Lanes, message: KillExecution, living: list[Lane]) -> None:
    """End lanes, and the tasks at work in them unless they may go on to their end.

    Where the execution has ended in a state of its own, the last task run that is open ends in it too; others that are
    at work are killed.
    """
    last = max(living, key=_newest) if living and message.interrupts and message.state is not State.KILLED else None
    if last is not None:
        _kill_lane(lanes, message.execution, last.key, message.state)
    if message.interrupts:
        lanes.worker.cancel(message.execution)
    for lane in living:
        at_work = _is_at_work(lane)
        if at_work and not message.interrupts:
            lanes.touch(message.execution, lane.key)
        elif lane is not last:
            _kill_lane(lanes, message.execution, lane.key, State.KILLED if at_work else message.state)


def _newest(lane: Lane) -> float:
    """Return when the newest run of a lane that is open was created, in seconds; 0 when none is open."""
    return max((run.at[0][1] for run in lane.runs.values() if not run.state.is_terminal), default=0.0)


def _is_at_work(lane: Lane) -> bool:
    """Tell whether the task at which a lane's token stands is carried out: by a worker, or by other executions."""
    run = lane.runs.get(lane.current) if lane.current is not None else None
    if run is None or run.state is not State.RUNNING or not run.attempts:
        return False
    return not run.attempts[-1].state.is_terminal


def mark(lanes: Lanes, execution: str) -> None:
    """Put the header into KILLING, so that nothing new begins."""
    for _ in range(TRIES):
        found = lanes.stored(execution).header()
        if found is None or found[0].state.is_terminal or found[0].state is State.KILLING:
            return
        header, version = found
        header.become(State.KILLING, lanes.now())
        header.paused.clear()
        header.suspended.clear()
        header.resting = False
        try:
            update = Update(header_key(execution), encode(header), version, header_index(header))
            lanes.commit([update], lanes.news(header))
        except Refused:
            continue
        return
    raise TransientError(f"execution {execution} is changed by too many at once")


def _kill_unbegun(lanes: Lanes, execution: str) -> None:
    """End an execution that has not begun: it waits for its date, for a slot, or for its first message."""
    found = lanes.stored(execution).header()
    if found is None or found[0].state is not State.KILLING:
        return
    header, version = found
    header.become(State.KILLED, lanes.now())
    header.finished = True
    update = Update(header_key(execution), encode(header), version, header_index(header))
    try:
        lanes.commit([update], [envelope(ExecutionEnded(execution)), *lanes.news(header)])
    except Refused:
        raise TransientError(f"execution {execution} has just begun; it is killed in a moment") from None


def _kill_lane(lanes: Lanes, execution: str, key: str, state: State) -> None:
    def end(walk: Walk) -> None:
        if not walk.in_epilogue():
            _end_lane(walk, state)

    lanes.change_lane(execution, key, end)


def _end_lane(walk: Walk, state: State) -> None:
    killing.kill_lane(walk, state)
    if walk.lane.key == MAIN_LANE:
        killing.end_killed(walk)
        if not walk.lane.ended:
            walk.transition.send(WalkLane(walk.header.id, MAIN_LANE, "epilogue"))


def give_up(lanes: Lanes, execution: str, reason: str) -> None:
    """End an execution whose messages cannot be handled as FAILED, with the reason in its log."""
    for _ in range(TRIES):
        token = lanes.load(execution, MAIN_LANE)
        found = lanes.stored(execution).header()
        if found is None:
            return
        header, version = found
        now = lanes.now()
        header.logs.append(LogLine(now, Level.ERROR, f"the engine cannot go on with this execution: {reason}"))
        messages = []
        if not header.state.is_terminal:
            header.become(State.FAILED, now)
            header.resting = False
            messages.append(envelope(ExecutionEnded(execution)))
        header.finished = True
        writes: list[Write] = [Update(header_key(execution), encode(header), version, header_index(header))]
        if token is not None:
            for run in token.lane.runs.values():
                if not run.state.is_terminal:
                    run.become(State.FAILED, now)
            token.lane.ended, token.lane.current, token.lane.claim = True, None, None
            writes += token.lane_writes()
        try:
            lanes.commit(writes, messages)
        except Refused:
            continue
        return
