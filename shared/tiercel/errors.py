"""The errors of Tiercel: one class for each thing that somebody does differently on it.

Promise: every text says what was found, what was wanted and the remedy; this module imports nothing of the project.
"""

from __future__ import annotations

from dataclasses import dataclass


class TiercelError(Exception):
    """The root of every error that Tiercel raises on purpose."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in a flow."""

    message: str
    """What was found, what was wanted, and the nearest remedy."""
    path: str = ""
    """The property, such as `tasks[0].tasks[1].type`; empty for the document as a whole."""
    line: int | None = None
    """The line in the source, counted from 1."""
    column: int | None = None
    """The column in the source, counted from 1."""

    def __str__(self) -> str:
        place = f"{self.line}:{self.column}: " if self.line is not None else ""
        return f"{place}{self.path + ': ' if self.path else ''}{self.message}"


class FlowError(TiercelError):
    """A flow that is refused at the door; `problems` holds everything that is wrong with it."""

    def __init__(self, problems: list[Problem] | str, source: str = "") -> None:
        self.problems = [Problem(problems)] if isinstance(problems, str) else problems
        self.source = source
        """The file or the flow's name, put before each problem."""
        super().__init__("\n".join(map(self._line, self.problems)))

    def _line(self, problem: Problem) -> str:
        apart = ":" if problem.line is not None else ": "
        return f"{self.source}{apart}{problem}" if self.source else str(problem)


class StoredFlowError(FlowError):
    """A flow that is stored and cannot be read any more; the door answers that it is locked, not that it is refused."""


class InputError(TiercelError):
    """Inputs that are missing or do not validate; nothing was started."""


class ExpressionError(TiercelError):
    """An expression that could not be rendered."""


class MissingError(ExpressionError):
    """A variable, key, index or attribute that does not exist; `??`, `???`, `default` and `is defined` catch it."""


class TaskError(TiercelError):
    """A task that failed: its attempt is FAILED, and the retry policy is asked next."""

    def __init__(self, message: str, *, outputs: dict[str, object] | None = None, retryable: bool = True) -> None:
        super().__init__(message)
        self.outputs = outputs
        """What the task gave before it failed; kept on the task run."""
        self.retryable = retryable


class TransientError(TiercelError):
    """The platform is busy (store, conflict, live claim): the message comes again later."""


class NotFoundError(TiercelError):
    """A thing that was named does not exist."""


class ConflictError(TiercelError):
    """The thing exists but is not in a state in which this can be done."""
