"""The flowables of `io.kestra.plugin.core.flow` that only choose, loop and fork."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar

from pydantic import Field

from tiercel.errors import TaskError
from tiercel.expressions import is_truthy_text
from tiercel.flowables.base import FlowableTask, Fork, Loop, Walk
from tiercel.model.durations import Duration
from tiercel.model.flow import MAIN
from tiercel.model.nesting import Nested
from tiercel.model.plugin import Outputs, Plugin, Rendered


class Sequential(FlowableTask):
    """Run tasks one after the other."""

    def open(self) -> Walk:
        """Go through the tasks."""
        return Walk()


class AllowFailure(FlowableTask):
    """Run tasks one after the other; a failure ends the group with a WARNING."""

    default_failure_allowed: ClassVar[bool] = True

    def open(self) -> Walk:
        """Go through the tasks."""
        return Walk()


class Parallel(FlowableTask):
    """Run tasks side by side."""

    concurrent: Rendered[int] = Field(0, ge=0)
    """How many at once; 0 means all."""
    fail_fast: bool = False
    """Whether the first task that fails ends those beside it."""

    def open(self) -> Fork:
        """Start all tasks."""
        return Fork(self.concurrent, fail_fast=self.fail_fast)


class Dag(FlowableTask):
    """Run tasks side by side, each as soon as those it depends on have ended."""

    nested: ClassVar[Mapping[str, Nested]] = {MAIN: Nested.GRAPH}
    concurrent: Rendered[int] = Field(0, ge=0)
    """How many at once; 0 means all."""

    def open(self) -> Fork:
        """Start the tasks that depend on none."""
        return Fork(self.concurrent, graph=True)


class Evaluated(Outputs):
    """What If gives."""

    evaluation_result: bool
    """Whether the condition held."""


class If(FlowableTask):
    """Run one branch or the other."""

    nested: ClassVar[Mapping[str, Nested]] = {"then": Nested.REQUIRED, "else": Nested.OPTIONAL}
    gives = Evaluated
    condition: Rendered[str]
    """An expression; `false`, `0`, `-0` and the empty text are false."""

    def open(self) -> Walk:
        """Choose the branch once; the choice is the task's output."""
        holds = is_truthy_text(self.condition)
        return Walk("then" if holds else "else", {"evaluationResult": holds})


class Switched(Outputs):
    """What Switch gives."""

    value: str
    """The value, rendered."""
    defaults: bool
    """Whether no case had its name, so that `defaults` ran."""


class Switch(FlowableTask):
    """Run the branch whose name is the value."""

    nested: ClassVar[Mapping[str, Nested]] = {"cases": Nested.CASES, "defaults": Nested.OPTIONAL}
    gives = Switched
    value: Rendered[str]
    """An expression, compared with the names of the cases as text."""

    def open(self) -> Walk:
        """Name the branch; the planner knows whether it is there."""
        return Walk(f"cases.{self.value}", {"value": self.value, "defaults": False})


MOST_VALUES = 100_000
"""Values of one loop: they stand in one record (docs/limits.md)."""


def loop_values(value: object) -> tuple[str, ...]:
    """Return a loop's values as texts, without repeats.

    Args:
        value: A list, or text that holds a JSON array (several lines may hold one value each).

    Raises:
        TaskError: The value is not a list, or has nulls.
    """
    found = _as_list(value)
    nulls = sum(item is None for item in found)
    if nulls:
        raise TaskError(f"Found '{nulls}' null value(s) among the values of the loop: {json.dumps(found)[:300]}")
    if len(found) > MOST_VALUES:
        limit = f"more than the {MOST_VALUES} that one loop goes through"
        raise TaskError(f"the loop has {len(found)} values, {limit}; put them into a file and use ForEachItem")
    texts = (item if isinstance(item, str) else _compact(item) for item in found)
    return tuple(dict.fromkeys(texts))


def _compact(item: object) -> str:
    return json.dumps(item, ensure_ascii=False, separators=(",", ":"))


def _as_list(value: object) -> list[Any]:
    if isinstance(value, list):
        return [None if item is None else item for item in value]
    text = str(value)
    try:
        found = json.loads(text)
    except ValueError as error:
        raise TaskError(f"the loop's values are not a JSON array: {error}; found: {text[:200]!r}") from None
    if isinstance(found, list):
        return found
    if isinstance(found, dict):
        return [{"key": key, "value": item} for key, item in found.items()]
    raise TaskError(f"the loop's values must be a list, found {type(found).__name__}: {text[:200]!r}")


LoopValues = Any


class ForEach(FlowableTask):
    """Run a group of tasks for each value."""

    valued: ClassVar[bool] = True
    values: Rendered[LoopValues]
    """A list, or an expression that gives a JSON array."""
    concurrency_limit: Rendered[int] = Field(1, ge=0)
    """How many values at once; 0 means all."""

    def open(self) -> Loop:
        """Loop over the values."""
        return Loop(loop_values(self.values), self.concurrency_limit)


class EachSequential(FlowableTask):
    """Run a group of tasks for each value, one value after the other (older form of ForEach)."""

    valued: ClassVar[bool] = True
    value: Rendered[LoopValues]
    """A list, or an expression that gives a JSON array."""

    def open(self) -> Loop:
        """Loop over the values."""
        return Loop(loop_values(self.value), 1)


class EachParallel(FlowableTask):
    """Run every task of every value side by side (older form of ForEach)."""

    valued: ClassVar[bool] = True
    value: Rendered[LoopValues]
    """A list, or an expression that gives a JSON array."""
    concurrent: Rendered[int] = Field(0, ge=0)
    """How many at once; 0 means all."""

    def open(self) -> Loop:
        """Loop over the values."""
        return Loop(loop_values(self.value), self.concurrent, ordered=False)


class CheckFrequency(Plugin):
    """How often and how long a LoopUntil tries."""

    max_iterations: int | None = None
    """After so many rounds it gives up."""
    max_duration: Duration | None = None
    """After this time it gives up."""
    interval: Duration = timedelta(minutes=1)
    """How long it waits between two rounds."""


class Rounds(Outputs):
    """What LoopUntil gives."""

    iteration_count: int
    """How many rounds have begun."""


class LoopUntil(FlowableTask):
    """Run a group of tasks again and again until a condition holds."""

    gives = Rounds

    condition: str
    """An expression over the round's outputs."""
    fail_on_max_reached: bool = False
    """Whether giving up is a failure."""
    check_frequency: CheckFrequency = Field(default_factory=CheckFrequency)
    """How often and how long."""

    def open(self) -> Walk:
        """Begin the first round."""
        return Walk(MAIN, {"iterationCount": 1})
