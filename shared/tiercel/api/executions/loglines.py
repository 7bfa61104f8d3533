"""Log lines of executions: which are meant, and how clients read them (api.md, 5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any, NamedTuple

from tiercel.api.filters import Filter
from tiercel.api.matching import Fields, scope_of
from tiercel.model.execution import Execution, LogLine, TaskRun
from tiercel.model.ids import derived_id
from tiercel.model.instants import iso
from tiercel.model.states import Level
from tiercel.views.executions import ExecutionView


class Entry(NamedTuple):
    """A log line, and where it was written."""

    header: Execution
    run: TaskRun | None
    """None for a line about the execution as a whole."""
    line: LogLine

    @property
    def run_id(self) -> str | None:
        """The id of the task run."""
        return None if self.run is None else derived_id(self.header.id, self.run.key)

    def as_json(self) -> dict[str, Any]:
        """Return the entry as clients read it."""
        found: dict[str, Any] = {
            "namespace": self.header.namespace,
            "flowId": self.header.flow_id,
            "executionId": self.header.id,
            "timestamp": iso(self.line.at),
            "level": str(self.line.level),
            "message": self.line.message,
            "attemptNumber": None,
        }
        if self.run is not None:
            found |= {"taskId": self.run.task, "taskRunId": self.run_id, "attemptNumber": self.line.attempt}
        return found

    def as_text(self) -> str:
        """Return the entry as a line of a file."""
        return f"{iso(self.line.at)} {self.line.level} {self.line.message}\n"


LOGS: Fields[Entry] = Fields(
    "logs",
    {
        "q": lambda entry: (entry.line.message, entry.header.namespace, entry.header.flow_id, entry.header.id),
        "namespace": lambda entry: entry.header.namespace,
        "flowId": lambda entry: entry.header.flow_id,
        "executionId": lambda entry: entry.header.id,
        "taskId": lambda entry: None if entry.run is None else entry.run.task,
        "taskRunId": lambda entry: entry.run_id,
        "attemptNumber": lambda entry: None if entry.run is None else entry.line.attempt,
        "triggerId": lambda entry: None if entry.header.trigger is None else entry.header.trigger.id,
        "level": lambda entry: entry.line.level.rank,
        "date": lambda entry: entry.line.at,
        "scope": lambda entry: scope_of(entry.header.namespace),
        "kind": lambda entry: entry.header.kind or "NORMAL",
    },
)


def entries(
    view: ExecutionView, header: Execution, wanted: Filter | None, *, newest_first: bool = False
) -> list[Entry]:
    """Return the entries of an execution that a filter means, oldest first (or the other way round).

    Raises:
        BadRequestError: Logs do not have a field of the filter.
    """
    LOGS.test(wanted)
    of_execution, of_run, of_line = (LOGS.test(part) for part in _split(wanted))
    if not of_execution(Entry(header, None, NO_LINE)):
        return []
    found = [Entry(header, None, line) for line in header.logs] if of_run(Entry(header, None, NO_LINE)) else []
    for run in view.runs(header, None):
        if of_run(Entry(header, run, NO_LINE)):
            found += [Entry(header, run, line) for line in view.run_logs(run)]
    if of_line is not LOGS.every:
        found = list(filter(of_line, found))
    return sorted(found, key=attrgetter("line.at"), reverse=newest_first)


NO_LINE = LogLine(0.0, Level.TRACE, "")
"""Stands for the line where a condition looks at none: at the execution, or at the task run."""

OF_EXECUTION = frozenset(("namespace", "flowId", "executionId", "triggerId", "scope", "kind"))
OF_RUN = OF_EXECUTION | {"taskId", "taskRunId"}


def _split(wanted: Filter | None) -> tuple[Filter, Filter, Filter]:
    """Return what a filter asks of an execution, of a task run, of a line: files of other runs are not even read."""
    parts = () if wanted is None else wanted.parts if wanted.kind == "and" else (wanted,)
    split: tuple[list[Filter], ...] = ([], [], [])
    for part in parts:
        fields = {leaf.field for leaf in part.leaves()}
        split[0 if fields <= OF_EXECUTION else 1 if fields <= OF_RUN else 2].append(part)
    of_execution, of_run, of_line = (Filter("and", tuple(each)) for each in split)
    return of_execution, of_run, of_line


class Tail:
    """The entries of an execution as they come: each look gives those that were not given yet."""

    def __init__(self, view: ExecutionView, test: Callable[[Entry], bool]) -> None:
        self._view = view
        self._test = test
        self._given: dict[tuple[str, int], int] = {}
        """How many lines of each attempt of each run were given (`("", 0)` for the execution's own)."""
        self._over: set[tuple[str, int]] = set()
        """Attempts that have ended and were given whole: their files are not read again."""

    def look(self, header: Execution) -> list[Entry]:
        """Return the new entries, oldest first."""
        found = self._new(("", 0), [Entry(header, None, line) for line in header.logs])
        for run in self._view.runs(header, None):
            if any((run.key, number) not in self._over for number in range(max(len(run.attempts), 1))):
                found += self._of_run(header, run)
        return sorted(found, key=lambda entry: entry.line.at)

    def _of_run(self, header: Execution, run: TaskRun) -> Iterator[Entry]:
        lines: dict[int, list[Entry]] = {}
        for line in self._view.run_logs(run):
            lines.setdefault(line.attempt, []).append(Entry(header, run, line))
        for number, of_attempt in lines.items():
            yield from self._new((run.key, number), of_attempt)
        self._over.update((run.key, number) for number, each in enumerate(run.attempts) if each.state.is_terminal)

    def _new(self, place: tuple[str, int], every: list[Entry]) -> list[Entry]:
        new = every[self._given.get(place, 0) :]
        self._given[place] = len(every)
        return [entry for entry in new if self._test(entry)]
