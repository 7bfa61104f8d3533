"""The engine at work in this process, until nothing can move any more without somebody's action."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

import click

from tiercel.cli.failures import INTERRUPTED
from tiercel.cli.progress import Progress
from tiercel.cli.stores import folder_of
from tiercel.cli.where import LOCAL, Where
from tiercel.errors import NotFoundError
from tiercel.model.states import State

if TYPE_CHECKING:
    from tiercel.cli.remote import RemoteSession
    from tiercel.model.execution import Execution, Lane, LogLine, TaskRun
    from tiercel.runtime import Runtime

LOOK_AGAIN = 1.0
"""Seconds after which executions that wait for a timer are looked at though nothing was committed."""


@dataclass
class Watcher:
    """Sees every commit and log line of this process, and passes them on."""

    progress: Progress
    bell: threading.Event = field(default_factory=threading.Event)
    """Rung by each commit."""
    touched: dict[str, None] = field(default_factory=dict)
    """The executions that have changed, in the order in which they first did."""

    def changed(self, header: Execution, lane: Lane, left: Iterable[TaskRun]) -> None:
        """See a commit."""
        self.touched[header.id] = None
        try:
            self.progress.changed(header, lane, left)
        except OSError:
            self._give_up()
        self.bell.set()

    def logged(self, execution: str, task: str, line: LogLine) -> None:
        """See a log line."""
        try:
            self.progress.logged(execution, task, line)
        except OSError:
            self._give_up()

    def _give_up(self) -> None:
        """Show nothing more: nobody reads it (`tiercel run ... | head`), and no task is to fail for that."""
        self.progress = Progress()


PATIENCE = 10.0
"""Seconds for which a store that cannot be written is tried again before the command ends and says so."""


@dataclass(frozen=True)
class Session:
    """A store with the engine at work on it."""

    runtime: Runtime
    watcher: Watcher

    def wait(self, executions: Iterable[str], *, asks: bool = False) -> None:  # noqa: ARG002 - messages are seen here
        """Wait until these executions, and all that they caused, have ended or wait for somebody.

        Timers of other executions are not waited for, nor those that an execution has outlived.
        """
        wanted = list(executions)
        try:
            with _terminable():
                self._wait(wanted)
        except KeyboardInterrupt as interrupt:
            self.watcher.progress.stop()
            leave(self.runtime.folder, wanted, interrupt)
        self.watcher.progress.finished(self.runtime, list(self._family(wanted)))
        self.watcher.progress.stop()

    def _wait(self, wanted: list[str]) -> None:
        while True:
            self.watcher.bell.clear()
            self.runtime.bus.wait_quiet(None)
            if not self.runtime.bus.pending().later:
                return
            if not self._is_tried_again() and not any(self._may_move(header) for header in self._family(wanted)):
                return
            self.watcher.bell.wait(LOOK_AGAIN)

    def _is_tried_again(self) -> bool:
        """Tell whether a message waits because the store could not be written; raise the reason when that goes on."""
        given_back = self.runtime.pump.given_back()
        for seconds, error in given_back:
            if seconds > PATIENCE:
                raise error
        return bool(given_back) or self.runtime.bus.pending().given_back > 0

    def _family(self, executions: Iterable[str]) -> Iterator[Execution]:
        view = self.runtime.view
        for execution in executions:
            yield view.header(execution)
            yield from view.caused_by(execution)

    def _may_move(self, header: Execution) -> bool:
        """Tell whether a timer may move an execution."""
        if header.state is State.RETRIED:
            retries = self.runtime.view.caused_by(header.id)
            return not any(each.attempt_number > header.attempt_number for each in retries)
        if header.finished:
            return False
        if header.state in (State.CREATED, State.QUEUED) or self._has_sla(header):
            return True
        lanes = self.runtime.lanes.stored(header.id).lanes()
        return any(run.due is not None and not run.state.is_terminal for lane in lanes for run in lane.runs.values())

    def _has_sla(self, header: Execution) -> bool:
        try:
            return bool(self.runtime.flows.get(header.namespace, header.flow_id, header.revision).sla)
        except NotFoundError:
            return False


@contextmanager
def at_work(where: Where, progress: Progress) -> Iterator[Session | RemoteSession]:
    """Open a store, make it if need be, and have its messages handled while the block runs."""
    if where.on != LOCAL:
        from tiercel.cli.remote import RemoteSession, connected

        with connected(where) as cloud, progress:
            yield RemoteSession(cloud, progress)
        return
    with _working(folder_of(where), progress) as session:
        yield session


@contextmanager
def _working(folder: Path, progress: Progress) -> Iterator[Session]:
    from tiercel.runtime import embedded

    watcher = Watcher(progress)
    silent = type(progress) is Progress
    with embedded(folder, observer=watcher, watch=None if silent else watcher.logged) as runtime, progress:
        yield Session(runtime, watcher)


def leave(folder: Path, executions: list[str], interrupt: KeyboardInterrupt) -> NoReturn:
    """Say how to go on, and end the process as it stands: what it was at is found by whoever opens the store next."""
    store = shlex.quote(str(folder))
    left = f"execution {executions[0]} is" if len(executions) == 1 else "what is not done is"
    click.echo(f"\ninterrupted: {left} left as it is; `tiercel recover --store {store}` finishes it", err=True)
    if len(executions) == 1:
        click.echo(f"(`tiercel executions kill {executions[0]} --store {store}` ends it instead)", err=True)
    sys.stdout.flush()
    sys.stderr.flush()
    # Not an ordinary exit: that waits for tasks, and their ends would be recorded as failures of theirs.
    os._exit(interrupt.args[0] if interrupt.args else INTERRUPTED)


@contextmanager
def _terminable() -> Iterator[None]:
    """Take SIGTERM like Ctrl-C while the block runs, so that the screen is left in order."""

    def stop(number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt(128 + number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before: Any = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
