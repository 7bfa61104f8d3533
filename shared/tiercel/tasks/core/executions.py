"""Other executions: `io.kestra.plugin.core.execution.Resume`, `Count` and `PurgeExecutions`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tiercel.errors import ConflictError, InputError, TaskError
from tiercel.model.plugin import Outputs, Plugin, Rendered
from tiercel.model.states import State
from tiercel.ports import RunContext
from tiercel.tasks.base import RunnableTask
from tiercel.tasks.core.logs import execution_named, flow_with_namespace
from tiercel.tasks.core.moments import Moment
from tiercel.tasks.core.services import Choice, Purge, executions_of


class Resume(RunnableTask):
    """Let the paused task of another execution go on."""

    namespace: Rendered[str | None] = None
    """The execution's namespace."""
    flow_id: Rendered[str | None] = None
    """The execution's flow."""
    execution_id: Rendered[str | None] = None
    """The execution; this one by default."""
    inputs: Rendered[dict[str, Any] | None] = None
    """The inputs that the pause asks for."""

    def run(self, ctx: RunContext) -> None:
        """Resume it."""
        execution = execution_named(ctx, self.execution_id, self.namespace, self.flow_id)
        try:
            executions_of(ctx).resume(execution, self.inputs or {})
        except (ConflictError, InputError) as error:
            raise TaskError(str(error)) from None


class CountedFlow(Plugin):
    """A flow whose executions are counted."""

    namespace: str
    """Its namespace."""
    flow_id: str | None = None
    """Its id; all flows of the namespace by default."""


class Counted(Outputs):
    """What Count gives."""

    results: list[dict[str, Any]]
    """The counts that were kept, each with its `namespace`, its `count` and, of a flow, its `flowId`."""
    total: int
    """Their sum."""


class Count(RunnableTask):
    """Count executions, and keep the counts for which a condition holds."""

    gives = Counted

    flows: Rendered[list[CountedFlow] | None] = None
    """The flows, each counted by itself."""
    namespaces: Rendered[list[str] | None] = None
    """The namespaces, each counted by itself."""
    states: Rendered[list[State] | None] = None
    """The states; all by default."""
    start_date: Rendered[Moment | None] = None
    """Executions that were created then or later."""
    end_date: Rendered[Moment | None] = None
    """Executions that were created then or earlier."""
    expression: str
    """Rendered for each count, with `count`; only where it gives `true` is the count kept."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return the `results` that were kept and the `total` of their counts."""
        if not self.flows and not self.namespaces:
            raise TaskError("neither 'flows' nor 'namespaces' is given; name at least one", retryable=False)
        results = [entry for entry in self._counts(ctx) if self._is_kept(ctx, entry["count"])]
        return {"results": results, "total": sum(entry["count"] for entry in results)}

    def _counts(self, ctx: RunContext) -> Iterator[dict[str, Any]]:
        states = tuple(map(str, self.states or ()))
        places = [(flow.namespace, flow.flow_id) for flow in self.flows or ()]
        places += [(namespace, None) for namespace in self.namespaces or ()]
        for namespace, flow_id in places:
            choice = Choice(namespace, False, flow_id, states, self.start_date, self.end_date)
            entry = {"namespace": namespace, "flowId": flow_id, "count": executions_of(ctx).count(choice)}
            yield {name: value for name, value in entry.items() if value is not None}

    def _is_kept(self, ctx: RunContext, count: int) -> bool:
        return ctx.render(self.expression, {"count": count}).strip() == "true"


class Purged(Outputs):
    """What PurgeExecutions gives."""

    executions_count: int
    """How many executions were removed."""
    logs_count: int
    """How many log lines were removed."""
    metrics_count: int
    """How many metrics were removed."""
    storages_count: int
    """How many files were removed."""


class PurgeExecutions(RunnableTask):
    """Remove executions that have ended, with their logs, metrics and files."""

    gives = Purged

    namespace: Rendered[str | None] = None
    """The namespace: exactly this one with a `flowId`, those below it too without."""
    flow_id: Rendered[str | None] = None
    """The flow; needs a `namespace`."""
    states: Rendered[list[State] | None] = None
    """The states; all in which an execution has ended by default."""
    start_date: Rendered[Moment | None] = None
    """Executions that were created then or later."""
    end_date: Rendered[Moment]
    """Executions that were created then or earlier."""
    purge_execution: Rendered[bool] = True
    """Whether the executions themselves go."""
    purge_log: Rendered[bool] = True
    """Whether their logs go."""
    purge_metric: Rendered[bool] = True
    """Whether their metrics go."""
    purge_storage: Rendered[bool] = True
    """Whether their files go."""
    batch_size: Rendered[int] = 100
    """Accepted for flows that have it; executions are removed one by one."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return `executionsCount`, `logsCount`, `metricsCount` and `storagesCount`."""
        choice = Choice(
            self.namespace,
            self.flow_id is None,
            flow_with_namespace(self.flow_id, self.namespace),
            tuple(map(str, self.states or ())),
            self.start_date,
            self.end_date,
        )
        what = Purge(self.purge_execution, self.purge_log, self.purge_metric, self.purge_storage)
        gone = executions_of(ctx).purge(choice, what)
        return {
            "executionsCount": gone.executions,
            "logsCount": gone.logs,
            "metricsCount": gone.metrics,
            "storagesCount": gone.files,
        }
