"""Running one case: a store of its own, stand-ins, a clock that does not wait, and a verdict.

Promise: nothing is left of a case; no time of a flow's waits (pauses, retries, service levels) passes on the wall.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from tiercel.authoring.flowtests.judging import Failure, judge
from tiercel.authoring.flowtests.standins import Stage
from tiercel.authoring.flowtests.suites import Case, Fixtures, Suite
from tiercel.errors import TiercelError
from tiercel.expressions import Context, render_deep
from tiercel.graphs.topology import Name, called_flows
from tiercel.intake import Request
from tiercel.model.execution import MAIN_LANE, Execution, Trigger
from tiercel.model.flow import Flow
from tiercel.model.states import Level, State
from tiercel.runtime import Runtime, embedded

LONGEST = 60.0
"""Seconds for which the tasks of a case may be at work."""
THREADS = 4
_BAD = (State.FAILED, State.KILLED, State.CANCELLED)

Verdict = Literal["PASSED", "FAILED", "SKIPPED"]


@dataclass(frozen=True)
class Result:
    """How a case ended."""

    suite: str
    case: str
    verdict: Verdict
    seconds: float = 0.0
    state: str | None = None
    """That of the execution; None where there was none."""
    failures: list[Failure] = field(default_factory=list)
    description: str | None = None


class LeapingClock:
    """A clock that begins where it is told, goes as fast as any, and may leap ahead."""

    def __init__(self, begins: datetime | None) -> None:
        self._ahead = timedelta(0) if begins is None else begins - datetime.now(UTC)

    def now(self) -> datetime:
        """Return the time that the clock shows."""
        return (datetime.now(UTC) + self._ahead).astimezone(UTC)

    def leap(self, to: float) -> None:
        """Show a later time, in seconds since the epoch."""
        self._ahead += max(timedelta(0), datetime.fromtimestamp(to, UTC) - self.now())


class _OverError(TiercelError):
    """The execution does not come to its end."""


def run_case(
    flows: Mapping[Name, Flow], suite: Suite, case: Case, *, allow_outside: bool = False, longest: float = LONGEST
) -> Result:
    """Run a case and judge it; whatever goes wrong in it is a failure of it.

    Args:
        flows: The flow under test, and those that it may call.
        suite: What the case belongs to.
        case: The case.
        allow_outside: Whether tasks without a fixture may reach outside.
        longest: Seconds for which its tasks may be at work.
    """
    if suite.disabled or case.disabled:
        return Result(suite.id, case.id, "SKIPPED", description=case.description)
    began = time.monotonic()
    stage = Stage(suite.flow, case.fixtures.tasks, open=allow_outside)
    state, failures = None, []
    try:
        with TemporaryDirectory(prefix="tiercel-test-") as folder, _playing(Path(folder), stage, case) as play:
            header = play.run(flows, longest)
            state, failures = str(header.state), list(play.verdict(header))
    except TiercelError as error:
        failures = [Failure(text) for text in stage.refusals] or [Failure(str(error))]
    seconds = time.monotonic() - began
    verdict: Verdict = "FAILED" if failures else "PASSED"
    return Result(suite.id, case.id, verdict, seconds, state, failures, case.description)


@contextmanager
def _playing(folder: Path, stage: Stage, case: Case) -> Iterator[Play]:
    """Open a runtime of its own for one case."""
    clock = LeapingClock(case.fixtures.begins)
    runtime = embedded(folder, clock=clock, threads=THREADS, offline=not stage.open)
    runtime.flows.prepare = stage.prepare
    runtime.pump.start()
    try:
        yield Play(runtime, clock, stage, case)
    finally:
        runtime.close()


@dataclass(frozen=True)
class Play:
    """One case on a runtime."""

    runtime: Runtime
    clock: LeapingClock
    stage: Stage
    case: Case

    # ------------------------------------------------------------ running

    def run(self, flows: Mapping[Name, Flow], longest: float) -> Execution:
        """Run the flow; return the execution when nothing of it will run any more.

        Raises:
            TiercelError: It cannot be started, or does not come to its end.
        """
        flow = self._deploy(flows)
        fixtures = self.case.fixtures
        for path, text in fixtures.files.items():
            try:
                file = self.runtime.services.files.write(flow.namespace, path, text.encode())
            except ValueError as error:
                raise TiercelError(f"fixtures.files: {error}") from None
            self.stage.files[path] = file.uri
        context = Context({"files": self.stage.files}, self.runtime.intake.worlds(flow))
        inputs = render_deep(fixtures.inputs, context)
        assert isinstance(inputs, dict)
        request = Request(inputs=inputs, trigger=_trigger(flow, fixtures), kind="TEST")
        return self._ended(self.runtime.intake.accept(flow, request).id, longest)

    def _deploy(self, flows: Mapping[Name, Flow]) -> Flow:
        """Deploy the flow with those that it calls, without what their triggers would start; return it."""
        wanted, found = [self.stage.flow], {}
        while wanted:
            name = wanted.pop()
            if name in flows and name not in found:
                found[name] = self.runtime.flows.deploy(replace(flows[name], triggers=()))
                wanted += called_flows(flows[name])
        return found[self.stage.flow]

    def _ended(self, execution: str, longest: float) -> Execution:
        """Wait for the end of an execution, and of the one that takes its place where it is retried as a whole."""
        until = time.monotonic() + longest
        while True:
            if not self.runtime.bus.wait_quiet(max(0.0, until - time.monotonic())):
                raise _OverError(f"its tasks are still at work after {longest:g} s{self._at_work(execution)}")
            header = self._latest(execution)
            if header.finished and header.state is not State.RETRIED:
                return header
            due = self.runtime.bus.next_due()
            if due is None:
                raise _OverError(
                    f"the execution is {header.state} and waits for somebody{self._at_work(header.id)}: add a fixture"
                )
            self.clock.leap(due)
            self.runtime.bus.wake()

    def _latest(self, execution: str) -> Execution:
        header = self.runtime.view.header(execution)
        if header.state is not State.RETRIED:
            return header
        retries = [each for each in self.runtime.view.caused_by(execution) if each.attempt_number > 1]
        return max(retries, key=lambda each: each.attempt_number, default=header)

    def _at_work(self, execution: str) -> str:
        """Return which tasks have not ended."""
        runs = self.runtime.view.runs(self.runtime.view.header(execution), None)
        parents = {run.parent for run in runs}
        found = [f"'{run.task}'" for run in runs if not run.state.is_terminal and run.key not in parents]
        return f" at {', '.join(dict.fromkeys(found))}" if found else ""

    # ------------------------------------------------------------ judging

    def verdict(self, header: Execution) -> Iterator[Failure]:
        """Yield everything that is not as the case expects it."""
        yield from map(Failure, self.stage.refusals)
        if header.state in _BAD and not self.stage.refusals and not self._expects_bad():
            yield Failure(f"the execution ended {header.state}{self._reason(header)}")
        token = self.runtime.lanes.load(header.id, MAIN_LANE)
        if token is None:
            yield Failure(f"the execution ended {header.state} before it began{self._reason(header)}")
            return
        renderer = self.runtime.lanes.scene(token)[1]
        runs = {run.task: run for run in self.runtime.view.runs(header, None)}
        for number, assertion in enumerate(self.case.assertions):
            if assertion.task_id is not None and assertion.task_id not in runs:
                yield Failure(f"the task '{assertion.task_id}' has not run", f"assertions[{number}]: {assertion.value}")
                continue
            run = runs[assertion.task_id] if assertion.task_id is not None else None
            context = renderer.context(run, {"files": self.stage.files})
            yield from judge(number, assertion, context, renderer.masked)

    def _expects_bad(self) -> bool:
        """Tell whether the case has a task fail, or looks at the execution's state itself."""
        failing = any(State(fixture.state) in _BAD for fixture in self.case.fixtures.tasks)
        return failing or any("execution.state" in str(assertion.value) for assertion in self.case.assertions)

    def _reason(self, header: Execution) -> str:
        """Return the last thing that was said about a failure."""
        runs = self.runtime.view.runs(header, None)
        lines = [line for line in self.runtime.view.logs(header, runs) if line["level"] == str(Level.ERROR)]
        if not lines:
            return ""
        task = f"task '{lines[-1]['taskId']}': " if "taskId" in lines[-1] else ""
        return f": {task}{lines[-1]['message']}"


def _trigger(flow: Flow, fixtures: Fixtures) -> Trigger | None:
    given = fixtures.trigger
    if given is None:
        return None
    kinds = {str(trigger["id"]): str(trigger["type"]) for trigger in flow.triggers}
    return Trigger(given.id, given.type or kinds[given.id], given.variables)
