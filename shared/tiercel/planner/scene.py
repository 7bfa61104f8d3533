"""The neighbourhood of an event: the header, the lane, and whatever the next expressions name, found on demand.

A scene never reads the whole execution for one step. It knows by geometry in which record a run lies and asks for
that record only; what was read once is kept while the scene lives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from tiercel.model.execution import BranchEnd, Execution, Lane, TaskRun, split_key
from tiercel.model.flow import Flow, Node
from tiercel.model.ids import derived_id
from tiercel.model.messages import Message
from tiercel.planner import geometry


class Archive(Protocol):
    """What a scene may ask of the stored execution."""

    def lane(self, key: str) -> Lane | None:
        """Return a lane, or None when it is not stored."""

    def segment(self, name: str) -> dict[str, TaskRun]:
        """Return the runs that left their lane for a segment."""

    def branch_end(self, fork: str, branch: int) -> BranchEnd | None:
        """Return how a branch ended, if it has."""

    def everything(self) -> dict[str, TaskRun]:
        """Return every run of the execution: only for expressions that name them all."""

    def outputs(self, uri: str) -> dict[str, Any]:
        """Return outputs that were too large for their record."""


def _no_news(_: Execution) -> Sequence[Message]:
    return ()


class Scene:
    """What a plan sees."""

    def __init__(self, flow: Flow, header: Execution, lane: Lane, archive: Archive) -> None:
        self.flow = flow
        self.header = header
        self.lane = lane
        self._archive = archive
        self._lanes: dict[str, Lane | None] = {}
        self._segments: dict[str, dict[str, TaskRun]] = {}
        self._ends: dict[tuple[str, int], BranchEnd | None] = {}
        self._left: dict[str, TaskRun] = {}
        self._everything: dict[str, TaskRun] | None = None
        self.inner: dict[str, TaskRun] = {}
        """Runs that a worker has under way inside one attempt (the tasks of a WorkingDirectory)."""
        self.memo: dict[str, Any] = {}
        """Room for what is made once for each scene (the variables that never change)."""
        self.news: Callable[[Execution], Sequence[Message]] = _no_news
        """Gives the messages that go out because the execution has just entered its state."""

    def enter(self, lane: Lane) -> None:
        """Turn to another lane of the same execution; what was read stays known."""
        self.lane = lane

    def is_left(self) -> bool:
        """Tell whether somebody has ended the lane, as it is stored at this moment."""
        lane = self._archive.lane(self.lane.key)
        return lane is None or lane.ended

    def find(self, key: str) -> TaskRun | None:
        """Return the run of that key, or None when the task has not run there."""
        run = self.lane.runs.get(key) or self._left.get(key) or self.inner.get(key)
        if run is not None:
            return run
        if self._everything is not None:
            return self._everything.get(key)
        task, rounds = split_key(key)
        node = self.flow.nodes.get(task)
        return None if node is None else self._look_up(key, node, rounds)

    def _look_up(self, key: str, node: Node, rounds: tuple[int, ...]) -> TaskRun | None:
        name = geometry.lane_of(node, rounds)
        if name != self.lane.key:
            lane = self._lane(name)
            if lane is not None and key in lane.runs:
                return lane.runs[key]
            end = self._end(name) if lane is None or lane.ended else None
            for run in end.runs if end is not None else ():
                if run.key == key:
                    return run
        return self._segment(geometry.segment_of(node, rounds)).get(key)

    def _lane(self, name: str) -> Lane | None:
        if name not in self._lanes:
            self._lanes[name] = self._archive.lane(name)
        return self._lanes[name]

    def value_of(self, lane: str) -> str | None:
        """Return the loop's value of a lane that is walked now, here or around the one here."""
        found = self.lane if lane == self.lane.key else self._lane(lane)
        return None if found is None else found.value

    def _end(self, lane: str) -> BranchEnd | None:
        fork, _, branch = lane.rpartition("#")
        if not fork:
            return None
        if (fork, int(branch)) not in self._ends:
            self._ends[fork, int(branch)] = self._archive.branch_end(fork, int(branch))
        return self._ends[fork, int(branch)]

    def _segment(self, name: str) -> dict[str, TaskRun]:
        found = self._segments.get(name)
        if found is None:
            found = self._archive.segment(name)
            if found:  # an empty one may fill while this scene lives
                self._segments[name] = found
        return found

    def remember(self, runs: Mapping[str, TaskRun]) -> None:
        """Keep runs at hand that have just left the lane, and are not stored before the next commit."""
        self._left.update(runs)

    def everything(self) -> dict[str, TaskRun]:
        """Return every run, those of the lane as they are now."""
        if self._everything is None:
            self._everything = self._archive.everything()
        return {**self._everything, **self._left, **self.lane.runs, **self.inner}

    def outputs_of(self, run: TaskRun) -> dict[str, Any]:
        """Return a run's outputs, fetched where they lie apart."""
        if run.outputs_uri is None or run.outputs is not None:
            return run.outputs or {}
        name = f"outputs/{run.outputs_uri}"  # never into the run: its lane would be stored with it
        found: dict[str, Any] | None = self.memo.get(name)
        if found is None:
            found = self.memo[name] = self._archive.outputs(run.outputs_uri)
        return found

    def run_id(self, key: str) -> str:
        """Return the id of the run with that key."""
        return derived_id(self.header.id, key)
