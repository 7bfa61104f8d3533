"""What a task sees of an open database, and what all databases do alike around it: interrupting and explaining.

Promise: a text that leaves here names the place and the statement, never a password.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from tiercel.errors import TaskError
from tiercel.ports import RunContext

SHOWN = 300
"""How many characters of a statement an error shows."""
AGAIN = 0.2
"""Seconds after which a cancel is repeated: one that comes between two statements stops neither."""


@dataclass(frozen=True)
class Statement:
    """One statement, ready to run."""

    text: str
    values: Any = ()
    """The values of its placeholders, as the driver takes them."""
    native: Any = None
    """The driver's own form of it, where it has one."""


@dataclass(frozen=True)
class Result:
    """What one statement answered."""

    columns: Sequence[str] = ()
    rows: Iterator[Sequence[object]] | None = None
    """The rows, to be read to the end before the next statement; None for a statement that has none by its nature."""
    update_count: int | None = None
    """How many rows a writing statement changed."""


class Session(Protocol):
    """An open database; errors of the driver come out as TaskError."""

    def statements(self, sql: str, parameters: Mapping[str, Any]) -> list[Statement]:
        """Return the statements of a text with their parameters placed."""

    def execute(self, statement: Statement) -> Result:
        """Run a statement; outside a transaction it is committed when its rows are read."""

    def transaction(self) -> AbstractContextManager[None]:
        """Commit what the block did, or nothing of it when it raises."""


@contextmanager
def stoppable(ctx: RunContext, interrupt: Callable[[], None]) -> Iterator[None]:
    """Interrupt the block's statements, again and again, once the attempt is cancelled.

    Args:
        ctx: The attempt.
        interrupt: Stops the statement that runs at the moment, if one does; called from other threads.
    """
    ended = threading.Event()
    threads: list[threading.Thread] = []

    def repeat() -> None:
        wait = 0.0
        while not ended.wait(wait):
            interrupt()
            wait = AGAIN

    def stop() -> None:
        thread = threading.Thread(target=repeat, name="jdbc-cancel", daemon=True)
        threads.append(thread)
        thread.start()

    with ctx.on_cancel(stop):
        try:
            yield
        finally:
            ended.set()
            for thread in threads:
                thread.join()


def failure(place: str, statement: str, message: str, position: int | None = None) -> TaskError:
    """Return the error of a statement.

    Args:
        place: The database, as the author knows it, without secrets.
        statement: The statement that failed.
        message: What the database said.
        position: The character at which it saw the error, counted from 1.
    """
    where = ""
    if position:
        line = statement.count("\n", 0, position - 1) + 1
        column = position - 1 - statement.rfind("\n", 0, position - 1)
        where = f" (line {line}, column {column})"
    return TaskError(f"{place}: {message.strip()}{where}; statement: {cut(statement, position)}")


def cut(statement: str, position: int | None = None) -> str:
    """Return so much of a statement as an error shows, around the position if there is one."""
    start = 0 if not position or position <= SHOWN else position - SHOWN // 2
    shown = statement[start : start + SHOWN].strip()
    return ("... " if start else "") + shown + (" ..." if start + SHOWN < len(statement) else "")


def missing_driver(module: str, extra: str) -> TaskError:
    """Return the error of a driver that is not installed."""
    return TaskError(f"the driver '{module}' is not installed; run: pip install 'tiercel[{extra}]'", retryable=False)
