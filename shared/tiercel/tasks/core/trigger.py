"""Triggers from within a flow: `io.kestra.plugin.core.trigger.Toggle`."""

from __future__ import annotations

from tiercel.errors import NotFoundError, TaskError
from tiercel.model.plugin import Rendered
from tiercel.model.states import Level
from tiercel.ports import RunContext
from tiercel.tasks.base import RunnableTask
from tiercel.tasks.core.services import triggers_of


class Toggle(RunnableTask):
    """Enable or disable a trigger of a flow, in its state: the flow's source stays as it is."""

    trigger: Rendered[str]
    """The trigger's id."""
    namespace: Rendered[str | None] = None
    """The flow's namespace; this flow's own where nothing is said."""
    flow_id: Rendered[str | None] = None
    """The flow; this one where nothing is said."""
    enabled: Rendered[bool] = False
    """Whether the trigger starts executions from now on."""

    def run(self, ctx: RunContext) -> None:
        """Enable or disable it."""
        namespace, flow_id = self.namespace or ctx.namespace, self.flow_id or ctx.flow_id
        try:
            is_on = triggers_of(ctx).toggle(namespace, flow_id, self.trigger, enabled=self.enabled)
        except NotFoundError as error:
            raise TaskError(str(error), retryable=False) from None
        if self.enabled and not is_on:
            ctx.log(
                f"trigger '{self.trigger}' of {namespace}.{flow_id} still starts nothing: its flow says "
                "'disabled: true'; remove that from the source",
                Level.WARN,
            )
