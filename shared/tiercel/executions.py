"""The executions of an installation, as the tasks that look at others need them: logs, counts, resuming, purging."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from tiercel import purging
from tiercel.commands.resuming import resume
from tiercel.flows import FlowStore
from tiercel.intake import Intake
from tiercel.model.execution import (
    Execution,
    TaskRun,
    decode_branch_end,
    decode_execution,
    decode_lane,
    header_key,
    lane_key,
    leaf_key,
    split_key,
)
from tiercel.model.flow import MAIN, Node
from tiercel.model.states import Level, State
from tiercel.planner import geometry
from tiercel.planner.iterations import last_task
from tiercel.planner.scene import Scene
from tiercel.ports import ObjectStore, StateStore
from tiercel.tasks.core.services import Choice, Purge, Purged, Seen
from tiercel.views.executions import ExecutionView

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

    def look(self, execution: str) -> Seen:
        """Return how an execution stands, or raise NotFoundError."""
        header = self._view.header(execution)
        runs = self._view.runs(header, None)
        failures = [run for run in runs if run.state is State.FAILED]
        around = {run.parent for run in failures}
        failed = next((run for run in failures if run.key not in around), None)
        last = failed or max(runs, key=lambda run: run.at[-1][1], default=None)
        began, until = (datetime.fromtimestamp(at, UTC) for at in (header.at[0][1], header.at[-1][1]))
        task = None if last is None else last.task
        return Seen(header.namespace, header.flow_id, header.state, began, until, task, failed is not None)

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
        found = [header.id for header in self._find(choice) if header.at[0][1] <= until]
        return sum(purging.purge_logs(self._store, self._objects, each, lines.hold) for each in found)

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

    def iterations(self, scene: Scene, loop: Node, run: TaskRun) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """Yield the number of each iteration of a Loop that has begun, with what its last task gave.

        Args:
            scene: The neighbourhood of the loop.
            loop: The loop.
            run: Its run.
        """
        size, rounds = len(run.values or ()), split_key(run.key)[1]
        first, last = loop.branches[MAIN][0], last_task(loop)
        for start in range(0, size, geometry.LEAF):
            numbers = range(start, min(start + geometry.LEAF, size))
            near = self._runs_near(scene.header.id, run.key, numbers)
            for number in numbers:
                inside = (*rounds, number)
                found = None if last is None else self._run_at(scene, near, geometry.run_key(last, inside))
                if found is not None or self._run_at(scene, near, geometry.run_key(first, inside)) is not None:
                    yield number, scene.outputs_of(found) if found is not None else {}

    def _runs_near(self, execution: str, fork: str, numbers: range) -> dict[str, TaskRun]:
        """Return the runs in the lanes and in the leaf of some branches that share one."""
        leaf = self._store.entries(leaf_key(execution, fork, 0, numbers.start // geometry.LEAF))
        ended = {int(branch): decode_branch_end(body).runs for branch, body in leaf.items()}
        others = [number for number in numbers if not ended.get(number)]
        lanes = self._store.get([lane_key(execution, geometry.lane_name(fork, number)) for number in others])
        apart = [run for lane in lanes if lane is not None for run in decode_lane(lane.body).runs.values()]
        return {run.key: run for run in (*chain.from_iterable(ended.values()), *apart)}

    def _run_at(self, scene: Scene, near: Mapping[str, TaskRun], key: str) -> TaskRun | None:
        """Return a run of a branch: from what was read of many, else from the segment to which it went."""
        return near.get(key) or scene.find(key)

    def _children(self, scene: Scene, items: Node, rounds: tuple[int, ...], numbers: range) -> list[str]:
        """Return the executions of some batches."""
        batch = items.branches[MAIN][0]
        fork = geometry.run_key(items, rounds)
        lanes = self._store.get([lane_key(scene.header.id, geometry.lane_name(fork, number)) for number in numbers])
        found = []
        for number, lane in zip(numbers, lanes, strict=True):
            key = geometry.run_key(batch, (*rounds, number))
            moved = None if lane is None else decode_lane(lane.body).runs.get(key)  # by a restart, or it is long
            run = moved or scene.find(key)
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
