"""The executions of an installation, as the tasks that look at others need them: logs, counts, resuming, purging."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from tiercel import purging
from tiercel.flows import FlowStore
from tiercel.intake import Intake
from tiercel.model.execution import Execution, TaskRun, decode_execution, decode_lane, header_key, lane_key, split_key
from tiercel.model.flow import MAIN, Node
from tiercel.model.states import Level
from tiercel.planner import geometry
from tiercel.planner.scene import Scene
from tiercel.ports import ObjectStore, StateStore
from tiercel.resuming import resume
from tiercel.tasks.core.services import Choice, Purge, Purged
from tiercel.view import ExecutionView

AT_ONCE = 64
"""Records that are read in one go."""

MOST = 1_000_000
"""Executions that a count or a purge looks at."""


class StoredExecutions:
    """Implements `tiercel.tasks.core.services.Executions`."""

    def __init__(self, store: StateStore, objects: ObjectStore, flows: FlowStore, intake: Intake) -> None:
        self._store = store
        self._objects = objects
        self._flows = flows
        self._intake = intake
        self._view = ExecutionView(store, objects)

    def place(self, execution: str) -> tuple[str, str]:
        """Return the namespace and the flow of an execution, or raise NotFoundError."""
        header = self._view.header(execution)
        return header.namespace, header.flow_id

    def logs(self, execution: str, tasks: Collection[str], level: Level) -> Iterator[Mapping[str, Any]]:
        """Yield the log lines of an execution from a level on, oldest first; of some tasks, or of all."""
        header = self._view.header(execution)
        place = {"namespace": header.namespace, "flowId": header.flow_id, "executionId": header.id}
        for line in self._view.logs(header, self._view.runs(header, None)):
            if Level(line["level"]).rank >= level.rank and (not tasks or line.get("taskId") in tasks):
                yield {**place, **line}

    def count(self, choice: Choice) -> int:
        """Return how many executions there are."""
        return sum(1 for _ in self._find(choice))

    def resume(self, execution: str, inputs: Mapping[str, object]) -> None:
        """Let the first paused task of an execution go on."""
        resume(self._store, self._intake, self._flows, self._view.header(execution), inputs)

    def purge(self, choice: Choice, what: Purge) -> Purged:
        """Remove executions that have ended, or parts of them."""
        purged = Purged()
        for header in list(self._find(choice)):
            purging.purge(self._store, self._objects, header.id, what, purged)
        return purged

    def purge_logs(self, choice: Choice, levels: Collection[Level], since: float | None, until: float) -> int:
        """Remove the log lines of a time and of some levels of executions that have ended."""
        lines = purging.Lines(levels, since, until)
        found = list(self._find(choice))
        return sum(purging.purge_logs(self._store, self._objects, header.id, lines) for header in found)

    def _find(self, choice: Choice) -> Iterator[Execution]:
        exact = None if choice.within else choice.namespace
        found = self._store.query(
            "execution", namespace=exact, flow_id=choice.flow_id, states=choice.states, limit=MOST
        )
        for stored in found:
            header = decode_execution(stored.body)
            if _is_meant(choice, header):
                yield header

    def batch_outputs(self, scene: Scene, merge: Node, run: TaskRun) -> Iterator[Mapping[str, Any]]:
        """Yield the outputs of the executions that a ForEachItem called, in order; those without are left out.

        Args:
            scene: The neighbourhood of its last part.
            merge: The last part.
            run: The last part's run.
        """
        assert merge.parent is not None
        items = merge.parent.branches[MAIN][merge.index - 1]
        rounds = split_key(run.key)[1]
        fork = scene.find(geometry.run_key(items, rounds))
        for first in range(0, fork.size if fork is not None else 0, AT_ONCE):
            numbers = range(first, min(first + AT_ONCE, fork.size if fork is not None else 0))
            children = self._children(scene, items, rounds, numbers)
            for stored in self._store.get([header_key(child) for child in children]):
                outputs = None if stored is None else decode_execution(stored.body).outputs
                if outputs:
                    yield outputs

    def _children(self, scene: Scene, items: Node, rounds: tuple[int, ...], numbers: range) -> list[str]:
        """Return the executions of some batches."""
        batch = items.branches[MAIN][0]
        fork = geometry.run_key(items, rounds)
        lanes = self._store.get([lane_key(scene.header.id, geometry.lane_name(fork, number)) for number in numbers])
        found = []
        for number, lane in zip(numbers, lanes, strict=True):
            key = geometry.run_key(batch, (*rounds, number))
            run = scene.find(key) if lane is None else decode_lane(lane.body).runs.get(key)  # a restart moved it
            if run is not None and run.child is not None:
                found.append(run.child)
        return found


def _is_meant(choice: Choice, header: Execution) -> bool:
    created, namespace = header.at[0][1], choice.namespace
    if choice.since is not None and created < choice.since.timestamp():
        return False
    if choice.until is not None and created > choice.until.timestamp():
        return False
    return (
        not choice.within
        or namespace is None
        or header.namespace == namespace
        or header.namespace.startswith(f"{namespace}.")
    )
