"""Functions that read the execution: its logs, its states, and the outputs of loops.

Promise: nothing of the context is changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, cast

from tiercel.errors import ExpressionError
from tiercel.expressions.frame import Frame
from tiercel.expressions.printing import to_text
from tiercel.expressions.routines import function_named, integer_argument, text_argument
from tiercel.expressions.values import OwnList, describe, is_collection


@function_named("errorLogs", framed=True)
def error_logs(frame: Frame) -> object:
    """Return the ERROR log entries of the execution."""
    return OwnList(frame.context.world.error_logs())


@function_named("tasksWithState", parameters="state", required=1, framed=True)
def tasks_with_state(frame: Frame, state: object) -> object:
    """Return the task runs that are in a state."""
    return OwnList(frame.context.world.tasks_with_state(text_argument(state, "state")))


def _variable(frame: Frame, name: str) -> object:
    try:
        return frame.context.variables[name]
    except KeyError:
        return None


def _loop_values(frame: Frame, *, with_own: bool) -> list[object]:
    """Return the values of the loops around, outermost first."""
    values: list[object] = []
    parents = _variable(frame, "parents")
    if isinstance(parents, list | tuple):
        values = [run["value"] for one in reversed(parents) if (run := _taskrun_of(one)) is not None]
    own = _variable(frame, "taskrun")
    if with_own and isinstance(own, Mapping) and own.get("value") is not None:
        values.append(own["value"])
    return values


def _taskrun_of(parent: object) -> Mapping[str, object] | None:
    run = parent.get("taskrun") if isinstance(parent, Mapping) else None
    return run if isinstance(run, Mapping) and run.get("value") is not None else None


def _within(outputs: object, values: list[object], function: str) -> Mapping[object, object]:
    found = outputs
    for value in values:
        if not isinstance(found, Mapping):
            break
        key = value if value in found else to_text(value)
        if key not in found:
            raise ExpressionError(f"The function {function} found no output for the loop value '{to_text(value)}'")
        found = found[key]
    if not isinstance(found, Mapping):
        raise ExpressionError(f"The function {function} needs the outputs of a task as a map, found {describe(found)}")
    return found


@function_named("currentEachOutput", parameters="outputs", required=1, framed=True)
def current_each_output(frame: Frame, outputs: object) -> object:
    """Return the outputs of a task for the values of the loops around."""
    return _within(outputs, _loop_values(frame, with_own=True), "currentEachOutput")


@function_named("iterationOutput", parameters="taskId iteration", framed=True)
def iteration_output(frame: Frame, task_id: object = None, iteration: object = None) -> object:
    """Return the output `value` of an earlier iteration of the loop around."""
    task = _variable(frame, "task")
    current = _iteration(frame)
    if current is None:
        raise ExpressionError("The function iterationOutput works only inside a loop")
    wanted = integer_argument(iteration, "iteration", current - 1)
    if wanted < 0 or wanted >= current:
        raise ExpressionError(f"The iteration {wanted} is not before the current one, {current}")
    name = task_id if task_id is not None else task.get("id") if isinstance(task, Mapping) else None
    outputs = _variable(frame, "outputs")
    try:
        row = _of_iteration(frame, outputs, text_argument(name, "taskId"), wanted)
    except (KeyError, IndexError):
        raise ExpressionError(f"The iteration {wanted} of the task '{to_text(name)}' has no output") from None
    return row.get("value") if isinstance(row, Mapping) else None


def _iteration(frame: Frame) -> int | None:
    """Return the number of the iteration in which the task runs, or None outside of loops."""
    for variable, name in (("taskrun", "iteration"), ("item", "index")):
        found = _variable(frame, variable)
        number = found.get(name) if isinstance(found, Mapping) else None
        if isinstance(number, int):
            return number
    return None


class _ByIteration(Protocol):
    def of_iteration(self, task: str, iteration: int) -> object:
        """Return the outputs of a task in another iteration of the loop around; KeyError where there are none."""


def _of_iteration(frame: Frame, outputs: object, task: str, number: int) -> object:
    if hasattr(outputs, "of_iteration"):
        return cast(_ByIteration, outputs).of_iteration(task, number)
    of_task = outputs.get(task) if isinstance(outputs, Mapping) else None  # plain maps, in the order of iterations
    return list(_within(of_task, _loop_values(frame, with_own=False), "iterationOutput").values())[number]


@function_named("parentOutput", parameters="index", framed=True)
def parent_output(frame: Frame, index: object = None) -> object:
    """Return the outputs of the direct parent, or of a parent counted from the root."""
    parents = _variable(frame, "parents")
    if not isinstance(parents, list | tuple) or not parents:
        raise ExpressionError("The function parentOutput works only where the task has a parent")
    position = 0 if index is None else len(parents) - 1 - integer_argument(index, "index")
    if not 0 <= position < len(parents):
        raise ExpressionError(f"There is no parent {to_text(index)}: the task has {len(parents)}")
    parent = parents[position]
    return parent.get("outputs") if isinstance(parent, Mapping) else None


@function_named("loopOutputs", parameters="outputs name", required=2)
def loop_outputs(outputs: object, name: object) -> object:
    """Return one output of each iteration, null where it is absent."""
    key = text_argument(name, "name")
    if isinstance(outputs, Mapping):
        rows: list[object] = list(outputs.values())
    elif is_collection(outputs):
        rows = list(outputs)  # type: ignore[call-overload]  # a collection
    else:
        raise ExpressionError(f"The argument 'outputs' must be a list, found {describe(outputs)}")
    return OwnList(_output_of(row, key) for row in rows)


def _output_of(row: object, key: str) -> object:
    """Return an output of an iteration: an entry of a Loop's `outputs` has them beside its `item`."""
    if isinstance(row, Mapping) and isinstance(row.get("item"), Mapping) and isinstance(row.get("outputs"), Mapping):
        row = row["outputs"]
    return row.get(key) if isinstance(row, Mapping) else None


@function_named("env", parameters="name default", required=1, framed=True)
def env(frame: Frame, name: object, default: object = None) -> object:
    """Return a variable of the environment that flows may read."""
    envs = _variable(frame, "envs")
    value = envs.get(text_argument(name, "name")) if isinstance(envs, Mapping) else None
    return default if value is None else value
