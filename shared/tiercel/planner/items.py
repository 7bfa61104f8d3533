"""`item` as the expressions of a Loop see it: the value of this iteration, and those of the loops around."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tiercel.expressions.values import ParsedList, ParsedMap
from tiercel.flowables.loop import Item, decode_item
from tiercel.model.flow import Node
from tiercel.planner import geometry
from tiercel.planner.scene import Scene

_PARTS = ("value", "index", "key", "parent", "parents")


def item_at(scene: Scene, loop: Node, rounds: Sequence[int]) -> Item | None:
    """Return the item of an iteration that is under way.

    Args:
        scene: Where its lane is found.
        loop: The Loop.
        rounds: The rounds of the loops around, that of the Loop last.
    """
    text = scene.value_of(geometry.lane_name(geometry.run_key(loop, rounds[:-1]), rounds[-1]))
    return None if text is None else decode_item(text)


def item_around(scene: Scene, node: Node, rounds: Sequence[int]) -> Mapping[str, Any] | None:
    """Return the item of the innermost Loop around a task, None where there is none.

    Args:
        scene: Where lanes are found.
        node: The task.
        rounds: The rounds of its run.
    """
    loops = [(loop, tuple(rounds[: depth + 1])) for depth, loop in enumerate(geometry.loops_of(node))]
    places = [(loop, inside) for loop, inside in reversed(loops) if geometry.isolates(loop)]
    return ItemMap(scene, places) if places else None


def _parsed(value: object) -> object:
    """Return a value so that `fromJson` takes it too: in Kestra, structures are JSON text here."""
    if isinstance(value, dict):
        return ParsedMap(value)
    return ParsedList(value) if isinstance(value, list) else value


class ItemMap(Mapping[str, Any]):
    """One iteration's item; what it says of the loops around is looked up when it is asked for."""

    def __init__(self, scene: Scene, places: list[tuple[Node, tuple[int, ...]]]) -> None:
        self._scene = scene
        self._places = places
        """The Loops around, innermost first, each with the rounds up to its own."""

    def __getitem__(self, name: str) -> Any:
        loop, rounds = self._places[0]
        if name == "index":
            return rounds[-1]
        if name in ("value", "key"):
            item = item_at(self._scene, loop, rounds)
            found = None if item is None else _parsed(getattr(item, name))
        else:
            found = self._around(name)
        if found is None:
            raise KeyError(name)
        return found

    def _around(self, name: str) -> object:
        outer = [ItemMap(self._scene, self._places[depth:]) for depth in range(1, len(self._places))]
        if name == "parents":
            return outer
        return outer[0] if name == "parent" and outer else None

    def __iter__(self) -> Iterator[str]:
        return (name for name in _PARTS if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)
