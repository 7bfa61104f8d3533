"""Plans: what follows from an event. Each function is one event's; all of them walk on until the lane stands still."""

from __future__ import annotations

from datetime import UTC, datetime

from tiercel.errors import ExpressionError, TaskError
from tiercel.expressions import is_truthy_text
from tiercel.flowables.base import FlowableTask
from tiercel.flowables.execution import EngineTask, Subflow
from tiercel.model.execution import Attempt, Frame, Lane, TaskRun
from tiercel.model.flow import ERRORS, FINALLY, MAIN, Node
from tiercel.model.messages import MarkTask, RetryExecution, TaskDue
from tiercel.model.retry import next_attempt
from tiercel.model.states import Level, State, seen
from tiercel.planner.breakpoints import suspend
from tiercel.planner.changes import leave
from tiercel.planner.closing import abandon, close, is_over
from tiercel.planner.ending import finish
from tiercel.planner.openings import act, call_again, child_id
from tiercel.planner.sla import deadline_is_over, keep_assertions, set_deadlines
from tiercel.planner.transition import Outcome, Work
from tiercel.planner.walk import Walk

MOST_LOST = 5
"""Attempts in a row that may end with their worker's death, before the task is held to be what kills it."""


def go(walk: Walk) -> Work | None:
    """Walk until a task is to be run; None when the lane waits or has ended."""
    while not walk.lane.ended and walk.lane.current is None:
        if walk.flow.sla:
            keep_assertions(walk)
        if is_over(walk):
            abandon(walk)
            continue
        if walk.rests():
            break
        frame = walk.lane.frames[-1]
        node = walk.next_node(frame)
        if node is None:
            close(walk, frame)
            continue
        work = _start(walk, node, frame)
        if work is not None:
            walk.shed()
            return work
    walk.shed()
    return None


def _start(walk: Walk, node: Node, frame: Frame) -> Work | None:
    run = walk.create(node, frame)
    walk.execution_runs()
    return None if suspend(walk, run) else begin(walk, node, run)


def begin(walk: Walk, node: Node, run: TaskRun) -> Work | None:
    """Begin a run that was created: skip it, open a flowable, or hand a runnable task out."""
    try:
        wanted = node.run_if == "true" or is_truthy_text(walk.renderer.text(node.run_if, run))
    except ExpressionError as error:
        walk.fail(node, run, f"runIf: {error}")
        return None
    if not wanted:
        walk.settle(node, run, State.SKIPPED)
        return None
    if not run.logs and not run.attempts:
        for notice in node.notices:
            run.log(walk.now, Level.DEBUG, notice)  # not graver: log.Fetch would count it as the author's
    if not issubclass(node.plugin, FlowableTask):
        return _hand_out(walk, node, run)
    run.become(State.RUNNING, walk.now)
    try:
        opening = walk.renderer.plugin(node, run).open()
    except (ExpressionError, TaskError) as error:
        _cannot_open(walk, node, run, str(error))
        return None
    act(walk, node, run, opening)
    return None


def _cannot_open(walk: Walk, node: Node, run: TaskRun, reason: str) -> None:
    """Fail a flowable that cannot even be opened; for one without branches this was an attempt, perhaps not the last.

    Of the tasks that the engine itself carries out, only Subflow is tried again (flow specification, 5.2).
    """
    if issubclass(node.plugin, EngineTask):
        run.attempts.append(Attempt([(State.CREATED, walk.now), (State.RUNNING, walk.now), (State.FAILED, walk.now)]))
        if issubclass(node.plugin, Subflow) and _retry(walk, node, run):
            run.log(walk.now, Level.ERROR, walk.renderer.masked(reason))
            return
    walk.fail(node, run, reason)


def _hand_out(walk: Walk, node: Node, run: TaskRun) -> Work | None:
    """Begin a runnable task here, or leave it to another worker: this one has many lanes to open, or is too small."""
    if getattr(node.plugin, "inline", False) or not (walk.hands_over or walk.is_too_much(node, run)):
        return walk.attempt(node, run)
    walk.handed_over = True
    return None


# ------------------------------------------------------------------ events


def resume_lane(walk: Walk) -> Work | None:
    """Take up a lane as it stands: at its beginning, or where a worker left it when it died."""
    key = walk.lane.current
    if walk.lane.ended:
        walk.report_end()
        return None
    if key is None or is_over(walk):
        return leave_run(walk)
    run = walk.lane.runs[key]
    node = walk.flow.nodes[run.task]
    if run.state is State.BREAKPOINT and key not in walk.header.suspended:
        run.become(State.CREATED, walk.now)
    if run.state in (State.CREATED, State.RESTARTED):
        if walk.rests():
            return None
        walk.execution_runs()
        if suspend(walk, run):
            return None
        return begin(walk, node, run) or go(walk)
    if run.state is not State.RUNNING:
        return None
    if issubclass(node.plugin, FlowableTask):
        if run.child is not None:
            call_again(walk, node, run)
        return None
    return _lost(walk, node, run)


def leave_run(walk: Walk) -> Work | None:
    """Leave the run at which the token stands, and go on: to the next, or out of an execution that is over."""
    walk.lane.current = None
    return go(walk)


def nothing(walk: Walk) -> None:
    """Fold a message whose request was met before: it comes again, and changes nothing."""


def _lost(walk: Walk, node: Node, run: TaskRun) -> Work | None:
    """Begin again a task whose worker died; one that kills its worker every time fails."""
    if walk.is_too_much(node, run):
        walk.handed_over = True  # as it stands: who is large enough for it notes the loss and begins
        return None
    run.lost += 1
    run.attempts[-1].at.append((State.RESUBMITTED, walk.now))
    if run.lost < MOST_LOST:
        run.log(
            walk.now, Level.WARN, f"the worker of this task ended in the middle of it; attempt {run.lost + 1} begins"
        )
        return walk.attempt(node, run)
    walk.fail(node, run, f"the worker of this task ended in the middle of it {run.lost} times; it is not tried again")
    return go(walk)


def task_finished(walk: Walk, key: str, attempt: int, outcome: Outcome) -> Work | None:
    """Fold the result of an attempt; a result that comes late, or twice, changes nothing."""
    run = walk.lane.runs.get(key)
    if run is None or walk.lane.current != key or run.state is not State.RUNNING or len(run.attempts) != attempt:
        return None
    node = walk.flow.nodes[run.task]
    _record(walk, run, outcome)
    run.lost = 0
    walk.lane.claim = None
    if outcome.state is State.FAILED and outcome.retryable and _retry(walk, node, run):
        return None
    state = outcome.state
    if state is State.SUCCESS and _tries(run) > 1 and node.retry is not None and node.retry.warning_on_retry:
        state = State.WARNING
    for child in outcome.children:
        walk.lane.runs[child.key] = child
    if ERRORS in node.branches or FINALLY in node.branches:
        walk.push(Frame(node.id, MAIN, seen=seen(state), stopped=True))  # a WorkingDirectory: its other branches follow
    else:
        walk.settle(node, run, state)
    return go(walk)


def _record(walk: Walk, run: TaskRun, outcome: Outcome) -> None:
    if outcome.outputs is not None or outcome.outputs_uri is not None:
        run.outputs, run.outputs_uri = outcome.outputs, outcome.outputs_uri
    run.logs += outcome.logs
    run.metrics += outcome.metrics
    run.attempts[-1].at.append((outcome.state, walk.now))
    run.attempts[-1].log_file = outcome.log_uri


def _tries(run: TaskRun) -> int:
    """Return how many attempts count, those before a restart included: all but those that a dead worker lost."""
    return sum(attempt.state is not State.RESUBMITTED for attempt in run.attempts)


def _retry(walk: Walk, node: Node, run: TaskRun) -> bool:
    """Plan the next attempt of a failed run; tell whether there is one."""
    policy = node.retry
    if policy is None or is_over(walk):
        return False
    if policy.behavior == "CREATE_NEW_EXECUTION":
        return _retry_execution(walk, node, run)
    if node.branches.get(MAIN):
        return False  # the tasks of a WorkingDirectory were tried again, each by itself
    first = run.attempts[0].at[0][1]
    due = next_attempt(policy, _tries(run), run.key, _time(first), _time(walk.now))
    if due is None:
        return False
    run.become(State.RETRYING, walk.now)
    run.due = due.timestamp()
    walk.become(State.RETRYING)
    walk.transition.send(TaskDue(walk.header.id, walk.lane.key, run.key, "retry", len(run.at)), run.due)
    return True


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _retry_execution(walk: Walk, node: Node, run: TaskRun) -> bool:
    """Give the execution up in favour of a new one, if its policy allows one more."""
    header = walk.header
    policy = node.retry
    assert policy is not None
    created = header.original_created if header.original_created is not None else header.at[0][1]
    due = next_attempt(policy, header.attempt_number, run.key, _time(created), _time(walk.now))
    if due is None:
        return False
    for open_run in walk.lane.runs.values():
        if not open_run.state.is_terminal:
            open_run.become(State.RETRIED, walk.now)
    finish(walk, State.RETRIED)
    header.finished = True
    walk.lane.current = None
    walk.end_lane(0)
    header.due = due.timestamp()
    walk.transition.send(RetryExecution(header.id), header.due)
    return True


def is_at(lane: Lane, run: TaskRun) -> bool:
    """Tell whether a lane's token stands at a run that is open, and not somewhere inside it."""
    inside = any(frame.task == run.task for frame in lane.frames)
    return lane.current == run.key and not run.state.is_terminal and not inside


def task_marked(walk: Walk, message: MarkTask) -> Work | None:
    """Fold somebody's word that an open run has ended; its worker's result comes too late then."""
    run = walk.lane.runs.get(message.run)
    if run is None or len(run.at) != message.number or not is_at(walk.lane, run) or is_over(walk):
        return None
    if run.attempts and not run.attempts[-1].state.is_terminal:
        run.attempts[-1].at.append((message.state, walk.now))
    walk.lane.claim = None
    if message.state is State.CANCELLED and not walk.in_epilogue():
        leave(walk, message.state)
        return None
    walk.waits_no_longer(run.key)
    walk.settle(walk.flow.nodes[run.task], run, message.state)
    return go(walk)


def call_answered(walk: Walk, key: str, outcome: Outcome) -> Work | None:
    """Fold the end of the execution that a Subflow waits for, or the failure to start one."""
    run = walk.lane.runs.get(key)
    if run is None or walk.lane.current != key or run.state is not State.RUNNING:
        return None
    if outcome.child is not None:
        if not {outcome.child, outcome.first_child} & {run.child, child_id(walk.header.id, run)}:
            return None  # the child of an attempt that was given up
        run.child = outcome.child
    node = walk.flow.nodes[run.task]
    outcome.outputs = {**(run.outputs or {}), **(outcome.outputs or {})}
    _record(walk, run, outcome)
    if outcome.state is State.FAILED and _retry(walk, node, run):
        return None
    walk.settle(node, run, outcome.state)
    return go(walk)


def begin_execution(walk: Walk) -> Work | None:
    """Begin an execution at its top level."""
    set_deadlines(walk)
    return go(walk)


def deadline(walk: Walk, name: str) -> Work | None:
    """Fold the end of the time that an execution may take."""
    deadline_is_over(walk, name)
    return go(walk) if walk.header.state.is_terminal else None
