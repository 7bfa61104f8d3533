"""Joins of many branches: each notes its end in a leaf of 32, and who sees a leaf full closes it one level up.

No counter is shared by more than 32 branches. The map is the truth; its count is only a hint when to look.
"""

from __future__ import annotations

from tiercel.model.execution import BranchEnd, decode_branch_end, encode, leaf_key
from tiercel.planner.batches import together
from tiercel.planner.geometry import LEAF, is_top, leaf_size
from tiercel.ports import Merge, StateStore


def close(store: StateStore, execution: str, fork: str, size: int, number: int, count: int) -> BranchEnd | None:
    """Close a leaf, and the nodes above it, as far as they are full.

    Args:
        store: Where the leaves are.
        execution: The execution's id.
        fork: The key of the run that forked.
        size: How many branches the fork has.
        number: The leaf's number.
        count: How many entries the leaf seemed to have.

    Returns:
        How the branches ended, all of them together, when the last one has ended; None before that.
    """
    level = 0
    while count >= leaf_size(size, level, number):
        entries = store.entries(leaf_key(execution, fork, level, number))
        if len(entries) < leaf_size(size, level, number):
            return None
        end = together([decode_branch_end(body) for body in entries.values()])
        if is_top(size, level):
            return end
        above = Merge(leaf_key(execution, fork, level + 1, number // LEAF), {str(number): encode(end)})
        count = store.commit([above])[0].count
        level, number = level + 1, number // LEAF
    return None
