"""What is shown while executions run: nothing, plain lines, or (`live.py`) a tree that is drawn again and again."""

from __future__ import annotations

import threading
import time
from datetime import datetime
from typing import TYPE_CHECKING, TextIO

from tiercel.model.execution import visible
from tiercel.model.states import Level, State

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from tiercel.assembly import Parts
    from tiercel.model.execution import Execution, Lane, LogLine, TaskRun

LONGEST_LINE = 2000
"""Characters of a log line that are shown; `executions logs` has the whole."""


class Progress:
    """Watches executions, and shows nothing."""

    def changed(self, header: Execution, lane: Lane, left: Iterable[TaskRun]) -> None:
        """See a header, a lane, and the runs that left it, right after their commit; called from many threads."""

    def logged(self, execution: str, task: str, line: LogLine) -> None:
        """See a log line as it is written; called from many threads."""

    def finished(self, runtime: Parts, headers: list[Execution]) -> None:
        """See the executions as they were left: what was too quick to be seen is there now."""

    def stop(self) -> None:
        """Leave the screen to others; a second call does nothing."""

    def __enter__(self) -> Progress:
        """Begin to show."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()


def seen_runs(lane: Lane, left: Iterable[TaskRun]) -> list[TaskRun]:
    """Return the runs of a commit that people see."""
    return list(visible({**{run.key: run for run in left}, **lane.runs}).values())


class Prefixes:
    """Tells executions apart: the first one's tasks stand alone, the others' after the name of their flow."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def see(self, header: Execution) -> str:
        """Return what stands before the names of an execution's tasks."""
        self._known[header.id] = f"{header.flow_id}/" if self.of(header.id) else ""
        return self._known[header.id]

    def of(self, execution: str) -> str:
        """Return the same where only the id is known: that stands for the flow until a commit was seen."""
        if not self._known:
            self._known[execution] = ""
        return self._known.get(execution, f"{execution}/")


class Lines(Progress):
    """Writes a line for each log line from INFO on, and one for each task run that ends."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._lock = threading.Lock()
        self._ended: set[tuple[str, str, int]] = set()
        self._told: set[tuple[str, float, str]] = set()
        """The warnings that were shown as they were written."""
        self._prefixes = Prefixes()
        self._began = time.time()

    def changed(self, header: Execution, lane: Lane, left: Iterable[TaskRun]) -> None:
        """Tell of the task runs that have ended."""
        with self._lock:
            self._see_all(header, seen_runs(lane, left))

    def finished(self, runtime: Parts, headers: list[Execution]) -> None:
        """Tell of the task runs that ended between two commits."""
        with self._lock:
            for header in headers:
                self._see_all(header, runtime.view.runs(header, None))

    def logged(self, execution: str, task: str, line: LogLine) -> None:
        """Tell what a task says."""
        if line.level.rank < Level.INFO.rank:
            return
        with self._lock:
            if line.level.rank >= Level.WARN.rank:
                self._told.add((execution, line.at, line.message))
            self._log(self._prefixes.of(execution) + task, line)

    # ------------------------------------------------------------ with the lock held

    def _see_all(self, header: Execution, runs: Iterable[TaskRun]) -> None:
        where = self._prefixes.see(header)
        for run in sorted(runs, key=lambda run: run.at[-1][1]):
            self._see(header, run, where)

    def _see(self, header: Execution, run: TaskRun, where: str) -> None:
        seen = (header.id, run.key, len(run.at))
        stands = run.state.is_terminal or run.state in (State.PAUSED, State.BREAKPOINT)
        if not stands or seen in self._ended or run.at[-1][1] < self._began:
            return
        self._ended.add(seen)
        for line in run.logs:
            told = (header.id, line.at, line.message)
            if line.level.rank >= Level.WARN.rank and told not in self._told:
                self._told.add(told)
                self._log(where + run.task, line)
        tries = f", {len(run.attempts)} attempts" if len(run.attempts) > 1 else ""
        took = seconds_text(run.at[-1][1] - run.at[0][1])
        self._write(run.at[-1][1], run.state, f"{where}{run_name(run)} ({took}{tries})")

    def _log(self, task: str, line: LogLine) -> None:
        for text in one_line_each(line.message):
            self._write(line.at, line.level, f"{task}: {text}")

    def _write(self, at: float, word: str, text: str) -> None:
        self._out.write(f"{clock_text(at)} {word:<8} {text}\n")
        self._out.flush()


def one_line_each(message: str, *, cut: bool = True) -> list[str]:
    """Return a message's lines for showing: nothing in them that a terminal would obey, and not too long if `cut`."""
    lines = (message[:LONGEST_LINE] if cut else message).splitlines() or [""]
    if cut and len(message) > LONGEST_LINE:
        lines[-1] += "..."
    return ["".join(char if char.isprintable() or char == "\t" else "\ufffd" for char in line) for line in lines]


def run_name(run: TaskRun) -> str:
    """Return a task run's name: its task, and the loop's value or the rounds around it."""
    if run.value is not None:
        return f"{run.task} [{shortened(run.value)}]"
    return run.key


def shortened(text: str, size: int = 40) -> str:
    """Return a text on one line, cut where it is long."""
    flat = " ".join(one_line_each(text))
    return flat if len(flat) <= size else flat[: size - 3] + "..."


def clock_text(at: float) -> str:
    """Return a time as the clock on the wall shows it."""
    return datetime.fromtimestamp(at).astimezone().strftime("%H:%M:%S.%f")[:-3]


def seconds_text(seconds: float) -> str:
    """Return a length of time for people."""
    seconds = max(0.0, seconds)
    if seconds < 10:
        return f"{seconds:.2f} s"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"
