"""Beginning again inside an errors or a finally branch: which of the runs beside it stay, and how its token enters."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from tiercel.model.execution import TaskRun, split_key
from tiercel.model.flow import ERRORS, FINALLY, Flow, Node
from tiercel.model.states import seen
from tiercel.planner import geometry
from tiercel.planner.walk import is_main

Entered = Mapping[str | None, str]
"""The flowables (None is the flow) in whose errors or finally branch something begins again, each with that branch."""


def entered(flow: Flow, keys: Iterable[str]) -> dict[str | None, str]:
    """Return the side branches in which the runs of these keys lie."""
    found: dict[str | None, str] = {}
    for key in keys:
        node = flow.nodes[split_key(key)[0]]
        for each in (node, *node.ancestors()):
            if each.branch in (ERRORS, FINALLY):
                found[each.parent.id if each.parent is not None else None] = each.branch
    return found


def stays_beside(node: Node, branches: Entered) -> bool:
    """Tell whether a task lies in main branches only, or in side branches that are entered again or done by then."""
    return all(is_main(each.branch) or _is_before(each, branches) for each in (node, *node.ancestors()))


def _is_before(node: Node, branches: Entered) -> bool:
    again = branches.get(node.parent.id if node.parent is not None else None)
    return again == node.branch or (again == FINALLY and node.branch == ERRORS)


def closed_around(node: Node, rounds: tuple[int, ...], opened: Collection[str]) -> bool:
    """Tell whether every flowable in whose side branch a task lies stays as it is.

    Args:
        node: The task.
        rounds: The rounds of the loops around it.
        opened: The keys of the runs of flowables that are opened again; the flow itself always is.
    """
    holders = [each.parent for each in (node, *node.ancestors()) if not is_main(each.branch)]
    return all(
        above is not None and geometry.run_key(above, rounds[: len(geometry.loops_of(above))]) not in opened
        for above in holders
    )


def main_mask(flow: Flow, runs: Mapping[str, TaskRun], above: str | None) -> int:
    """Return the states in which the main tasks of a flowable's run ended; those of the flow for None."""
    mask = 0
    for run in runs.values():
        if run.parent == above and is_main(flow.nodes[run.task].branch):
            mask |= seen(run.state)
    return mask
