"""Which dates come, and how often: several schedules of a flow, clocks that change, ticks that are late or doubled."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from machine import Machine
from tiercel import triggeractions
from tiercel.firing.ticking import tick
from tiercel.model.messages import decode_message
from tiercel.model.states import State
from triggers.scheduling import CORE, PAUSES, TASK, Ticking, at, schedule, ticking

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"
HOURLY = "cron: '0 * * * *'"


def hourly_ticks(world: Ticking, start: str, hours: int) -> list[str]:
    """Tick every half an hour; return the dates that came."""
    for half in range(1, 2 * hours + 1):
        world.turn(at(start) + timedelta(minutes=30 * half))
    return world.dates()


# ------------------------------------------------------------------ several of a flow


def test_several_schedules_have_inputs_labels_and_zones_of_their_own() -> None:
    head = "inputs: [{id: who, type: STRING, defaults: flow}, {id: n, type: INT, defaults: 1}]\n"
    tasks = f"tasks: [{{id: t, type: {CORE}debug.Return, format: '{{{{ schedule.date }}}}'}}]\n"
    flow = schedule("cron: '0 9 * * *'", "inputs: {who: first, n: 2}", "labels: {l: one}", tasks=tasks, head=head)
    flow += f"  - {{id: z, type: {CORE}trigger.Schedule, cron: '0 9 * * *', timezone: {BERLIN}, inputs: {{who: z}}}}\n"
    flow += f"  - {{id: p, type: {CORE}trigger.Schedule, cron: '0 9 * * *'}}\n"
    world = ticking("2026-01-01T00:00:00", flow)
    world.turn("2026-01-01T12:00:00")
    found = {each.trigger.id: each for each in world.all() if each.trigger}
    assert {name: each.inputs for name, each in found.items()} == {
        "s": {"who": "first", "n": 2},
        "z": {"who": "z", "n": 1},
        "p": {"who": "flow", "n": 1},
    }
    assert [each.state for each in world.all()] == [State.SUCCESS] * 3
    assert ("l", "one") in found["s"].labels
    assert not any(key == "l" for key, _ in found["p"].labels)
    assert [each.trigger.variables["date"] for each in found.values() if each.trigger] == [
        "2026-01-01T09:00:00+01:00",
        "2026-01-01T09:00:00Z",
        "2026-01-01T09:00:00Z",
    ]


def test_a_lock_holds_up_its_own_trigger_alone() -> None:
    flow = schedule(HOURLY, tasks=PAUSES) + f"  - {{id: o, type: {CORE}trigger.Schedule, cron: '30 * * * *'}}\n"
    world = ticking("2026-01-01T00:10:00", flow)
    world.turn("2026-01-01T00:30:00")
    world.turn("2026-01-01T02:00:00")
    assert [each.trigger.id for each in world.all() if each.trigger] == ["o", "s"]


# ------------------------------------------------------------------ clocks that change


@pytest.mark.parametrize(
    ("zone", "midnight", "hours"),
    [
        (BERLIN, "2026-03-29T00:00:00+01:00", 23),
        (BERLIN, "2026-10-25T00:00:00+02:00", 25),
        (NEW_YORK, "2026-03-08T00:00:00-05:00", 23),
        (NEW_YORK, "2026-11-01T00:00:00-04:00", 25),
    ],
)
def test_an_hourly_schedule_follows_time_as_it_passes(zone: str, midnight: str, hours: int) -> None:
    world = ticking((at(midnight) - timedelta(minutes=5)).isoformat(), schedule(HOURLY, f"timezone: {zone}"))
    dates = hourly_ticks(world, (at(midnight) - timedelta(minutes=15)).isoformat(), hours)
    moments = [datetime.fromisoformat(date) for date in dates]
    assert moments == [at(midnight) + timedelta(hours=hour) for hour in range(hours)]
    assert {date[:10] for date in dates} == {midnight[:10]}
    variables = [each.trigger.variables for each in world.all() if each.trigger]
    assert [each["next"] for each in variables[:-1]] == dates[1:]
    assert [each["previous"] for each in variables[1:]] == dates[:-1]


@pytest.mark.parametrize(
    ("zone", "start", "end", "expected"),
    [
        (BERLIN, "2026-03-28", "2026-03-30", ["28T02:30:00+01:00", "29T03:00:00+02:00"]),
        (BERLIN, "2026-10-24", "2026-10-26", ["24T02:30:00+02:00", "25T02:30:00+02:00"]),
        (NEW_YORK, "2026-03-07T02:30:00", "2026-03-08T03:00:00", ["07T02:30:00-05:00", "08T03:00:00-04:00"]),
        (NEW_YORK, "2026-10-31T00:00:00-04:00", "2026-11-01T02:30:00", ["31T02:30:00-04:00", "01T02:30:00-05:00"]),
    ],
)
def test_a_backfill_over_a_change_of_clocks_has_one_date_a_day(
    zone: str, start: str, end: str, expected: list[str]
) -> None:
    world = ticking("2026-12-01T00:00:00", schedule("cron: '30 2 * * *'", f"timezone: {zone}"))
    world.backfill(start=start, end=end)
    assert [date[8:] for date in world.dates()] == expected


def test_listed_dates_are_backfilled_too() -> None:
    dates = "dates: ['2026-01-01T00:00:00', '2026-01-02T00:00:00', '2026-01-03T00:00:00']"
    world = ticking("2026-02-01T00:00:00", schedule(dates, f"timezone: {BERLIN}", kind="ScheduleOnDates"))
    world.backfill(start="2026-01-02", end="2026-01-03", inputs={})
    assert [date[8:10] for date in world.dates()] == ["02", "03"]
    assert world.state().backfill is None


# ------------------------------------------------------------------ ticks that are late, or doubled


@pytest.mark.parametrize(
    ("recover", "delay", "hours"),
    [
        ("ALL", None, list(range(1, 25))),
        ("ALL", "PT3H", [22, 23, 24]),
        ("LAST", None, [24]),
        ("LAST", "PT3H", [24]),
        ("LAST", "PT10M", []),
        ("NONE", None, []),
        ("NONE", "PT3H", []),
    ],
)
def test_a_tick_that_is_a_day_late_and_doubled_starts_each_wanted_date_once(
    recover: str, delay: str | None, hours: list[int]
) -> None:
    lines = [HOURLY, f"recoverMissedSchedules: {recover}", *([f"lateMaximumDelay: {delay}"] if delay else [])]
    world = ticking("2026-01-01T00:30:00", schedule(*lines))
    other = Machine(world.machine.memory, owner="second")
    world.machine.clock.set(at("2026-01-02T00:30:00"))
    for _ in range(2):
        tick(world.machine.store, world.machine.clock.now().timestamp())
    body = world.machine.memory.letters[0].body
    for machine in (other, world.machine, other):
        machine.engine.handle(decode_message(body))
    world.tick()
    first = at("2026-01-01T00:00:00")
    wanted = [(first + timedelta(hours=hour)).strftime("%Y-%m-%dT%H:%M:%SZ") for hour in hours]
    assert world.dates() == wanted
    world.turn("2026-01-02T01:00:00")
    assert world.dates() == [*wanted, "2026-01-02T01:00:00Z"]


@pytest.mark.parametrize(
    ("recover", "dates"), [(True, ["01", "02", "03", "04"]), (False, ["04"]), (None, ["03", "04"])]
)
def test_who_enables_a_trigger_may_say_what_becomes_of_the_dates_meanwhile(
    recover: bool | None, dates: list[str]
) -> None:
    world = ticking("2026-01-01T00:30:00", schedule(HOURLY, "recoverMissedSchedules: LAST"))
    triggeractions.set_disabled(world.rt, "n", "f", "s", disabled=True)
    world.turn("2026-01-01T03:02:00")
    triggeractions.set_disabled(world.rt, "n", "f", "s", disabled=False, recover=recover)
    world.machine.scheduling.recover = "ALL"
    if recover:  # the trigger's own word would take the others away again
        world.machine.deploy(schedule(HOURLY))
    world.tick()
    world.turn("2026-01-01T04:00:00")
    assert [date[11:13] for date in world.dates()] == dates


def test_a_condition_in_the_zone_of_the_schedule_chooses_days() -> None:
    monday = f"conditions: [{{type: {CORE}condition.DayWeek, dayOfWeek: MONDAY}}]"
    world = ticking("2026-01-04T12:00:00", schedule("cron: '30 0 * * *'", f"timezone: {BERLIN}", monday))
    for hour in range(48):
        world.turn(at("2026-01-04T12:00:00") + timedelta(hours=hour))
    assert world.dates() == ["2026-01-05T00:30:00+01:00"]
    assert at(world.dates()[0]).astimezone(ZoneInfo("UTC")).day == 4


def test_a_flow_without_triggers_has_none() -> None:
    world = ticking("2026-01-01T00:00:00", f"id: f\nnamespace: n\n{TASK}")
    world.turn("2026-01-02T00:00:00")
    assert world.all() == []
