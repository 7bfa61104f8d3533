"""Backfills: dates of the past, in order, one at a time, beside the live schedule."""

from __future__ import annotations

from typing import Any

import pytest

from tiercel import triggeractions
from tiercel.errors import ConflictError, InputError, NotFoundError, TiercelError
from tiercel.model.states import State
from tiercel.views.triggers import states
from triggers.scheduling import CORE, PAUSES, TASK, Ticking, schedule, ticking

NOW = "2026-01-10T12:30:00"
DAILY = "cron: '0 0 * * *'"


def days(world: Ticking) -> list[str]:
    return [date[8:10] for date in world.dates()]


def test_both_ends_are_included_and_dates_come_in_order() -> None:
    world = ticking(NOW, schedule(DAILY))
    world.backfill(start="2026-01-03T00:00:00Z", end="2026-01-06T00:00:00Z")
    assert days(world) == ["03", "04", "05", "06"]
    assert world.state().backfill is None


def test_without_an_end_it_goes_up_to_now() -> None:
    world = ticking(NOW, schedule(DAILY))
    world.backfill(start="2026-01-08T00:00:01Z")
    assert days(world) == ["09", "10"]


@pytest.mark.parametrize(
    ("start", "end", "first"),
    [
        ("2026-01-03T00:00:00", "2026-01-04T00:00:00", "2026-01-03T00:00:00+01:00"),
        ("2026-01-02T23:00:00Z", "2026-01-03T23:00:00Z", "2026-01-03T00:00:00+01:00"),
        ("2026-01-03", "2026-01-04", "2026-01-03T00:00:00+01:00"),
    ],
)
def test_times_without_a_zone_lie_in_that_of_the_schedule(start: str, end: str, first: str) -> None:
    world = ticking(NOW, schedule(DAILY, "timezone: Europe/Berlin"))
    world.backfill(start=start, end=end)
    assert world.dates() == [first, "2026-01-04T00:00:00+01:00"]


def test_one_at_a_time_with_its_progress() -> None:
    world = ticking(NOW, schedule(DAILY, tasks=PAUSES))
    shown = world.backfill(start="2026-01-03T00:00:00Z", end="2026-01-05T00:00:00Z")
    assert shown["backfill"]["currentDate"] == "2026-01-03T00:00:00Z"
    assert shown["backfill"]["previousNextExecutionDate"] == "2026-01-11T00:00:00Z"
    for day in ("03", "04", "05"):
        running = world.all()[-1]
        assert days(world)[-1] == day
        now = triggeractions.state_of(world.rt, "n", "f", "s")["backfill"]
        assert now["currentDate"] == f"2026-01-{day}T00:00:00Z"
        world.machine.resume(running.id)
        world.machine.settle(timers=False)
    assert len(world.all()) == 3
    assert world.state().backfill is None


def test_inputs_and_labels_go_before_those_of_the_trigger() -> None:
    head = "inputs: [{id: a, type: STRING, defaults: flow}, {id: b, type: STRING, defaults: flow}]\n"
    world = ticking(NOW, schedule(DAILY, "inputs: {a: trigger, b: trigger}", "labels: {one: '1'}", head=head))
    world.backfill(start="2026-01-09T00:00:00Z", end="2026-01-09T00:00:00Z", inputs={"a": "back"}, labels={"two": "2"})
    [execution] = world.all()
    assert execution.inputs == {"a": "back", "b": "trigger"}
    assert {("one", "1"), ("two", "2")} <= set(execution.labels)


def test_it_runs_beside_the_live_schedule_and_blocks_nothing() -> None:
    world = ticking(NOW, schedule("cron: '0 * * * *'", tasks=PAUSES))
    world.backfill(start="2026-01-10T01:00:00Z", end="2026-01-10T03:00:00Z")
    world.turn("2026-01-10T13:00:00")
    assert world.dates() == ["2026-01-10T01:00:00Z", "2026-01-10T13:00:00Z"]
    world.machine.resume(world.all()[1].id)
    world.turn("2026-01-10T14:00:00")
    assert world.dates()[2:] == ["2026-01-10T14:00:00Z"]
    world.machine.resume(world.all()[0].id)
    world.machine.settle(timers=False)
    assert world.dates()[3:] == ["2026-01-10T02:00:00Z"]


def test_pause_and_continue() -> None:
    world = ticking(NOW, schedule(DAILY, tasks=PAUSES))
    world.backfill(start="2026-01-03T00:00:00Z", end="2026-01-05T00:00:00Z")
    assert triggeractions.pause_backfill(world.rt, "n", "f", "s")["backfill"]["paused"]
    world.machine.resume(world.all()[0].id)
    world.tick()
    assert days(world) == ["03"]
    assert not triggeractions.unpause_backfill(world.rt, "n", "f", "s")["backfill"]["paused"]
    world.machine.settle(timers=False)
    assert days(world) == ["03", "04"]


def test_delete_ends_it_and_lets_what_runs_go_on() -> None:
    world = ticking(NOW, schedule(DAILY, tasks=PAUSES))
    world.backfill(start="2026-01-03T00:00:00Z", end="2026-01-05T00:00:00Z")
    assert triggeractions.delete_backfill(world.rt, "n", "f", "s")["backfill"] is None
    world.machine.resume(world.all()[0].id)
    world.machine.settle(timers=False)
    assert [each.state for each in world.all()] == [State.SUCCESS]


def test_only_missing_dates() -> None:
    world = ticking("2026-01-02T12:00:00", schedule(DAILY))
    world.turn("2026-01-04T12:00:00")
    assert days(world) == ["03", "04"]
    span = {"start": "2026-01-01T00:00:00Z", "end": "2026-01-04T00:00:00Z"}
    world.backfill(**span, onlyMissing=True)
    assert days(world) == ["03", "04", "01", "02"]
    world.backfill(**span, onlyMissing=True)
    assert len(world.all()) == 4
    world.backfill(**span)
    assert days(world)[4:] == ["01", "02", "03", "04"]


def test_conditions_hold_for_its_dates_too() -> None:
    monday = f"conditions: [{{type: {CORE}condition.DayWeek, dayOfWeek: MONDAY}}]"
    world = ticking(NOW, schedule(DAILY, monday))
    world.backfill(start="2024-01-01T00:00:00Z", end="2024-12-31T00:00:00Z")
    assert len(world.all()) == 53


def test_a_disabled_trigger_does_not_go_on_and_an_enabled_one_does() -> None:
    world = ticking(NOW, schedule(DAILY, tasks=PAUSES))
    world.backfill(start="2026-01-03T00:00:00Z", end="2026-01-05T00:00:00Z")
    triggeractions.set_disabled(world.rt, "n", "f", "s", disabled=True)
    world.machine.resume(world.all()[0].id)
    world.tick()
    assert days(world) == ["03"]
    triggeractions.set_disabled(world.rt, "n", "f", "s", disabled=False)
    world.tick()
    assert days(world) == ["03", "04"]


def test_ten_thousand_dates_have_one_execution_under_way_and_small_records() -> None:
    world = ticking(NOW, schedule("cron: '* * * * *'", tasks=PAUSES))
    world.backfill(start="2026-01-01T00:00:00Z", end="2026-01-07T22:39:00Z")
    counts = world.machine.memory.counts
    counts.clear()
    for _ in range(20):
        running = world.all()[-1]
        world.machine.resume(running.id)
        world.machine.settle(timers=False)
    assert len(world.all()) == 21
    assert sum(each.state is State.PAUSED for each in world.all()) == 1
    assert counts["reads"] <= 20 * 30, counts
    assert counts["writes"] <= 20 * 12, counts


BAD: list[tuple[dict[str, Any], type[TiercelError], str]] = [
    ({"start": "2026-01-05T00:00:00Z", "end": "2026-01-04T00:00:00Z"}, InputError, "is after its end"),
    ({"start": "2026-01-11T00:00:00Z"}, InputError, "in the future"),
    ({"end": "2026-01-04T00:00:00Z"}, InputError, "needs a start"),
    ({"start": "tomorrow"}, InputError, "is not a date"),
    ({"start": "2026-01-05T00:00:00Z", "speed": 3}, InputError, "no property 'speed'"),
    ({"start": "2026-01-05T00:00:00Z", "labels": {"system.a": "b"}}, InputError, "system."),
]


@pytest.mark.parametrize(("wanted", "error", "said"), BAD)
def test_what_cannot_be_is_refused(wanted: dict[str, Any], error: type[TiercelError], said: str) -> None:
    world = ticking(NOW, schedule(DAILY))
    with pytest.raises(error, match=said):
        world.backfill(**wanted)
    assert world.state().backfill is None


def test_a_span_without_a_date_leaves_nothing_to_do() -> None:
    world = ticking(NOW, schedule(DAILY))
    shown = world.backfill(start="2026-01-05T00:00:01Z", end="2026-01-05T12:00:00Z")
    assert shown["backfill"] is None
    assert world.state().backfill is None


def test_one_at_a_time_and_none_that_is_not_there() -> None:
    world = ticking(NOW, schedule(DAILY, tasks=PAUSES))
    for act in (triggeractions.pause_backfill, triggeractions.unpause_backfill, triggeractions.delete_backfill):
        with pytest.raises(InputError, match="No backfill found"):
            act(world.rt, "n", "f", "s")
        with pytest.raises(NotFoundError):
            act(world.rt, "n", "f", "none")
    world.backfill(start="2026-01-05T00:00:00Z")
    with pytest.raises(ConflictError, match="already"):
        world.backfill(start="2026-01-05T00:00:00Z")


def test_a_webhook_and_a_disabled_trigger_are_not_backfilled() -> None:
    world = ticking(NOW, f"id: f\nnamespace: n\n{TASK}triggers: [{{id: s, type: {CORE}trigger.Webhook, key: k}}]\n")
    with pytest.raises(ConflictError, match="has no dates"):
        world.backfill(start="2026-01-05T00:00:00Z")
    world.machine.deploy(schedule(DAILY, "disabled: true"))
    with pytest.raises(ConflictError, match="is disabled"):
        world.backfill(start="2026-01-05T00:00:00Z")


# ------------------------------------------------------------ the other actions


def test_unlock_lets_the_next_date_begin() -> None:
    world = ticking("2026-01-10T00:30:00", schedule("cron: '0 * * * *'", tasks=PAUSES))
    with pytest.raises(ConflictError, match="not locked"):
        triggeractions.unlock(world.rt, "n", "f", "s")
    world.turn("2026-01-10T01:00:00")
    world.turn("2026-01-10T02:00:00")
    assert triggeractions.state_of(world.rt, "n", "f", "s")["locked"] is True
    assert triggeractions.unlock(world.rt, "n", "f", "s")["executionId"] is None
    world.machine.settle(timers=False)
    assert len(world.all()) == 2


def test_restart_begins_again_from_now() -> None:
    world = ticking("2026-01-10T00:30:00", schedule("cron: '0 * * * *'", tasks=PAUSES))
    world.turn("2026-01-10T01:00:00")
    world.machine.clock.set(world.machine.clock.now().replace(hour=5))
    assert triggeractions.restart(world.rt, "n", "f", "s")["nextExecutionDate"] == "2026-01-10T06:00:00Z"
    world.tick()
    assert len(world.all()) == 1


def test_triggers_are_listed_with_how_they_stand() -> None:
    world = ticking(NOW, schedule(DAILY), schedule(DAILY).replace("id: f\n", "id: other\n"))
    found = [(each.flow_id, each.trigger) for each in states(world.rt.store)]
    assert found == [("f", "s"), ("other", "s")]
    assert [each.flow_id for each in states(world.rt.store, flow_id="f")] == ["f"]
    assert list(states(world.rt.store, namespace="m")) == []
    shown = triggeractions.state_of(world.rt, "n", "f", "s")
    assert shown["nextExecutionDate"] == "2026-01-11T00:00:00Z"
    assert shown["updatedDate"] == "2026-01-10T12:30:00Z"
    assert not shown["locked"]
