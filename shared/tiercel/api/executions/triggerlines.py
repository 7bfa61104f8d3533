"""Lines of logs that no execution wrote: why a trigger could not be evaluated, from its record (api.md, 5).

Promise: the index finds the triggers that say something; the others are not read. A filter means these lines by the
same fields as those of executions; what a trigger does not have (an execution, a task) is equal to nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from tiercel.api.executions.loglines import Entry
from tiercel.api.executions.searching import named_in
from tiercel.api.filters import Filter
from tiercel.api.matching import Fields, plan, scope_of
from tiercel.model.instants import iso
from tiercel.model.states import Level
from tiercel.ports import StateStore
from tiercel.triggerrecords import TriggerState
from tiercel.views.triggers import troubled


class Said(NamedTuple):
    """What a trigger says: its last error."""

    state: TriggerState

    @property
    def at(self) -> float:
        """When it said so."""
        return self.state.troubled

    def as_json(self) -> dict[str, Any]:
        """Return the line as clients read it."""
        return {
            "namespace": self.state.namespace,
            "flowId": self.state.flow_id,
            "triggerId": self.state.trigger,
            "timestamp": iso(self.at),
            "level": str(Level.ERROR),
            "message": self.state.trouble,
            "attemptNumber": None,
        }


SAID: Fields[Said] = Fields(
    "logs",
    {
        "q": lambda said: (said.state.trouble, said.state.namespace, said.state.flow_id, said.state.trigger),
        "namespace": lambda said: said.state.namespace,
        "flowId": lambda said: said.state.flow_id,
        **dict.fromkeys(("executionId", "taskId", "taskRunId", "attemptNumber", "kind"), lambda _: None),
        "triggerId": lambda said: said.state.trigger,
        "level": lambda _: Level.ERROR.rank,
        "date": lambda said: said.at,
        "scope": lambda said: scope_of(said.state.namespace),
    },
)
"""What a filter may name: all that it may of the lines of executions."""


def said_by_triggers(store: StateStore, wanted: Filter | None) -> list[Said]:
    """Return what triggers say that a filter means, the latest first.

    Raises:
        BadRequestError: Logs do not have a field of it.
    """
    test, found = SAID.test(wanted), plan(wanted)
    if named_in(found) is not None:
        return []
    index = found.index
    some = troubled(store, namespace=index.get("namespace"), within=index.get("within"), flow_id=index.get("flow_id"))
    return list(filter(test, map(Said, some)))


Line = Entry | Said


class Waiting:
    """Lines of triggers that wait for their place among those of executions."""

    def __init__(self, said: Sequence[Said], *, newest_first: bool) -> None:
        self._newest_first = newest_first
        self._said = sorted(said, key=lambda each: each.at, reverse=not newest_first)
        """The next one stands last."""

    def among(self, entries: Sequence[Entry]) -> list[Line]:
        """Return lines of an execution, with those of triggers that stand before or between them."""
        found: list[Line] = []
        for entry in entries:
            while self._said and (self._said[-1].at > entry.line.at) is self._newest_first:
                found.append(self._said.pop())
            found.append(entry)
        return found

    def rest(self) -> list[Line]:
        """Return those that stand behind all others."""
        return list(reversed(self._said))
