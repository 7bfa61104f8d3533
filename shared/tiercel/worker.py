"""The verb *execute*: run one attempt of one task, and say how it ended. Nothing is committed here."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Container, Mapping
from datetime import timedelta
from typing import Any

import msgspec

from tiercel.attempt import Attempt, Watch
from tiercel.directory import Directory
from tiercel.errors import ExpressionError, NotFoundError, TaskError, TiercelError
from tiercel.masking import Mask
from tiercel.model.durations import parse_duration
from tiercel.model.execution import LogLine, TaskRun, encode
from tiercel.model.flow import Node
from tiercel.model.plugin import Result
from tiercel.model.states import Level, State
from tiercel.planner.rendering import Renderer
from tiercel.planner.scene import Scene
from tiercel.planner.transition import Outcome, Work
from tiercel.readers import Readers
from tiercel.reuse import recalled
from tiercel.services import Services
from tiercel.tasks.workingdirectory import WorkingDirectory

LARGEST_OUTPUTS = 4096
"""Bytes of outputs that ride in the task run; larger ones lie in an object (32 runs a segment: 128 KiB)."""

LARGEST_LOG = 8192
"""Bytes of log lines that ride in the task run; longer logs lie in an object."""

KEPT_ERRORS = 20
"""ERROR lines that stay in the task run beside a log that lies in an object, for `errorLogs()`."""

LOOK = 2.0
"""Seconds after which it is looked again whether a task is still wanted: another process may have killed it."""

GRACE = 10.0
"""Seconds that a cancelled task has to stop, before it is left to itself and the attempt ends without it."""


class LocalWorker:
    """Runs attempts in this process."""

    def __init__(self, services: Services, watch: Watch | None = None, look: float = LOOK) -> None:
        """Open a worker.

        Args:
            services: What tasks may use.
            watch: Sees every log line as it is written.
            look: Seconds after which it is looked again whether a task is still wanted; each look reads a document.
        """
        self._services = services
        self._watch = watch
        self.look = look
        self._lock = threading.Lock()
        self._running: dict[str, set[Attempt]] = {}

    def cancel(self, execution: str, lanes: Container[str] | None = None) -> None:
        """Stop the attempts of an execution, or only those in some of its lanes; what runs after its end goes on."""
        with self._lock:
            attempts = list(self._running.get(execution, ()))
        for attempt in attempts:
            if not attempt.is_late and (lanes is None or attempt.scene.lane.key in lanes):
                attempt.cancel()

    def run(self, scene: Scene, renderer: Renderer, work: Work) -> Outcome:
        """Run the attempt to its end; never raises for what a task does."""
        world = renderer.context(work.run).world
        mask = world.mask if isinstance(world, Readers) else Mask()
        attempt = Attempt(self._services, scene, renderer, work.node, work.run, mask)
        attempt.watch = self._watch
        if getattr(work.node.plugin, "inline", False):
            return self._finish(attempt, self._at_once(attempt, renderer, work))
        with self._lock:
            self._running.setdefault(scene.header.id, set()).add(attempt)
        try:
            return self._finish(attempt, self._watched(attempt, renderer, work))
        finally:
            attempt.clean()
            with self._lock:
                left = self._running[scene.header.id]
                left.discard(attempt)
                if not left:
                    del self._running[scene.header.id]

    # ------------------------------------------------------------ running

    def _at_once(self, attempt: Attempt, renderer: Renderer, work: Work) -> Outcome:
        """Run a task that takes no time: no limit is too short for it, but one that cannot be read is its failure."""
        try:
            _timeout(renderer, work)
        except (ExpressionError, ValueError) as error:
            return _without_limit(attempt, error)
        return self._try(attempt, renderer, work)

    def _watched(self, attempt: Attempt, renderer: Renderer, work: Work) -> Outcome:
        """Run in a thread of its own, so that a task which ignores its end cannot hold the worker."""
        try:
            limit = _timeout(renderer, work)
        except (ExpressionError, ValueError) as error:
            return _without_limit(attempt, error)
        found: list[Outcome] = []
        done = threading.Event()

        def body() -> None:
            try:
                found.append(self._try(attempt, renderer, work))
            finally:
                done.set()

        threading.Thread(target=body, name=f"task-{work.node.id}", daemon=True).start()
        if not _wait(done, attempt, limit, self.look):
            attempt.cancel()
            done.wait(GRACE)
            return Outcome(State.KILLED)
        if done.is_set() and not (attempt.cancelled and not found):
            return Outcome(State.KILLED) if attempt.cancelled else found[0]
        attempt.log(f"Timeout after {limit} s: the attempt is stopped", Level.ERROR)
        attempt.cancel()
        if not done.wait(GRACE):
            attempt.log(f"the task did not stop within {GRACE} s and is left to itself", Level.WARN)
        if not found:
            return Outcome(State.FAILED)
        return Outcome(State.FAILED, found[0].outputs, children=found[0].children)

    def _try(self, attempt: Attempt, renderer: Renderer, work: Work) -> Outcome:
        try:
            task = renderer.plugin(work.node, work.run, attempt.extra)
            if isinstance(task, WorkingDirectory):
                directory = Directory(attempt, attempt.scene, renderer, self._attempt_at(attempt), self._inner)
                return directory.work(task, work)
            return recalled(self._services, attempt, work.node, task) or _outcome(task.run(attempt))
        except TaskError as error:
            attempt.log(str(error), Level.ERROR)
            outputs = _plain(error.outputs) if error.outputs is not None else None
            return Outcome(State.FAILED, outputs, retryable=True)
        except (TiercelError, OSError) as error:
            attempt.log(_text(error), Level.ERROR)
            return Outcome(State.FAILED)
        except Exception as error:  # noqa: BLE001 - whatever a plugin does, its run ends
            where = traceback.extract_tb(error.__traceback__)[-1]
            attempt.log(
                f"the plugin {work.node.type} failed in a way that it should not: {type(error).__name__}: {error} "
                f"({where.name}, line {where.lineno} of {where.filename.rpartition('/')[2]})",
                Level.ERROR,
            )
            return Outcome(State.FAILED)

    def _attempt_at(self, outer: Attempt) -> Callable[[Node, TaskRun], Attempt]:
        def new(node: Node, run: TaskRun) -> Attempt:
            attempt = Attempt(self._services, outer.scene, outer.renderer, node, run, outer.mask)
            attempt.watch = self._watch
            return attempt

        return new

    def _inner(self, attempt: Attempt, renderer: Renderer, work: Work) -> Outcome:
        """Run one attempt of a task inside a WorkingDirectory."""
        return self._finish(attempt, self._watched(attempt, renderer, work))

    # ------------------------------------------------------------ what is kept

    def _finish(self, attempt: Attempt, outcome: Outcome) -> Outcome:
        """Give the outcome its logs, metrics and outputs; what is large goes to an object."""
        outcome.logs = attempt.logs
        outcome.metrics = [_metric(metric) for metric in attempt.metrics]
        try:
            self._set_apart(attempt, outcome)
        except (TiercelError, OSError) as error:
            outcome.state, outcome.outputs = State.FAILED, None
            outcome.logs = [*outcome.logs[:20], self._line(f"the result cannot be kept: {_text(error)}")]
        return outcome

    def _set_apart(self, attempt: Attempt, outcome: Outcome) -> None:
        if outcome.outputs and len(body := encode(outcome.outputs)) > LARGEST_OUTPUTS:
            outcome.outputs_uri = attempt.store(body, "outputs.json")
            outcome.outputs = None
        if attempt.on_result is not None:
            attempt.on_result(outcome)
        if attempt.logs_to_file or sum(len(line.message) + 60 for line in outcome.logs) > LARGEST_LOG:
            outcome.log_uri = attempt.store(b"".join(encode(line) + b"\n" for line in outcome.logs), "log.jsonl")
            outcome.logs = [line for line in outcome.logs if line.level is Level.ERROR][:KEPT_ERRORS]

    def _line(self, message: str) -> LogLine:
        return LogLine(self._services.clock.now().timestamp(), Level.ERROR, message)


def _timeout(renderer: Renderer, work: Work) -> float | None:
    if work.node.timeout is None:
        return None
    length: timedelta = parse_duration(renderer.text(work.node.timeout, work.run))
    return length.total_seconds()


def _wait(done: threading.Event, attempt: Attempt, limit: float | None, look: float) -> bool:
    """Wait until a task is done or out of time; False when somebody has ended its lane before that."""
    until = None if limit is None else time.monotonic() + limit
    while True:
        left = look if until is None else max(0.0, min(look, until - time.monotonic()))
        if done.wait(left) or (until is not None and time.monotonic() >= until):
            return True
        if attempt.scene.is_left():
            return False


def _without_limit(attempt: Attempt, error: Exception) -> Outcome:
    """Return the failure of a task whose time limit cannot be read, after saying why in its log."""
    attempt.log(f"timeout: {error}", Level.ERROR)
    return Outcome(State.FAILED)


def _outcome(given: Mapping[str, object] | Result | None) -> Outcome:
    if isinstance(given, Result):
        outputs = _plain(given.outputs) if given.outputs is not None else None
        return Outcome(given.state or State.SUCCESS, outputs)
    return Outcome(State.SUCCESS, _plain(given) if given is not None else None)


def _plain(outputs: Mapping[str, object]) -> dict[str, Any]:
    """Return outputs as JSON keeps them."""
    found: dict[str, Any] = msgspec.json.decode(encode(outputs))
    return found


def _metric(metric: Any) -> dict[str, Any]:
    return {"name": metric.name, "type": metric.kind, "value": metric.value, "tags": dict(metric.tags)}


def _text(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}{f': {error.filename}' if error.filename else ''}"
    if isinstance(error, NotFoundError | TiercelError):
        return str(error)
    return f"{type(error).__name__}: {error}"
