"""A task whose text is made when it runs: `io.kestra.plugin.core.templating.TemplatedTask`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import ValidationError

from tiercel.errors import FlowError, TaskError
from tiercel.flowfile import parse_task
from tiercel.model.plugin import Outputs, Rendered, Result, bind
from tiercel.planner.rendering import explain
from tiercel.ports import RunContext
from tiercel.tasks.base import RunnableTask


class Templated(Outputs):
    """What TemplatedTask gives."""

    others: ClassVar[str] = "Those of the task that `spec` describes."


class TemplatedTask(RunnableTask):
    """Run the task that a rendered text describes."""

    gives = Templated

    spec: Rendered[str]
    """The task as YAML; expressions may stand anywhere in it."""

    def run(self, ctx: RunContext) -> Mapping[str, object] | Result | None:
        """Run it; its outputs are this task's."""
        try:
            node = parse_task(self.spec, self.id)
        except FlowError as error:
            raise TaskError(f"'spec' is no task that can be run: {error}", retryable=False) from None
        if not issubclass(node.plugin, RunnableTask) or issubclass(node.plugin, TemplatedTask):
            raise TaskError(
                f"'spec' is a task of type {node.type}; only tasks that a worker runs can be templated",
                retryable=False,
            )
        try:
            task: RunnableTask = bind(node.plugin, node.properties, ctx.render_deep, id=node.id, type=node.type)
        except ValidationError as error:
            raise TaskError(explain(node, error), retryable=False) from None
        return task.run(ctx)
