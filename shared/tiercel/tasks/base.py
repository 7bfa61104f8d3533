"""The base of every runnable task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from tiercel.model.plugin import Result
from tiercel.model.task import Task
from tiercel.ports import RunContext


class RunnableTask(Task):
    """A task with one method; values arrive rendered and validated."""

    inline: ClassVar[bool] = False
    """True for a task with no effect outside its own result: it runs inside the planning step and shares a commit."""

    def run(self, ctx: RunContext) -> Mapping[str, object] | Result | None:
        """Do the work; return the outputs.

        Raises:
            TaskError: The work failed; the text says what, why and the remedy.
        """
        raise NotImplementedError
