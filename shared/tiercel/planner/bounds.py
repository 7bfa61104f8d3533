"""What a function is too small for: tasks that may take longer than it has, and those that are kept apart from it.

Pure: told from the flow and the scene alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tiercel.errors import ExpressionError
from tiercel.model.durations import parse_duration
from tiercel.model.execution import TaskRun
from tiercel.model.flow import Node
from tiercel.planner.rendering import Renderer


@dataclass(frozen=True)
class Bounds:
    """How much may be asked of a process."""

    longest: float
    """The seconds that a task's `timeout` may name."""
    apart: tuple[str, ...] = ()
    """How the types begin of those tasks that never run in this process."""

    def exceeded(self, renderer: Renderer, node: Node, run: TaskRun) -> bool:
        """Tell whether a task, or one inside it that the same worker runs, goes over these bounds.

        A limit that cannot be read is none: the worker fails the task for it.
        """
        return any(
            each.type.startswith(self.apart) or _seconds(renderer, each, run) > self.longest for each in _inside(node)
        )


def _seconds(renderer: Renderer, node: Node, run: TaskRun) -> float:
    if node.timeout is None:
        return 0.0
    try:
        return parse_duration(renderer.text(node.timeout, run)).total_seconds()
    except (ExpressionError, ValueError):
        return 0.0


def _inside(node: Node) -> Iterator[Node]:
    """Yield a task and all in its branches: a WorkingDirectory has some."""
    yield node
    for branch in node.branches.values():
        for each in branch:
            yield from _inside(each)
