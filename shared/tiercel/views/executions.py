"""An execution as people and clients see it: Kestra's field names, task runs in the order of their creation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

import msgspec

from tiercel.archive import StoredExecution
from tiercel.errors import NotFoundError
from tiercel.model.durations import format_duration
from tiercel.model.execution import Attempt, Execution, History, LogLine, TaskRun, decode_execution, split_key, visible
from tiercel.model.flow import Flow
from tiercel.model.ids import derived_id
from tiercel.model.instants import iso
from tiercel.planner.geometry import loops_of
from tiercel.ports import ObjectStore, StateStore

_decode_lines = msgspec.json.Decoder(LogLine).decode_lines

AT_ONCE = 1 << 20
"""Bytes of a log's file that are decoded at once."""


def state_view(history: History) -> dict[str, Any]:
    """Return a state with its history, start, end and duration."""
    current, last = history[-1]
    found: dict[str, Any] = {
        "current": str(current),
        "histories": [{"state": str(state), "date": iso(at)} for state, at in history],
        "startDate": iso(history[0][1]),
        "duration": format_duration(timedelta(seconds=last - history[0][1])),
    }
    if current.is_terminal or current == "PAUSED":
        found["endDate"] = iso(last)
    return found


class ExecutionView:
    """Reads executions whole, for showing them."""

    def __init__(self, store: StateStore, objects: ObjectStore) -> None:
        self._store = store
        self._objects = objects

    def header(self, execution: str) -> Execution:
        """Return an execution's header.

        Raises:
            NotFoundError: There is no such execution.
        """
        found = StoredExecution(self._store, self._objects, execution).header()
        if found is None:
            raise NotFoundError(f"there is no execution '{execution}' in this store")
        return found[0]

    def show(self, header: Execution, flow: Flow | None, *, related: bool = True) -> dict[str, Any]:
        """Return the execution as one JSON document.

        Args:
            header: The execution.
            flow: Its flow, for the order of runs that were created at the same time.
            related: Whether the executions that this one caused are shown too.
        """
        parts = self.parts(header, flow, related=related)
        return {name: list(value) if isinstance(value, Iterator) else value for name, value in parts}

    def parts(
        self, header: Execution, flow: Flow | None, *, related: bool = True
    ) -> Iterator[tuple[str, object | Iterator[Any]]]:
        """Yield the fields of that document; what may be long is an iterator, to be written piece by piece."""
        yield from self.header_fields(header)
        runs = self.runs(header, flow)
        yield "taskRunList", (self.run_fields(header, run) for run in runs)
        yield "logs", self.logs(header, runs)
        if related:
            yield "related", (self.show(child, None, related=False) for child in self.caused_by(header.id))

    def header_fields(self, header: Execution) -> Iterator[tuple[str, object]]:
        """Yield the fields that are known without reading task runs."""
        yield "id", header.id
        yield "namespace", header.namespace
        yield "flowId", header.flow_id
        yield "flowRevision", header.revision
        yield "parentId", header.parent_id
        yield "originalId", header.original_id or header.id
        yield "state", state_view(header.at)
        yield "inputs", header.inputs
        yield "outputs", header.outputs
        yield "labels", [{"key": key, "value": value} for key, value in header.labels]
        yield "variables", header.variables
        yield "metadata", {"attemptNumber": header.attempt_number, "originalCreatedDate": iso(_created(header))}
        if header.breakpoints:
            cut = (each.partition(".") for each in header.breakpoints)
            yield "breakpoints", [{"id": task, "value": value or None} for task, _, value in cut]
        if header.trigger is not None:
            trigger = header.trigger
            yield "trigger", {"id": trigger.id, "type": trigger.type, "variables": trigger.variables}

    def runs(self, header: Execution, flow: Flow | None) -> list[TaskRun]:
        """Return the task runs in the order of their creation."""
        found = visible(StoredExecution(self._store, self._objects, header.id).everything())
        return sorted(found.values(), key=lambda run: (run.at[0][1], _place(run, flow)))

    def caused_by(self, execution: str) -> Iterator[Execution]:
        """Yield the executions that one has caused, directly or through others, oldest first."""
        for stored in self._store.query("execution", owner=execution, limit=100_000):
            child = decode_execution(stored.body)
            yield child
            yield from self.caused_by(child.id)

    def run_fields(self, header: Execution, run: TaskRun) -> dict[str, Any]:
        """Return a task run as JSON."""
        return {
            "id": derived_id(header.id, run.key),
            "executionId": header.id,
            "namespace": header.namespace,
            "flowId": header.flow_id,
            "taskId": run.task,
            "parentTaskRunId": None if run.parent is None else derived_id(header.id, run.parent),
            "value": run.value,
            "iteration": run.iteration,
            "state": state_view(run.at),
            "outputs": self.outputs(run),
            "attempts": [_attempt(attempt) for attempt in run.attempts],
        }

    def outputs(self, run: TaskRun) -> dict[str, Any]:
        """Return what a run gave, wherever it lies."""
        if run.outputs is None and run.outputs_uri is not None:
            with self._objects.open(run.outputs_uri) as file:
                found: dict[str, Any] = msgspec.json.decode(file.read())
                return found
        return run.outputs or {}

    def logs(self, header: Execution, runs: Iterable[TaskRun]) -> Iterator[dict[str, Any]]:
        """Yield the log lines of an execution and its runs, oldest first."""
        lines: list[tuple[LogLine, TaskRun | None]] = [(line, None) for line in header.logs]
        lines += [(line, run) for run in runs for line in self.run_logs(run)]
        for line, run in sorted(lines, key=lambda pair: pair[0].at):
            shown: dict[str, Any] = {"timestamp": iso(line.at), "level": str(line.level), "message": line.message}
            if run is not None:
                shown |= {
                    "taskId": run.task,
                    "taskRunId": derived_id(header.id, run.key),
                    "attemptNumber": line.attempt,
                }
            yield shown

    def run_logs(self, run: TaskRun) -> Iterator[LogLine]:
        """Yield the log lines of one run."""
        apart = {number: attempt.log_file for number, attempt in enumerate(run.attempts) if attempt.log_file}
        yield from (line for line in run.logs if line.attempt not in apart)
        for uri in apart.values():
            with self._objects.open(uri) as file:
                while lines := file.readlines(AT_ONCE):
                    yield from _decode_lines(b"".join(lines))


def _place(run: TaskRun, flow: Flow | None) -> tuple[int, ...]:
    """Return where a run stands in its flow, with the round of each loop after the loop: a sequence's own order."""
    node, rounds = flow.nodes.get(run.task) if flow is not None else None, split_key(run.key)[1]
    if node is None:
        return rounds
    place = [node.order]
    for above in node.ancestors():
        inside = len(loops_of(above))
        place[:0] = (above.order, rounds[inside]) if len(rounds) > inside else (above.order,)
        rounds = rounds[:inside]
    return tuple(place)


def _created(header: Execution) -> float:
    return header.original_created if header.original_created is not None else header.at[0][1]


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {"state": state_view(attempt.at), "logFile": attempt.log_file}
