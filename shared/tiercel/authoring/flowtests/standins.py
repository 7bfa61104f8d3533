"""Stand-ins: what takes the place of a task in a test, and the flow with them in it.

Promise: a task that has a fixture is never run, and nothing of it is rendered; a task that reaches outside is run only
where that is allowed. It is so for tasks of every kind, flowables and calls of other flows included, since a
stand-in takes the task's place in the tree that the planner walks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, ClassVar

from pydantic import ValidationError

from tiercel.authoring.flowtests.suites import TaskFixture
from tiercel.errors import TaskError
from tiercel.expressions import to_text
from tiercel.flowables.base import FlowableTask
from tiercel.graphs.topology import Name
from tiercel.model.flow import Flow, Node, PluginClass
from tiercel.model.plugin import Outputs, Result, bind
from tiercel.model.states import State
from tiercel.planner.rendering import explain
from tiercel.ports import RunContext
from tiercel.tasks.base import RunnableTask, loop_value
from tiercel.tasks.workingdirectory import WorkingDirectory

_PREFIX = "io.kestra.plugin."
INSIDE = tuple(f"{_PREFIX}{package}." for package in ("core", "serdes", "compress"))
"""Packages whose tasks work on the store alone, which in a test is one of its own."""
OUTSIDE = tuple(f"{_PREFIX}core.{package}." for package in ("http", "templating"))
"""Those among them that do not, or that run whatever task a text describes."""


def reaches_outside(plugin: PluginClass, kind: str) -> bool:
    """Tell whether a task may read or change what is not of the installation."""
    if issubclass(plugin, FlowableTask) or getattr(plugin, "inline", False):
        return False
    return not kind.startswith(INSIDE) or kind.startswith(OUTSIDE)


@dataclass(frozen=True)
class Original:
    """The task that a stand-in stands for."""

    flow: Name
    node: Node
    plugin: PluginClass
    properties: Mapping[str, Any]

    @property
    def is_plain(self) -> bool:
        """Whether a worker runs it by itself."""
        return issubclass(self.plugin, RunnableTask) and not issubclass(self.plugin, WorkingDirectory)


@dataclass(frozen=True)
class Part:
    """What one stand-in plays."""

    stage: Stage
    original: Original
    fixtures: Sequence[TaskFixture]

    @property
    def may_run(self) -> bool:
        """Whether the task itself may have to be run: for a loop value that no fixture names."""
        every = any(fixture.value is None for fixture in self.fixtures)
        return bool(self.fixtures) and not every and self.original.is_plain

    def play(self, ctx: RunContext) -> Mapping[str, object] | Result | None:
        """Give what the fixture says; run the task where there is none for its value; else refuse."""
        value = loop_value(ctx)
        fixture = next(
            (each for each in self.fixtures if each.value is not None and to_text(each.value) == value), None
        )
        fixture = fixture or next((each for each in self.fixtures if each.value is None), None)
        if fixture is not None:
            outputs = ctx.render_deep(fixture.outputs, {"files": self.stage.files})
            ctx.log(f"this is a test: the task did not run, a fixture stands for it{_remark(fixture)}")
            return Result(outputs if isinstance(outputs, dict) else None, State(fixture.state))
        if not self.may_run or (reaches_outside(self.original.plugin, self.original.node.type) and not self.stage.open):
            raise TaskError(self._refusal(value), retryable=False)
        node = self.original.node
        try:
            task = bind(self.original.plugin, self.original.properties, ctx.render_deep, id=node.id, type=node.type)
        except ValidationError as error:
            raise TaskError(explain(node, error)) from None
        found: Mapping[str, object] | Result | None = task.run(ctx)
        return found

    def _refusal(self, value: str | None) -> str:
        """Note that the task was asked for and not run; return why."""
        node, flow = self.original.node, ".".join(self.original.flow)
        if self.original.flow != self.stage.flow:
            remedy = "give a fixture to the task that calls this flow"
        elif self.fixtures:
            remedy = f"add one with value: {value}"
        else:
            remedy = f"add a fixture: tasks: [{{id: {node.id}, outputs: {{...}}}}]"
        why = f"has no fixture for the value '{value}'" if self.fixtures else "would reach outside"
        text = f"task '{node.id}' ({node.type}) of {flow} {why}, and a test must not: {remedy}; or --allow-outside"
        if self.fixtures:
            text = f"task '{node.id}' ({node.type}) of {flow} {why}: {remedy}"
        self.stage.refuse(text)
        return text


def _remark(fixture: TaskFixture) -> str:
    return f" ({fixture.description})" if fixture.description else ""


class Played(Outputs):
    """What a stand-in gives."""

    others: ClassVar[str] = "Whatever the fixture says, or those of the task itself."


class StandIn(RunnableTask):
    """Play a task's part."""

    gives = Played

    part: Any
    """The `Part`."""

    def run(self, ctx: RunContext) -> Mapping[str, object] | Result | None:
        """Give what the fixture says."""
        assert isinstance(self.part, Part)
        return self.part.play(ctx)


class QuickStandIn(StandIn):
    """Play the part of a task that is surely not run."""

    inline: ClassVar[bool] = True


@dataclass
class Stage:
    """Where one case is played."""

    flow: Name
    """The flow under test; fixtures are for its tasks alone."""
    fixtures: Sequence[TaskFixture]
    files: dict[str, str] = field(default_factory=dict)
    """The addresses of the case's files, by their paths."""
    open: bool = False
    """Whether tasks may reach outside."""
    refusals: list[str] = field(default_factory=list)
    """Why tasks were not run, each once."""
    _lock: Lock = field(default_factory=Lock)

    def refuse(self, text: str) -> None:
        """Note that a task was asked for and not run."""
        with self._lock:
            if text not in self.refusals:
                self.refusals.append(text)

    def prepare(self, flow: Flow) -> Flow:
        """Put stand-ins into a flow that was just parsed; return it."""
        name = (flow.namespace, flow.id)
        for node in list(flow.nodes.values()):
            if flow.nodes.get(node.id) is not node:
                continue  # it went with the task around it
            fixtures = [each for each in self.fixtures if each.id == node.id] if name == self.flow else []
            if fixtures or (reaches_outside(node.plugin, node.type) and not self.open):
                self._replace(flow, node, fixtures)
        return flow

    def _replace(self, flow: Flow, node: Node, fixtures: Sequence[TaskFixture]) -> None:
        part = Part(self, Original((flow.namespace, flow.id), node, node.plugin, node.properties), fixtures)
        for below in list(_below(node)):
            flow.nodes.pop(below.id, None)
        node.branches = {}
        node.plugin = StandIn if part.may_run else QuickStandIn
        node.properties = {"part": part}
        if not part.may_run:
            node.timeout, node.retry, node.cache = None, None, None


def _below(node: Node) -> Iterator[Node]:
    for branch in node.branches.values():
        for each in branch:
            yield each
            yield from _below(each)
