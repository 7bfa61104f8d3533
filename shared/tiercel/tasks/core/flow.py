"""The runnable task among the flow's control tasks: `io.kestra.plugin.core.flow.Sleep`."""

from __future__ import annotations

from tiercel.errors import TaskError
from tiercel.model.durations import Duration, format_duration
from tiercel.model.plugin import Rendered
from tiercel.ports import RunContext
from tiercel.tasks.base import RunnableTask


class Sleep(RunnableTask):
    """Wait for a while."""

    duration: Rendered[Duration]
    """How long to wait, as an ISO-8601 duration such as PT30S."""

    def run(self, ctx: RunContext) -> None:
        """Wait; end early when the attempt is cancelled."""
        text = format_duration(self.duration)
        ctx.log(f"Waiting for {text}")
        if not ctx.wait(max(0.0, self.duration.total_seconds())):
            raise TaskError(f"the wait of {text} was cut short: the task run was killed or its timeout is over")
