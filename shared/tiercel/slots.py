"""How many executions of a flow run at once: slots are derived from the executions, never counted by hand.

The fence is a document that says nothing; whoever takes a slot, waits for one or gives one back writes it. So of two
that looked at the same time, one looks again.
"""

from __future__ import annotations

from tiercel.archive import envelope, header_index
from tiercel.errors import ConflictError, NotFoundError, TransientError
from tiercel.lanes import TRIES, Lanes
from tiercel.model.execution import Execution, LogLine, decode_execution, encode, header_key
from tiercel.model.flow import Concurrency
from tiercel.model.messages import ExecutionEnded, Message, StartExecution
from tiercel.model.states import Level, State
from tiercel.ports import Create, Put, Refused, Update, Write

HOLDS = (State.RUNNING, State.PAUSED, State.BREAKPOINT, State.RESTARTED, State.RETRYING, State.KILLING)
"""The states in which an execution has a slot; a paused one keeps it."""


def _fence(namespace: str, flow_id: str) -> str:
    return f"slots/{namespace}/{flow_id}"


def limit_of(lanes: Lanes, header: Execution) -> Concurrency | None:
    """Return the limit that holds for an execution's flow now: that of the latest revision."""
    try:
        return lanes.flows.latest(header.namespace, header.flow_id).concurrency
    except NotFoundError:
        return None


def enter(lanes: Lanes, execution: str) -> tuple[Execution, int] | None:
    """Take a slot for an execution that is to begin.

    Returns:
        Its header and version when it may run; None when it waits, or was ended because none is free.
    """
    for _ in range(TRIES):
        found = lanes.stored(execution).header()
        if found is None or found[0].state.is_terminal or found[0].state is State.KILLING:
            return None
        header, version = found
        limit = limit_of(lanes, header)
        if (limit is None and header.state is not State.QUEUED) or header.state not in (State.CREATED, State.QUEUED):
            return header, version
        try:
            return _enter(lanes, header, version, limit)
        except Refused:
            continue
    raise TransientError(f"the slots of {execution}'s flow are taken by too many at once")


def _enter(lanes: Lanes, header: Execution, version: int, limit: Concurrency | None) -> tuple[Execution, int] | None:
    fence = lanes.store.get([_fence(header.namespace, header.flow_id)])[0]
    messages: list[Message] = []
    if limit is None or _taken(lanes, header) < limit.limit:
        header.become(State.RUNNING, lanes.now())
    elif header.state is State.QUEUED:
        return None
    else:
        messages = _turned_away(lanes, header, limit)
    key = _fence(header.namespace, header.flow_id)
    guard: Write = Update(key, b"{}", fence.version) if fence is not None else Create(key, b"{}")
    update = Update(header_key(header.id), encode(header), version, header_index(header))
    replies = lanes.commit([guard, update], [envelope(message) for message in messages] + lanes.news(header))
    return (header, replies[1].version) if header.state is State.RUNNING else None


def _taken(lanes: Lanes, header: Execution) -> int:
    found = lanes.store.query("execution", namespace=header.namespace, flow_id=header.flow_id, states=HOLDS)
    return sum(stored.key != header_key(header.id) for stored in found)


def _turned_away(lanes: Lanes, header: Execution, limit: Concurrency) -> list[Message]:
    """Put an execution for which no slot is free into the state that the flow asks for."""
    now = lanes.now()
    if limit.behavior == "QUEUE":
        header.become(State.QUEUED, now)
        return []
    text = f"the concurrency limit of {limit.limit} is exceeded"
    header.logs.append(LogLine(now, Level.ERROR if limit.behavior == "FAIL" else Level.INFO, text))
    header.become(State.FAILED if limit.behavior == "FAIL" else State.CANCELLED, now)
    header.finished = True
    return [ExecutionEnded(header.id)]


def unqueue(lanes: Lanes, execution: str, state: State = State.RUNNING) -> None:
    """Take an execution out of the queue, whatever the limit says.

    Args:
        lanes: Where executions are.
        execution: The execution's id.
        state: How it leaves: RUNNING begins it; CANCELLED or FAILED ends it.

    Raises:
        NotFoundError: There is no such execution.
        ConflictError: It does not wait in a queue, or not into this state.
    """
    if state not in (State.RUNNING, State.CANCELLED, State.FAILED):
        raise ConflictError(f"an execution leaves the queue RUNNING, CANCELLED or FAILED; found {state}")

    def change(header: Execution) -> list[Message]:
        if header.state is not State.QUEUED:
            raise ConflictError(f"execution {execution} is {header.state}; only one that is QUEUED can leave the queue")
        header.become(state, lanes.now())
        header.finished = state.is_terminal
        return [ExecutionEnded(execution) if state.is_terminal else StartExecution(execution, "unqueued")]

    lanes.change_header(execution, change)


def give_back(lanes: Lanes, header: Execution) -> None:
    """After an execution has ended: let those that wait for its slot try."""
    waiting = lanes.store.query(
        "execution", namespace=header.namespace, flow_id=header.flow_id, states=[State.QUEUED], limit=1
    )
    if not waiting and limit_of(lanes, header) is None:
        return
    lanes.commit([Put(_fence(header.namespace, header.flow_id), b"{}")], [])
    limit = limit_of(lanes, header)
    queued = lanes.store.query(
        "execution",
        namespace=header.namespace,
        flow_id=header.flow_id,
        states=[State.QUEUED],
        limit=limit.limit if limit is not None else 1000,
    )
    messages = [StartExecution(decode_execution(stored.body).id) for stored in queued]
    if messages:
        lanes.commit([], [envelope(message) for message in messages])
