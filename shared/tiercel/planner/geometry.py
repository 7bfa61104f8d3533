"""Where things stand: the lane and the segment of every run, computed from the flow alone.

Nothing here looks at an execution, so a run is found without an index: its key says its task and its rounds, and
the task's place in the flow says in which record it lies.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from tiercel.flowables.base import FlowableTask
from tiercel.flowables.core import Dag, EachParallel, ForEach, LoopUntil, Parallel
from tiercel.flowables.foreachitem import ForEachItemExecutable
from tiercel.flowables.loop import Loop
from tiercel.model.execution import MAIN_LANE
from tiercel.model.flow import ERRORS, MAIN, Node

SEGMENT = 32
"""Task runs a segment: 1 + 1/32 writes a task run, and about 16 KiB at 500 bytes a run."""

LEAF = 32
"""Branches a leaf of a join (emulators.md 9.2: 1,035 writes for 1,000 branches)."""


def is_valued(node: Node) -> bool:
    """Tell whether the node's main tasks run once for each value."""
    return issubclass(node.plugin, FlowableTask) and node.plugin.valued


def has_rounds(node: Node) -> bool:
    """Tell whether the node's main tasks run in rounds: for each value, or until a condition holds."""
    return is_valued(node) or node.plugin is LoopUntil


def isolates(node: Node) -> bool:
    """Tell whether each round of the node stands by itself: it sees its own runs, and nobody outside sees them."""
    return node.plugin is Loop


def in_rounds(above: Node, child: Node) -> bool:
    """Tell whether a node's child runs in its rounds: in those of a Loop, what runs after a failure does so too."""
    return has_rounds(above) and (child.branch == MAIN or (child.branch == ERRORS and isolates(above)))


def forks(node: Node) -> bool:
    """Tell whether the node's main tasks walk in lanes of their own.

    A ForEach does unless its limit is literally 1 (or absent): then one token goes through all rounds.
    """
    if node.plugin is ForEach:
        return node.properties.get("concurrencyLimit", 1) not in (1, "1")
    return node.plugin in (Parallel, Dag, EachParallel, ForEachItemExecutable, Loop)


@lru_cache(maxsize=65536)
def loops_of(node: Node) -> tuple[Node, ...]:
    """Return the loops in whose rounds the node runs, outermost first."""
    found = []
    child = node
    for above in node.ancestors():
        if in_rounds(above, child):
            found.append(above)
        child = above
    return tuple(reversed(found))


def run_key(node: Node, rounds: Sequence[int]) -> str:
    """Return the key of the node's run in the given rounds (as many as there are loops around it)."""
    return f"{node.id}[{','.join(map(str, rounds))}]" if rounds else node.id


@lru_cache(maxsize=65536)
def _fork_above(node: Node) -> tuple[Node, Node] | None:
    """Return the innermost fork whose branches hold the node, and the fork's child towards the node."""
    child = node
    for above in node.ancestors():
        if forks(above) and (child.branch == MAIN or in_rounds(above, child)):
            return above, child
        child = above
    return None


def branch_number(fork: Node, child: Node, round_: int | None) -> int:
    """Return the number of a fork's branch: the child's place, or the round, or both for EachParallel."""
    if not is_valued(fork):
        return child.index
    assert round_ is not None
    if fork.plugin is EachParallel:
        return round_ * len(fork.branches[MAIN]) + child.index
    return round_


def lane_name(fork_key: str, branch: int) -> str:
    """Return the key of the lane that a branch of a fork walks."""
    return f"{fork_key}#{branch}"


def lane_of(node: Node, rounds: Sequence[int]) -> str:
    """Return the key of the lane in which the node's run lies."""
    found = _fork_above(node)
    if found is None:
        return MAIN_LANE
    fork, child = found
    outside = len(loops_of(fork))
    round_ = rounds[outside] if is_valued(fork) else None
    return lane_name(run_key(fork, rounds[:outside]), branch_number(fork, child, round_))


@lru_cache(maxsize=65536)
def _rounds_of_lane(node: Node) -> int:
    """Return how many of the node's rounds are fixed by its lane."""
    found = _fork_above(node)
    if found is None:
        return 0
    return len(loops_of(found[0])) + is_valued(found[0])


@lru_cache(maxsize=4096)
def _body(loop: Node) -> int:
    """Return how many tasks stand inside a loop, at any depth."""

    def count(nodes: tuple[Node, ...]) -> int:
        return sum(1 + sum(map(count, node.branches.values())) for node in nodes)

    return count(loop.branches[MAIN])


def segment_of(node: Node, rounds: Sequence[int]) -> str:
    """Return the name of the segment to which the node's run goes when it leaves its lane."""
    lane = lane_of(node, rounds)
    inner = rounds[_rounds_of_lane(node) :]
    if not inner:
        return f"{lane}/{node.order // SEGMENT}"
    together = max(1, SEGMENT // _body(loops_of(node)[-1]))
    outer = ".".join(map(str, inner[:-1]))
    return f"{lane}/{outer}:{inner[-1] // together}/{node.order // SEGMENT}"


def leaf_size(size: int, level: int, number: int) -> int:
    """Return how many entries a join's node has when it is full.

    Args:
        size: How many branches the join has.
        level: 0 for leaves.
        number: The node's number on its level.
    """
    width = size
    for _ in range(level):
        width = -(-width // LEAF)
    return min(LEAF, width - number * LEAF)


def is_top(size: int, level: int) -> bool:
    """Tell whether a level has one node only."""
    width = size
    for _ in range(level + 1):
        width = -(-width // LEAF)
    return width <= 1
