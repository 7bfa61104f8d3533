"""Looking at values: `io.kestra.plugin.core.debug.Return` and the deprecated `Echo`."""

from __future__ import annotations

from typing import ClassVar

from tiercel.model.plugin import Outputs, Rendered
from tiercel.model.states import Level
from tiercel.ports import Metric, RunContext
from tiercel.tasks.base import RunnableTask


class Returned(Outputs):
    """What Return gives."""

    value: str | None
    """The text; null where no `format` is given."""


class Return(RunnableTask):
    """Give a rendered text as output."""

    inline: ClassVar[bool] = True
    gives = Returned

    format: Rendered[str | None] = None
    """The text to give back; without it the output is null."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return the text as `value`."""
        if self.format is not None:
            ctx.log(self.format, Level.DEBUG)
        ctx.metric(Metric("length", float(len(self.format or ""))))
        return {"value": self.format}


class Echo(RunnableTask):
    """Write a line to the execution's log; `log.Log` is what to use today."""

    inline: ClassVar[bool] = True

    format: Rendered[str]
    """The line to write."""
    level: Rendered[Level] = Level.INFO
    """How grave the line is."""

    def run(self, ctx: RunContext) -> None:
        """Write the line."""
        ctx.log(self.format, self.level)
