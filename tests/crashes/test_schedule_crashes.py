"""A schedule, a backfill and a poll, crashed before and after every port call, leave each date executed once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from crashes.places import MemoryPlace, Parsed
from crashes.tripwires import Crash, Wire
from machine import Machine
from tiercel.firing.ticking import tick
from tiercel.model.execution import decode_execution
from tiercel.model.states import State
from tiercel.triggerrecords import Backfill, TriggerState, trigger_key

START = datetime(2026, 1, 1, 0, 30, tzinfo=UTC)
END = START + timedelta(hours=3)
CORE = "io.kestra.plugin.core."
TASK = f"tasks: [{{id: t, type: {CORE}debug.Return, format: '{{{{ trigger | json }}}}'}}]\n"
SCHEDULE = f"id: f\nnamespace: n\n{TASK}triggers: [{{id: s, type: {CORE}trigger.Schedule, cron: '0 * * * *'}}]\n"
POLL = f"""id: f
namespace: n
{TASK}triggers: [{{id: s, type: io.kestra.plugin.jdbc.sqlite.Trigger, interval: PT1H, sql: SELECT 1 AS one}}]
"""


def backfill(machine: Machine) -> None:
    """Ask for a backfill of three dates, once."""

    def begin(state: TriggerState) -> bool:
        if state.backfill is not None or state.updated == START.timestamp() + 1:
            return False
        state.updated = START.timestamp() + 1
        first = (START - timedelta(hours=5, minutes=30)).timestamp()
        state.backfill = Backfill(first, first + 7200, START.timestamp(), next=first, look=machine.states.now())
        return True

    machine.states.change(trigger_key("n", "f", "s"), begin)


def nothing(_: Machine) -> None:
    """Ask for nothing more."""


def live(machine: Machine, source: str, ask: Callable[[Machine], None]) -> None:
    """Deploy, and let hours go by with a tick every ten minutes; again from where another process has left."""
    machine.deploy(source)
    ask(machine)
    while machine.clock.now() < END:
        machine.clock.advance(timedelta(minutes=10))
        tick(machine.store, machine.clock.now().timestamp())
        machine.settle(timers=False)
    tick(machine.store, machine.clock.now().timestamp())
    machine.settle(timers=False)
    assert not machine.poisons, machine.poisons


def left(place: MemoryPlace) -> list[tuple[str, State]]:
    """Return the dates that were executed, with how that ended."""
    found = [
        decode_execution(document.body)
        for key, document in place.memory.documents.items()
        if key.startswith("execution/")
    ]
    states = [decode for key, decode in place.memory.documents.items() if key == trigger_key("n", "f", "s")]
    assert len(states) == 1
    return sorted((str((each.trigger.variables if each.trigger else {}).get("date")), each.state) for each in found)


def begun(parsed: Parsed) -> MemoryPlace:
    place = MemoryPlace(parsed)
    place.memory.clock.set(START)
    return place


@pytest.mark.parametrize(("source", "ask"), [(SCHEDULE, nothing), (SCHEDULE, backfill), (POLL, nothing)])
def test_a_crash_at_any_call_loses_no_date_and_executes_none_twice(source: str, ask: Callable[[Machine], None]) -> None:
    parsed = Parsed()
    calm = begun(parsed)
    live(calm.begin(Wire()), source, ask)
    wanted = left(calm)
    calm = begun(parsed)
    live(calm.begin(wire := Wire()), source, ask)
    assert len(wanted) >= 3
    assert all(state is State.SUCCESS for _, state in wanted)
    for at in range(1, wire.calls, max(1, wire.calls // 60)):
        for after in (False, True):
            place = begun(parsed)
            try:
                live(place.begin(Wire(at, after=after)), source, ask)
            except Crash:
                place.die()
                live(place.begin(Wire()), source, ask)
            found = left(place)
            if source is POLL:  # one whose worker died is asked again when its claim is over: a look fewer at most
                assert len(wanted) - 1 <= len(found) <= len(wanted), f"call {at} of {wire.calls}, after: {after}"
            else:
                assert found == wanted, f"crash {'after' if after else 'before'} call {at} of {wire.calls}"
