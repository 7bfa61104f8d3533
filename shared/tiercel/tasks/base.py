"""The base of every runnable task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from tiercel.expressions import to_json, to_text
from tiercel.model.plugin import Outputs, Result
from tiercel.model.task import Task
from tiercel.ports import RunContext


def loop_value(ctx: RunContext) -> str | None:
    """Return the value of the loop around a task, as text that tells its rounds apart; None outside of loops."""
    task_run, item = ctx.variables.get("taskrun"), ctx.variables.get("item")
    found = [
        to_text(value)
        for value in (
            item.get("value") if isinstance(item, Mapping) else None,
            task_run.get("value") if isinstance(task_run, Mapping) else None,
        )
        if value is not None
    ]
    return to_json(found) if len(found) > 1 else found[0] if found else None


class StoredFile(Outputs):
    """A file that the task has kept."""

    uri: str
    """Where the file lies in the internal storage."""


class CountedFile(StoredFile):
    """A file of records that the task has kept."""

    size: int
    """How many records there are: rows, lines or documents."""


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
