"""`onMiss`: a window of a Flow trigger that ends before everything has happened makes an execution that has failed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tiercel import triggeractions
from tiercel.engine import Engine
from tiercel.firing.ticking import tick
from tiercel.model.messages import decode_message
from tiercel.model.states import State
from triggers.scheduling import CORE, TASK, Ticking, at, ticking

UPSTREAM = f"namespace: n\ntasks: [{{id: t, type: {CORE}log.Log, message: m}}]\n"
DEADLINE = "window: {deadline: '09:00:00'}"


def flow(*lines: str, depends: str = "dependsOn: [{namespace: n, flowId: a}, {namespace: n, flowId: b}]") -> str:
    """Return a flow that waits for others, and says what it misses."""
    all_lines = [depends, *lines, "onMiss: {behavior: FAIL, labels: {missed: 'yes'}}"]
    trigger = "".join(f"    {line}\n" for line in all_lines)
    return f"id: f\nnamespace: n\n{TASK}triggers:\n  - id: s\n    type: {CORE}trigger.Flow\n{trigger}"


def world(now: str, *lines: str, **more: str) -> Ticking:
    """Return a process with that flow and the two that it waits for."""
    return ticking(now, flow(*lines, **more), f"id: a\n{UPSTREAM}", f"id: b\n{UPSTREAM}")


def runs(found: Ticking, name: str) -> None:
    """Have an execution of a flow run to its end."""
    found.machine.start(found.machine.flows.latest("n", name))
    found.machine.settle(timers=False)


def failures(found: Ticking) -> list[str]:
    """Return what the executions of the flow say that have failed."""
    return [each.logs[0].message for each in found.all() if each.flow_id == "f" and each.state is State.FAILED]


def test_a_window_in_which_something_is_missing_makes_a_failure_with_what_it_is() -> None:
    found = world("2026-01-01T12:00:00", DEADLINE)
    found.turn("2026-01-02T07:00:00")
    runs(found, "a")
    found.turn("2026-01-02T09:00:05")
    assert failures(found) == []
    found.turn("2026-01-02T09:00:10")
    [said] = failures(found)
    assert "1 of the 2" in said
    assert said.endswith("not seen in it: n.b")
    assert "2026-01-02T00:00:00Z to 2026-01-02T09:00:00Z" in said
    [execution] = [each for each in found.all() if each.flow_id == "f"]
    assert ("missed", "yes") in execution.labels
    assert execution.trigger is not None
    assert execution.trigger.variables == {"date": "2026-01-02T09:00:00Z"}
    found.turn("2026-01-03T09:00:10")
    assert len(failures(found)) == 2


def test_a_window_in_which_everything_has_happened_makes_none() -> None:
    found = world("2026-01-01T12:00:00", DEADLINE)
    found.turn("2026-01-02T08:00:00")
    runs(found, "a")
    runs(found, "b")
    started = [each.state for each in found.all() if each.flow_id == "f"]
    found.turn("2026-01-02T12:00:00")
    assert [each.state for each in found.all() if each.flow_id == "f"] == started == [State.SUCCESS]
    found.turn("2026-01-03T12:00:00")
    assert len(failures(found)) == 1


def test_what_happens_after_the_end_counts_for_the_next_window_only() -> None:
    found = world("2026-01-01T10:30:00", "window: {every: PT1H}")
    found.turn("2026-01-01T11:59:00")
    runs(found, "a")
    runs(found, "b")
    found.turn("2026-01-01T12:00:02")
    runs(found, "a")
    runs(found, "b")
    found.turn("2026-01-01T12:00:15")
    assert failures(found) == []
    found.turn("2026-01-01T14:00:15")
    assert len(failures(found)) == 1
    assert "13:00:00Z to 2026-01-01T13:59:59.999Z" in failures(found)[0]


@pytest.mark.parametrize(("now", "first"), [("2026-01-01T08:00:00", "02"), ("2026-01-01T00:00:00", "01")])
def test_a_window_that_had_begun_before_the_flow_was_there_is_not_judged(now: str, first: str) -> None:
    found = world(now, DEADLINE)
    for hour in range(48):
        found.turn(at(now) + timedelta(hours=hour, minutes=1))
    assert f"2026-01-{first}T09:00:00Z" in failures(found)[0]


def test_of_windows_that_ended_while_nobody_looked_the_latest_is_judged_once() -> None:
    found = world("2026-01-01T12:00:00", DEADLINE)
    found.turn("2026-01-09T12:00:00")
    found.tick()
    [said] = failures(found)
    assert "2026-01-09T09:00:00Z" in said


def test_two_ticks_at_once_make_one_failure() -> None:
    found = world("2026-01-01T12:00:00", DEADLINE)
    found.machine.clock.set(at("2026-01-02T10:00:00"))
    for _ in range(2):
        tick(found.machine.store, found.machine.clock.now().timestamp())
    body = found.machine.memory.letters[0].body
    engine: Engine = found.machine.engine
    engine.handle(decode_message(body))
    engine.handle(decode_message(body))
    found.tick()
    assert len(failures(found)) == 1


def test_a_trigger_that_is_disabled_misses_nothing_and_goes_on_with_the_next_window() -> None:
    found = world("2026-01-01T12:00:00", DEADLINE)
    triggeractions.set_disabled(found.rt, "n", "f", "s", disabled=True)
    found.turn("2026-01-03T08:00:00")
    triggeractions.set_disabled(found.rt, "n", "f", "s", disabled=False)
    found.turn("2026-01-03T12:00:00")
    assert failures(found) == []
    found.turn("2026-01-04T12:00:00")
    assert len(failures(found)) == 1


def test_without_on_miss_nobody_looks() -> None:
    found = world("2026-01-01T12:00:00", DEADLINE)
    found.machine.deploy(flow(DEADLINE).replace("onMiss", "description: x #"))
    assert found.state().next is None
    found.turn("2026-01-05T12:00:00")
    assert failures(found) == []


def test_preconditions_are_judged_too_in_the_zone_of_their_window() -> None:
    window = "timeWindow: {type: DAILY_TIME_WINDOW, startTime: '08:00:00+01:00', endTime: '10:00:00+01:00'}"
    depends = f"preconditions: {{id: p, {window}, flows: [{{namespace: n, flowId: a, states: [SUCCESS]}}]}}"
    found = world("2026-01-01T12:00:00", depends=depends)
    found.turn("2026-01-02T07:30:00")
    runs(found, "a")
    found.turn("2026-01-02T12:00:00")
    assert failures(found) == []
    found.turn("2026-01-03T12:00:00")
    assert "not seen in it: n.a SUCCESS" in failures(found)[0]


def test_a_day_on_which_the_clocks_change_has_one_window() -> None:
    zone = "window: {every: P1D, timezone: Europe/Berlin}"
    for start in ("2026-03-28T12:00:00", "2026-10-24T12:00:00"):
        found = world(start, zone)
        for hour in range(72):
            found.turn(at(start) + timedelta(hours=hour))
        assert len(failures(found)) == 2
