"""Runs the tasks of a WorkingDirectory inside one attempt: each has its own run, attempts and outputs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from tiercel.attempt import Attempt
from tiercel.errors import ExpressionError
from tiercel.expressions import is_truthy_text
from tiercel.model.execution import Attempt as AttemptRecord
from tiercel.model.execution import TaskRun, split_key
from tiercel.model.flow import MAIN, Node
from tiercel.model.retry import next_attempt
from tiercel.model.states import Level, State, allow, guess, seen
from tiercel.planner import geometry
from tiercel.planner.rendering import Renderer
from tiercel.planner.scene import Scene
from tiercel.planner.transition import Outcome, Work
from tiercel.tasks.workingdirectory import WorkingDirectory

RunChild = Callable[[Attempt, Renderer, Work], Outcome]
"""Runs one attempt of a child and keeps its result."""
NewAttempt = Callable[[Node, TaskRun], Attempt]


class Directory:
    """One attempt at a WorkingDirectory."""

    def __init__(self, outer: Attempt, scene: Scene, renderer: Renderer, new: NewAttempt, run: RunChild) -> None:
        self._outer = outer
        self._scene = scene
        self._renderer = renderer
        self._new = new
        self._run = run
        self._children: list[TaskRun] = []

    def work(self, task: WorkingDirectory, work: Work) -> Outcome:
        """Fill the folder, run the tasks, keep the results."""
        self._outer.extra["workingDir"] = str(self._outer.working_dir)
        self._scene.inner.clear()
        task.prepare(self._outer)
        state = self._walk(work)
        outputs = None
        if state in (State.SUCCESS, State.WARNING):
            outputs = task.collect(self._outer)
        return Outcome(state, dict(outputs) if outputs else None, children=self._children)

    def _walk(self, work: Work) -> State:
        mask = 0
        for child in work.node.branches[MAIN]:
            if self._outer.cancelled:
                break
            state = self._child(child, work.run)
            mask |= seen(state)
            if state in (State.FAILED, State.KILLED):
                break
        return guess(mask)

    def _child(self, node: Node, above: TaskRun) -> State:
        now = self._now()
        key = geometry.run_key(node, split_key(above.key)[1])
        run = TaskRun(key, node.id, [(State.CREATED, now)], above.key)
        self._children.append(run)
        self._scene.inner[key] = run
        try:
            wanted = node.run_if == "true" or is_truthy_text(self._renderer.text(node.run_if, run, self._outer.extra))
        except ExpressionError as error:
            run.log(now, Level.ERROR, self._renderer.masked(f"runIf: {error}"))
            return self._end(node, run, State.FAILED)
        if not wanted:
            return self._end(node, run, State.SKIPPED)
        return self._end(node, run, self._attempts(node, run))

    def _attempts(self, node: Node, run: TaskRun) -> State:
        """Run attempt after attempt, as the child's retry allows."""
        while True:
            run.become(State.RUNNING, self._now())
            run.attempts.append(AttemptRecord([(State.CREATED, self._now()), (State.RUNNING, self._now())]))
            state = self._attempt(node, run)
            due = self._next(node, run) if state is State.FAILED else None
            if due is None:
                late = state is State.SUCCESS and len(run.attempts) > 1
                return State.WARNING if late and node.retry and node.retry.warning_on_retry else state
            run.become(State.RETRYING, self._now())
            if not self._outer.wait(max(0.0, due - self._now())):
                return State.KILLED

    def _attempt(self, node: Node, run: TaskRun) -> State:
        attempt = self._new(node, run)
        attempt.share(self._outer.working_dir)
        attempt.extra.update(self._outer.extra)
        try:
            with self._outer.on_cancel(attempt.cancel):
                outcome = self._run(attempt, self._renderer, Work(node, run))
        finally:
            attempt.clean()
        run.outputs, run.outputs_uri = outcome.outputs, outcome.outputs_uri
        run.logs += outcome.logs
        run.attempts[-1].log_file = outcome.log_uri
        run.metrics += outcome.metrics
        state = State.KILLED if attempt.cancelled else outcome.state
        run.attempts[-1].at.append((state, self._now()))
        return state

    def _next(self, node: Node, run: TaskRun) -> float | None:
        if node.retry is None or node.retry.behavior == "CREATE_NEW_EXECUTION":
            return None
        first, last = run.attempts[0].at[0][1], run.attempts[-1].at[-1][1]
        due = next_attempt(node.retry, len(run.attempts), run.key, _time(first), _time(last))
        return None if due is None else due.timestamp()

    def _end(self, node: Node, run: TaskRun, state: State) -> State:
        state = allow(state, node.allow_failure, node.allow_warning)
        run.become(state, self._now())
        return state

    def _now(self) -> float:
        return self._outer.now()


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
