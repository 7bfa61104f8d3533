"""A machine whose schedules tick by hand: the clock is turned, and whatever is due happens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

from clocks import HandClock
from machine import Machine
from memory import Memory
from tiercel import triggeractions
from tiercel.assembly import Parts
from tiercel.firing.ticking import tick
from tiercel.model.execution import Execution, decode_execution
from tiercel.triggerrecords import TriggerState, trigger_key

CORE = "io.kestra.plugin.core."
TASK = f"tasks: [{{id: t, type: {CORE}debug.Return, format: '{{{{ trigger | json }}}}'}}]\n"
PAUSES = f"tasks: [{{id: t, type: {CORE}flow.Pause}}]\n"


def at(text: str) -> datetime:
    """Return a time, in UTC where nothing else is said."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def schedule(*lines: str, tasks: str = TASK, kind: str = "Schedule", head: str = "") -> str:
    """Return a flow with one schedule, whose lines are given."""
    trigger = "".join(f"    {line}\n" for line in lines)
    return f"id: f\nnamespace: n\n{head}{tasks}triggers:\n  - id: s\n    type: {CORE}trigger.{kind}\n{trigger}"


@dataclass
class Ticking:
    """One process and its clock."""

    machine: Machine

    @property
    def rt(self) -> Parts:
        """What the doors call: the parts that they need."""
        machine = self.machine
        triggers = SimpleNamespace(states=machine.states, scheduling=machine.scheduling)
        return cast("Parts", SimpleNamespace(store=machine.store, flows=machine.flows, triggers=triggers))

    def turn(self, to: str | datetime) -> None:
        """Turn the clock, tick once, and let everything happen that follows."""
        self.machine.clock.set(at(to) if isinstance(to, str) else to)
        self.tick()

    def tick(self) -> None:
        """Tick now, and let everything happen that follows."""
        tick(self.machine.store, self.machine.clock.now().timestamp())
        self.machine.settle(timers=False)
        assert not self.machine.poisons, self.machine.poisons

    def all(self) -> list[Execution]:
        """Return the executions, in the order in which they began."""
        written = self.machine.memory.documents.items()
        return [decode_execution(each.body) for key, each in written if key.startswith("execution/")]

    def dates(self) -> list[str]:
        """Return the dates of the executions."""
        return [str((each.trigger.variables if each.trigger else {}).get("date")) for each in self.all()]

    def state(self, trigger: str = "s") -> TriggerState:
        """Return how a trigger stands."""
        found = self.machine.states.read(trigger_key("n", "f", trigger))
        assert found is not None
        return found[0]

    def backfill(self, **wanted: Any) -> Mapping[str, Any]:
        """Ask for a backfill."""
        found = triggeractions.create_backfill(self.rt, "n", "f", "s", wanted)
        self.machine.settle(timers=False)
        return found


def ticking(now: str, *flows: str) -> Ticking:
    """Return a process at a time, with flows that were deployed just then."""
    found = Ticking(Machine(Memory(clock=HandClock(at(now)))))
    found.machine.deploy(*flows)
    return found
