"""From which task runs an execution can go on, once they are given another state by hand."""

from __future__ import annotations

from collections.abc import Mapping

from tiercel.flowables.base import FlowableTask
from tiercel.model.execution import TaskRun, split_key
from tiercel.model.flow import ERRORS, MAIN, Flow, Node
from tiercel.model.states import seen
from tiercel.planner import geometry
from tiercel.planner.walk import FAILING


def obstacle(flow: Flow, runs: Mapping[str, TaskRun], key: str) -> str | None:
    """Return why an execution cannot go on from a run that has its new state, or None when it can.

    Args:
        flow: The flow.
        runs: The execution's runs.
        key: The run whose state was changed.
    """
    node = flow.nodes[runs[key].task]
    if node.is_late:
        return "it ran after the execution had ended, and nothing follows from how; change an earlier task"
    if in_errors_of_iteration(node):
        return "it ran because an iteration of a Loop had failed; change the task that failed, or restart the execution"
    for each in (node, *node.ancestors()):
        if each.branch == MAIN and each.parent is not None and not issubclass(each.parent.plugin, FlowableTask):
            return _missing(runs, each.parent, split_key(key)[1])
    return None


def in_errors_of_iteration(node: Node) -> bool:
    """Tell whether a task runs where one iteration of a Loop has failed: no token is led back to there."""
    return any(
        each.branch == ERRORS and each.parent is not None and geometry.isolates(each.parent)
        for each in (node, *node.ancestors())
    )


def _missing(runs: Mapping[str, TaskRun], directory: Node, rounds: tuple[int, ...]) -> str | None:
    """Say which task of a WorkingDirectory would have to run, now that its folder is gone."""
    for child in directory.branches[MAIN]:
        run = runs.get(geometry.run_key(child, rounds))
        if run is None:
            gone = f"'{child.id}' would follow it in the folder of '{directory.id}', which is gone"
            return f"{gone}; change the state of '{directory.id}', or restart the execution"
        if seen(run.state) & FAILING:
            return None
    return None
