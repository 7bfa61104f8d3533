"""Ending a task run by decision: `io.kestra.plugin.core.execution.Fail` and `Assert`.

The text of the TaskError is what reaches the log; the engine writes it there at ERROR.
"""

from __future__ import annotations

from typing import ClassVar

from tiercel.errors import ExpressionError, TaskError
from tiercel.expressions import is_truthy_text
from tiercel.model.plugin import Rendered, parse_structure, text_of
from tiercel.model.states import Level
from tiercel.ports import Metric, RunContext
from tiercel.tasks.base import RunnableTask


class Fail(RunnableTask):
    """Fail, always or when a condition holds."""

    inline: ClassVar[bool] = True

    condition: Rendered[str | None] = None
    """When to fail: any text but the empty one, `false`, `0` and `-0`. Without it the task always fails."""
    error_message: Rendered[str] = "Task failure"
    """What the failure says."""

    def run(self, ctx: RunContext) -> None:  # noqa: ARG002 - the interface of every task
        """Fail where the condition says so."""
        if self.condition is None or is_truthy_text(self.condition):
            raise TaskError(self.error_message)


class Assert(RunnableTask):
    """Fail unless every condition holds; all of them are looked at, and each that does not hold is logged."""

    inline: ClassVar[bool] = True

    conditions: list[str | bool | int | float] | str
    """What must hold: a list of expressions, or one expression that gives a list. Rendered one by one, here."""
    error_message: Rendered[str | None] = None
    """What the failure says besides how many conditions did not hold."""

    def run(self, ctx: RunContext) -> None:
        """Look at each condition; fail when one did not hold."""
        conditions = self._conditions(ctx)
        failed = sum(not self._holds(ctx, condition) for condition in conditions)
        ctx.metric(Metric("success", float(len(conditions) - failed)))
        ctx.metric(Metric("failed", float(failed)))
        if failed:
            detail = f"\n{self.error_message}" if self.error_message else ""
            raise TaskError(f"{failed} assertion{'s' if failed > 1 else ''} failed!{detail}")

    def _conditions(self, ctx: RunContext) -> list[str]:
        if not isinstance(self.conditions, str):
            return [text_of(condition) for condition in self.conditions]
        given = parse_structure(ctx.render(self.conditions))
        return [text_of(condition) for condition in given] if isinstance(given, list) else [self.conditions]

    def _holds(self, ctx: RunContext, condition: str) -> bool:
        try:
            if is_truthy_text(ctx.render(condition)):
                return True
            ctx.log(f"Assertion '{condition}' failed!", Level.ERROR)
        except ExpressionError as error:
            ctx.log(f"Assertion '{condition}' failed: {error}", Level.ERROR)
        return False
