"""Which runs of an execution came after one: a replay from it forgets them."""

from __future__ import annotations

from tiercel.flowables.core import EachParallel
from tiercel.model.execution import TaskRun, split_key
from tiercel.model.flow import MAIN, Flow, Node
from tiercel.planner import geometry


def successors(flow: Flow, runs: dict[str, TaskRun], key: str) -> set[str]:
    """Return the keys of the runs that came after one: later in its sequence, and in the sequences around it."""
    node, rounds = flow.nodes[runs[key].task], split_key(key)[1]
    found: set[str] = set()
    while True:
        found |= _later(flow, runs, node, rounds)
        if node.parent is None:
            return found
        node = node.parent
        rounds = rounds[: len(geometry.loops_of(node))]


def _later(flow: Flow, runs: dict[str, TaskRun], node: Node, rounds: tuple[int, ...]) -> set[str]:
    """Return the runs that came after a task in its own sequence, at any depth, and in later rounds of its loop."""
    above = node.parent
    branches = flow.branches if above is None else above.branches
    in_order = above is None or not geometry.forks(above) or geometry.is_valued(above) or node.branch != MAIN
    after = set(branches[node.branch][node.index + 1 :]) if in_order and not _unordered(above) else set()
    after |= _dependants(node)
    loop = above if above is not None and geometry.is_valued(above) and not geometry.forks(above) else None
    return {
        key
        for key, run in runs.items()
        if _within(flow.nodes[run.task], after, split_key(key)[1], rounds)
        or (loop is not None and _in_later_round(flow.nodes[run.task], loop, split_key(key)[1], rounds))
    }


def _dependants(node: Node) -> set[Node]:
    """Return the tasks of the same Dag that wait for one, directly or through others."""
    siblings = node.parent.branches[node.branch] if node.parent is not None else ()
    found = {node.id}
    for _ in siblings:
        found |= {each.id for each in siblings if found.intersection(each.depends_on)}
    return {each for each in siblings if each.id in found and each is not node}


def _unordered(above: Node | None) -> bool:
    return above is not None and above.plugin is EachParallel


def _within(node: Node, roots: set[Node], rounds: tuple[int, ...], same: tuple[int, ...]) -> bool:
    return (node in roots or any(above in roots for above in node.ancestors())) and rounds[: len(same)] == same


def _in_later_round(node: Node, loop: Node, rounds: tuple[int, ...], here: tuple[int, ...]) -> bool:
    depth = len(geometry.loops_of(loop))
    inside = any(above is loop for above in node.ancestors()) and len(rounds) > depth
    return inside and rounds[:depth] == here[:depth] and rounds[depth] > here[depth]
