"""`outputs` and `tasks` as expressions see them: maps that fetch a task's run when its key is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tiercel.model.execution import TaskRun, is_hidden, visible
from tiercel.model.flow import Node
from tiercel.planner import geometry
from tiercel.planner.scene import Scene

View = Callable[[TaskRun], Any]
"""What to show of a run: its outputs, or its state."""


class TaskMap(Mapping[str, Any]):
    """A map from a task's id to what is shown of its run, or to a map by loop value."""

    def __init__(self, scene: Scene, here: TaskRun | None, view: View) -> None:
        self._scene = scene
        self._rounds = geometry.split_key(here.key)[1] if here is not None else ()
        self._loops = _loops_around(scene, here)
        self._view = view

    def __getitem__(self, task: str) -> Any:
        node = self._scene.flow.nodes.get(task)
        if node is None or is_hidden(task):
            raise KeyError(task)
        if geometry.loops_of(node):
            found = RoundMap(self._scene, node, (), self._shared(node), self._view)
            if not found.exists():
                raise KeyError(task)
            return found
        run = self._scene.find(node.id)
        if run is None:
            raise KeyError(task)
        return self._view(run)

    def _shared(self, node: Node) -> tuple[int, ...]:
        """Return the rounds that this place and the node have in common."""
        common = []
        for mine, theirs, round_ in zip(self._loops, geometry.loops_of(node), self._rounds, strict=False):
            if mine is not theirs:
                break
            common.append(round_)
        return tuple(common)

    def __iter__(self) -> Iterator[str]:
        tasks = {run.task: None for run in visible(self._scene.everything()).values()}
        return iter(tasks)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _loops_around(scene: Scene, here: TaskRun | None) -> tuple[Node, ...]:
    node = scene.flow.nodes.get(here.task) if here is not None else None
    return geometry.loops_of(node) if node is not None else ()


class RoundMap(Mapping[str, Any]):
    """What is shown of a looped task, by the value of one loop around it; further loops are maps within."""

    def __init__(self, scene: Scene, node: Node, rounds: tuple[int, ...], near: tuple[int, ...], view: View) -> None:
        self._scene = scene
        self._node = node
        self._rounds = rounds
        self._near = near
        """The rounds in which the asking task stands, as far as it shares the loops."""
        self._view = view

    def exists(self) -> bool:
        """Tell whether the loop has begun."""
        return self._loop_run() is not None

    def _loop_run(self) -> TaskRun | None:
        loop = geometry.loops_of(self._node)[len(self._rounds)]
        return self._scene.find(geometry.run_key(loop, self._rounds))

    def _values(self) -> list[str]:
        run = self._loop_run()
        return (run.values or []) if run is not None else []

    def _round_of(self, value: str) -> int:
        """Return the round of a value; the table is made once for each loop."""
        loop = geometry.loops_of(self._node)[len(self._rounds)]
        name = f"rounds/{geometry.run_key(loop, self._rounds)}"
        table: dict[str, int] | None = self._scene.memo.get(name)
        if table is None:
            table = {text: number for number, text in enumerate(self._values())}
            self._scene.memo[name] = table
        return table[value]

    def __getitem__(self, value: object) -> Any:
        values = self._values()
        near = self._near[len(self._rounds)] if len(self._near) > len(self._rounds) else None
        if near is not None and near < len(values) and values[near] == str(value):
            return self._at(near)
        return self._at(self._round_of(str(value)))

    def _at(self, round_: int) -> Any:
        rounds = (*self._rounds, round_)
        if len(rounds) < len(geometry.loops_of(self._node)):
            near = self._near if self._near[: len(rounds)] == rounds else ()
            return RoundMap(self._scene, self._node, rounds, near, self._view)
        run = self._scene.find(geometry.run_key(self._node, rounds))
        if run is None:
            raise KeyError(self._values()[round_])
        return self._view(run)

    def __iter__(self) -> Iterator[str]:
        self._scene.everything()
        for round_, value in enumerate(self._values()):
            try:
                found = self._at(round_)
            except KeyError:
                continue
            if not isinstance(found, RoundMap) or len(found):
                yield value

    def __len__(self) -> int:
        return sum(1 for _ in self)
