"""Executions of an hour, counted by flow and state, with how long they took. All times in seconds.

An hour's record holds what has been counted for good: executions that have ended. Those that had not when they were
looked at are named, so that they are looked at again; nothing else of the hour is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from tiercel.model.execution import Execution, Record, encode

KIND = "stats"
HOUR = 3600.0


class Sums(msgspec.Struct, array_like=True):
    """Executions in one state, counted; how long they took is known where that state is an end."""

    number: int = 0
    least: float = 0.0
    most: float = 0.0
    total: float = 0.0

    def merge(self, other: Sums) -> None:
        """Count what another one has counted."""
        if other.number:
            self.least = min(self.least, other.least) if self.number else other.least
            self.most = max(self.most, other.most)
            self.number += other.number
            self.total += other.total


Tally = dict[str, Sums]
"""Executions by their states."""

Tallies = dict[str, Tally]
"""Executions by their flows, `namespace/id`, and their states."""


class Standing(Record):
    """An execution that had not ended when it was looked at."""

    flow: str
    state: str


class Hour(Record):
    """The executions that were created in an hour."""

    at: float
    """When the hour began."""
    flows: Tallies = msgspec.field(default_factory=dict)
    """Those that have ended."""
    open: dict[str, Standing] = msgspec.field(default_factory=dict)
    """Those that had not, by their ids."""
    young: Tallies = msgspec.field(default_factory=dict)
    """Those after `behind`: so young that others before them may still come. Each look counts them anew."""
    behind: tuple[float, str] | None = None
    """The date and the key of the last one that was looked at; None before the first."""
    done: bool = False
    """Every one was looked at."""
    looked: float = 0.0
    """When that was."""
    cost: int = 0
    """How many records it took: an expensive look is not repeated at once."""

    @property
    def closed(self) -> bool:
        """Whether nothing of it changes any more by itself."""
        return self.done and not self.open

    def tallies(self) -> Tallies:
        """Return all that is known of its executions, to be changed by whoever asks."""
        found: Tallies = {}
        merge(found, self.flows)
        merge(found, self.young)
        for each in self.open.values():
            count(found, each.flow, each.state, 0.0)
        return found


def count(tallies: Tallies, flow: str, state: str, duration: float) -> None:
    """Count one execution."""
    merge(tallies, {flow: {state: Sums(1, duration, duration, duration)}})


def merge(tallies: Tallies, others: Mapping[str, Tally]) -> None:
    """Add counts to others."""
    for name, tally in others.items():
        merge_states(tallies.setdefault(name, {}), tally)


def merge_states(tally: Tally, other: Tally, states: Iterable[str] | None = None) -> None:
    """Add counts to others: all, or those of some states."""
    for state in other if states is None else states:
        if state in other:
            tally.setdefault(state, Sums()).merge(other[state])


decode_hour = msgspec.json.Decoder(Hour).decode


def hour_of(at: float) -> float:
    """Return when the hour began in which a time lies."""
    return at // HOUR * HOUR


def hour_key(at: float) -> str:
    """Return the key of an hour's record; keys are in the order of their hours."""
    return f"{KIND}/{int(at):012d}"


def flow_name(header: Execution) -> str:
    """Return what an execution is counted under."""
    return f"{header.namespace}/{header.flow_id}"


def duration_of(header: Execution) -> float:
    """Return how long an execution took; 0 for one that has not ended."""
    return max(header.at[-1][1] - header.at[0][1], 0.0) if header.state.is_terminal else 0.0


def encode_hour(hour: Hour) -> bytes:
    """Return an hour as it is stored."""
    return encode(hour)
