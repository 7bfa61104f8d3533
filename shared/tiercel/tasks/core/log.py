"""Writing to the execution's log: `io.kestra.plugin.core.log.Log`."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BeforeValidator

from tiercel.model.plugin import Rendered, text_of
from tiercel.model.states import Level
from tiercel.ports import RunContext
from tiercel.tasks.base import RunnableTask


def _lines(value: object) -> object:
    if isinstance(value, list):
        return [text_of(item) for item in value]
    return value if value is None else text_of(value)


class Log(RunnableTask):
    """Write one or several lines to the execution's log."""

    inline: ClassVar[bool] = True

    message: Annotated[Rendered[str | list[str]], BeforeValidator(_lines)]
    """The line to write, or a list of lines."""
    level: Rendered[Level] = Level.INFO
    """How grave the lines are."""

    def run(self, ctx: RunContext) -> None:
        """Write each line."""
        for line in [self.message] if isinstance(self.message, str) else self.message:
            ctx.log(line, self.level)
