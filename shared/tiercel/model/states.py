"""States of executions, task runs and attempts, and how several become one (flow specification, 4.1 and 4.5)."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """What an execution, a task run or an attempt is doing."""

    CREATED = "CREATED"
    SUBMITTED = "SUBMITTED"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    RESTARTED = "RESTARTED"
    KILLING = "KILLING"
    SUCCESS = "SUCCESS"
    WARNING = "WARNING"
    FAILED = "FAILED"
    KILLED = "KILLED"
    CANCELLED = "CANCELLED"
    QUEUED = "QUEUED"
    RETRYING = "RETRYING"
    RETRIED = "RETRIED"
    SKIPPED = "SKIPPED"
    BREAKPOINT = "BREAKPOINT"
    RESUBMITTED = "RESUBMITTED"

    @property
    def is_terminal(self) -> bool:
        """Tell whether nothing follows by itself."""
        return self in TERMINAL


TERMINAL = frozenset(
    {
        State.SUCCESS,
        State.WARNING,
        State.FAILED,
        State.KILLED,
        State.CANCELLED,
        State.RETRIED,
        State.SKIPPED,
        State.RESUBMITTED,
    }
)


class Level(StrEnum):
    """How grave a log line is, least first."""

    TRACE = "TRACE"
    DEBUG = "DEBUG"
    INFO = "INFO"
    WARN = "WARN"
    ERROR = "ERROR"

    @property
    def rank(self) -> int:
        """Return the level's place, 0 for TRACE."""
        return _RANKS[self]


_RANKS = {level: rank for rank, level in enumerate(Level)}

_SEEN = {State.KILLED: 8, State.FAILED: 4, State.WARNING: 2, State.PAUSED: 1}


def seen(state: State) -> int:
    """Return the state's bit in a mask of states seen; the states that count as success have none."""
    return _SEEN.get(state, 0)


def guess(mask: int) -> State:
    """Return the state of a sequence whose tasks ended in the states of a mask (see `seen`)."""
    for state, bit in _SEEN.items():
        if mask & bit:
            return state
    return State.SUCCESS


def allow(state: State, failure: bool, warning: bool) -> State:
    """Return the state after `allowFailure` and `allowWarning`."""
    if state is State.FAILED and failure:
        state = State.WARNING
    if state is State.WARNING and warning:
        state = State.SUCCESS
    return state
