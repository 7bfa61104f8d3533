"""`outputs` and `tasks` as expressions see them: maps that fetch a task's run when its key is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tiercel.model.execution import TaskRun, is_hidden, split_key, visible
from tiercel.model.flow import Node
from tiercel.planner import geometry
from tiercel.planner.scene import Scene

View = Callable[[TaskRun], Any]
"""What to show of a run: its outputs, or its state."""


class TaskMap(Mapping[str, Any]):
    """A map from a task's id to what is shown of its run, or to a map by loop value."""

    def __init__(self, scene: Scene, here: TaskRun | None, view: View) -> None:
        self._scene = scene
        self._rounds = split_key(here.key)[1] if here is not None else ()
        self._loops = _loops_around(scene, here)
        self._view = view

    def __getitem__(self, task: str) -> Any:
        node = self._scene.flow.nodes.get(task)
        if node is None or is_hidden(task):
            raise KeyError(task)
        near, loops = self._shared(node), geometry.loops_of(node)
        if any(map(geometry.isolates, loops[len(near) :])):
            raise KeyError(task)
        return _shown(self._scene, node, near[: _isolated(loops[: len(near)])], near, self._view)

    def of_iteration(self, task: str, iteration: int) -> Any:
        """Return what is shown of a task in another round of the innermost loop around this place.

        Raises:
            KeyError: There is no such loop, or the task has not run in that round of it.
        """
        node = self._scene.flow.nodes.get(task)
        near = self._shared(node) if node is not None else ()
        depth = max((depth for depth, loop in enumerate(self._loops) if geometry.is_valued(loop)), default=-1)
        if node is None or depth < 0 or len(near) <= depth:
            raise KeyError(task)
        return _shown(self._scene, node, (*near[:depth], iteration), near, self._view)

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
        return (task for task in tasks if task in self)

    def __contains__(self, task: object) -> bool:
        try:
            self[str(task)]
        except KeyError:
            return False
        return True

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _isolated(loops: Sequence[Node]) -> int:
    """Return how many of some loops, outermost first, are settled inside the innermost one that isolates."""
    return max((depth for depth, loop in enumerate(loops, 1) if geometry.isolates(loop)), default=0)


def _loops_around(scene: Scene, here: TaskRun | None) -> tuple[Node, ...]:
    node = scene.flow.nodes.get(here.task) if here is not None else None
    return geometry.loops_of(node) if node is not None else ()


def _shown(scene: Scene, node: Node, rounds: tuple[int, ...], near: tuple[int, ...], view: View) -> Any:
    """Return what is shown of a task in the given rounds: of its run, or of all further rounds by their values.

    Args:
        scene: Where runs are found.
        node: The task.
        rounds: The outer rounds that are settled.
        near: The rounds in which the asking task stands, as far as it shares the loops.
        view: What to show of a run.

    Raises:
        KeyError: The task has not run there.
    """
    loops = geometry.loops_of(node)
    while len(rounds) < len(loops) and not geometry.is_valued(loops[len(rounds)]):
        rounds = (*rounds, _round_until(scene, loops[len(rounds)], rounds, near))
    if len(rounds) < len(loops):
        found = RoundMap(scene, node, rounds, near if near[: len(rounds)] == rounds else (), view)
        if not found.exists():
            raise KeyError(node.id)
        return found
    run = scene.find(geometry.run_key(node, rounds))
    if run is None:
        raise KeyError(node.id)
    return view(run)


def _round_until(scene: Scene, loop: Node, rounds: tuple[int, ...], near: tuple[int, ...]) -> int:
    """Return the round of a LoopUntil that counts here: the asking task's own, or the last one."""
    if near[: len(rounds)] == rounds and len(near) > len(rounds):
        return near[len(rounds)]
    run = scene.find(geometry.run_key(loop, rounds))
    if run is None or run.until is None:
        raise KeyError(loop.id)
    return run.until


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
        return _shown(self._scene, self._node, (*self._rounds, round_), self._near, self._view)

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
