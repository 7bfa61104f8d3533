"""Reading and removing log lines: `io.kestra.plugin.core.log.Fetch` and `PurgeLogs`."""

from __future__ import annotations

from tiercel.errors import NotFoundError, TaskError
from tiercel.model.plugin import Outputs, Rendered
from tiercel.model.states import Level
from tiercel.ports import RunContext
from tiercel.tasks import records
from tiercel.tasks.base import RunnableTask, StoredFile
from tiercel.tasks.core.moments import Moment
from tiercel.tasks.core.services import Choice, executions_of


def execution_named(ctx: RunContext, execution: str | None, namespace: str | None, flow_id: str | None) -> str:
    """Return the execution that a task names: the current one where it names none.

    Raises:
        TaskError: There is no such execution in the namespace and the flow that are named too.
    """
    if execution is None:
        if (namespace or ctx.namespace, flow_id or ctx.flow_id) != (ctx.namespace, ctx.flow_id):
            raise TaskError("'namespace' or 'flowId' names another flow: say which execution with 'executionId'")
        return ctx.execution_id
    try:
        place = executions_of(ctx).place(execution)
    except NotFoundError as error:
        raise TaskError(str(error), retryable=False) from None
    if (namespace or place[0], flow_id or place[1]) != place:
        raise TaskError(f"execution {execution} belongs to {'.'.join(place)}, not to {namespace}.{flow_id}")
    return execution


class Fetched(StoredFile):
    """What Fetch gives."""

    size: int
    """How many lines it has."""


class Fetch(RunnableTask):
    """Write log lines to a file of the internal storage."""

    gives = Fetched

    namespace: Rendered[str | None] = None
    """The execution's namespace; this one by default."""
    flow_id: Rendered[str | None] = None
    """The execution's flow; this one by default."""
    execution_id: Rendered[str | None] = None
    """The execution; this one by default."""
    tasks_id: Rendered[list[str] | None] = None
    """The tasks whose lines are wanted; all by default."""
    level: Rendered[Level] = Level.INFO
    """The least grave level that is wanted."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return the file's `uri`, and its number of lines as `size`."""
        execution = execution_named(ctx, self.execution_id, self.namespace, self.flow_id)
        lines = executions_of(ctx).logs(execution, self.tasks_id or (), self.level)
        uri, size = records.store(ctx, lines, "logs.ion")
        return {"uri": uri, "size": size}


class Purged(Outputs):
    """What PurgeLogs gives."""

    count: int
    """How many lines were removed."""


class PurgeLogs(RunnableTask):
    """Remove log lines of executions that have ended."""

    gives = Purged

    namespace: Rendered[str | None] = None
    """The namespace: exactly this one with a `flowId`, those below it too without."""
    flow_id: Rendered[str | None] = None
    """The flow; needs a `namespace`."""
    log_levels: Rendered[list[Level] | None] = None
    """The levels; all by default."""
    start_date: Rendered[Moment | None] = None
    """Lines that were written then or later."""
    end_date: Rendered[Moment]
    """Lines that were written then or earlier."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return how many lines were removed as `count`."""
        choice = Choice(self.namespace, self.flow_id is None, flow_with_namespace(self.flow_id, self.namespace))
        since = None if self.start_date is None else self.start_date.timestamp()
        until = self.end_date.timestamp()
        return {"count": executions_of(ctx).purge_logs(choice, self.log_levels or (), since, until)}


def flow_with_namespace(flow_id: str | None, namespace: str | None) -> str | None:
    """Return the flow's id.

    Raises:
        TaskError: No namespace stands with it.
    """
    if flow_id is not None and namespace is None:
        raise TaskError(f"'flowId' is '{flow_id}' and needs a 'namespace' beside it: ids are unique in one only")
    return flow_id
