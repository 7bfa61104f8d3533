"""Schedules that fire by themselves: which dates, once each, in order, and never two at a time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from machine import Machine
from tiercel import triggeractions
from tiercel.firing.ticking import tick
from tiercel.model.messages import decode_message
from tiercel.model.states import State
from tiercel.views.triggers import states
from triggers.scheduling import CORE, PAUSES, TASK, Ticking, at, schedule, ticking

HOURLY = "cron: '0 * * * *'"


def test_a_date_starts_an_execution_with_its_variables() -> None:
    world = ticking("2026-01-01T08:30:00", schedule(HOURLY, "timezone: Europe/Berlin"))
    world.tick()
    assert world.all() == []
    world.turn("2026-01-01T09:00:00")
    [execution] = world.all()
    assert execution.state is State.SUCCESS
    assert execution.trigger is not None
    assert execution.trigger.variables == {
        "date": "2026-01-01T10:00:00+01:00",
        "next": "2026-01-01T11:00:00+01:00",
        "previous": "2026-01-01T09:00:00+01:00",
    }
    assert world.state().next == at("2026-01-01T10:00:00").timestamp()


def test_a_doubled_tick_and_two_processes_start_one_execution() -> None:
    world = ticking("2026-01-01T08:30:00", schedule(HOURLY))
    other = Machine(world.machine.memory, owner="second")
    world.machine.clock.set(at("2026-01-01T09:00:00"))
    for _ in range(3):
        tick(world.machine.store, world.machine.clock.now().timestamp())
    messages = [world.machine.memory.letters[0].body] * 2
    for body in messages:
        for machine in (world.machine, other):
            machine.engine.handle(decode_message(body))
    world.tick()
    assert world.dates() == ["2026-01-01T09:00:00Z"]


def test_a_tick_that_is_late_by_a_day_starts_each_date_once_one_after_another() -> None:
    world = ticking("2026-01-01T00:30:00", schedule(HOURLY))
    world.turn("2026-01-02T00:30:00")
    world.tick()
    first = at("2026-01-01T01:00:00")
    assert world.dates() == [(first + timedelta(hours=hour)).strftime("%Y-%m-%dT%H:%M:%SZ") for hour in range(24)]


@pytest.mark.parametrize(
    ("recover", "dates"),
    [("LAST", ["2026-01-02T00:00:00Z", "2026-01-02T01:00:00Z"]), ("NONE", ["2026-01-02T01:00:00Z"])],
)
def test_missed_dates_are_made_up_for_as_the_trigger_says(recover: str, dates: list[str]) -> None:
    world = ticking("2026-01-01T00:30:00", schedule(HOURLY, f"recoverMissedSchedules: {recover}"))
    world.turn("2026-01-02T00:30:00")
    world.turn("2026-01-02T01:00:10")
    assert world.dates() == dates


def test_missed_dates_are_made_up_for_as_the_installation_says() -> None:
    world = ticking("2026-01-01T00:30:00", schedule(HOURLY))
    world.machine.scheduling.recover = "LAST"
    world.turn("2026-01-02T00:30:00")
    assert world.dates() == ["2026-01-02T00:00:00Z"]


def test_a_date_that_is_late_by_a_minute_was_not_missed() -> None:
    world = ticking("2026-01-01T00:30:00", schedule(HOURLY, "recoverMissedSchedules: NONE"))
    world.turn("2026-01-01T01:01:00")
    assert world.dates() == ["2026-01-01T01:00:00Z"]


def test_what_came_while_an_installation_was_down_was_missed_however_short_that_was() -> None:
    world = ticking("2026-01-01T00:30:00", schedule(HOURLY, "recoverMissedSchedules: NONE"))
    world.machine.scheduling.began = at("2026-01-01T01:00:30").timestamp()
    world.turn("2026-01-01T01:00:31")
    assert world.dates() == []


def test_dates_that_are_too_late_are_skipped() -> None:
    world = ticking("2026-01-01T00:30:00", schedule(HOURLY, "lateMaximumDelay: PT2H"))
    world.turn("2026-01-02T00:30:00")
    assert world.dates() == ["2026-01-01T23:00:00Z", "2026-01-02T00:00:00Z"]


def test_no_execution_begins_while_another_one_runs() -> None:
    world = ticking("2026-01-01T00:30:00", schedule(HOURLY, tasks=PAUSES))
    world.turn("2026-01-01T01:00:00")
    world.turn("2026-01-01T03:10:00")
    [running] = world.all()
    assert running.state is State.PAUSED
    assert world.state().execution == running.id
    world.machine.resume(running.id)
    world.machine.settle(timers=False)
    assert world.dates() == ["2026-01-01T01:00:00Z", "2026-01-01T02:00:00Z"]


def test_one_that_allows_it_begins_beside_another() -> None:
    world = ticking("2026-01-01T00:30:00", schedule(HOURLY, "allowConcurrent: true", tasks=PAUSES))
    world.turn("2026-01-01T03:10:00")
    assert len(world.dates()) == 3


def test_a_trigger_is_locked_until_the_last_task_after_the_execution_is_done() -> None:
    after = TASK + f"afterExecution: [{{id: a, type: {CORE}flow.Pause}}]\n"
    world = ticking("2026-01-01T00:30:00", schedule(HOURLY, tasks=after))
    world.turn("2026-01-01T02:30:00")
    [first] = world.all()
    assert first.state is State.SUCCESS
    assert world.state().execution == first.id
    world.machine.resume(first.id)
    world.machine.settle(timers=False)
    assert len(world.all()) == 2


def test_a_lock_whose_news_was_lost_is_found() -> None:
    world = ticking("2026-01-01T00:30:00", schedule(HOURLY, tasks=PAUSES))
    world.turn("2026-01-01T01:00:00")
    [running] = world.all()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(world.machine.lanes, "announce", lambda execution: None)
        world.machine.resume(running.id)
        world.machine.settle(timers=False)
    assert world.machine.header(running.id).finished
    world.turn("2026-01-01T01:10:00")
    assert world.state().execution == running.id
    world.turn("2026-01-01T01:20:00")
    assert world.state().execution is None


def test_an_execution_that_is_tried_again_holds_the_lock() -> None:
    retry = "retry: {type: constant, interval: PT30M, maxAttempts: 2, behavior: CREATE_NEW_EXECUTION}\n"
    fails = f"tasks: [{{id: t, type: {CORE}execution.Fail}}]\n"
    world = ticking("2026-01-01T00:30:00", schedule(HOURLY, tasks=fails, head=retry))
    world.turn("2026-01-01T01:00:00")
    assert [each.state for each in world.all()] == [State.RETRIED]
    assert world.state().execution is not None
    world.turn("2026-01-01T01:31:00")
    assert [each.state for each in world.all()] == [State.RETRIED, State.FAILED]
    assert world.state().execution is None


def test_a_trigger_stops_after_a_state() -> None:
    fails = f"tasks: [{{id: t, type: {CORE}execution.Fail}}]\n"
    world = ticking("2026-01-01T00:30:00", schedule(HOURLY, "stopAfter: [FAILED]", tasks=fails))
    world.turn("2026-01-01T03:30:00")
    assert [each.state for each in world.all()] == [State.FAILED]
    assert world.state().disabled
    triggeractions.set_disabled(world.rt, "n", "f", "s", disabled=False)
    world.turn("2026-01-01T04:00:00")
    assert world.dates() == ["2026-01-01T01:00:00Z", "2026-01-01T04:00:00Z"]


def test_conditions_choose_the_dates() -> None:
    monday = f"conditions: [{{type: {CORE}condition.DayWeek, dayOfWeek: MONDAY}}]"
    world = ticking("2026-01-01T00:30:00", schedule("cron: '0 9 * * *'", monday))
    world.turn("2026-01-15T10:00:00")
    assert world.dates() == ["2026-01-05T09:00:00Z", "2026-01-12T09:00:00Z"]
    first = world.all()[0].trigger
    assert first is not None
    assert first.variables["next"] == "2026-01-12T09:00:00Z"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f"conditions: [{{type: {CORE}condition.Expression, expression: '{{{{ nothing.there }}}}'}}]", "condition"),
        ("inputs: {a: '{{ nothing.there }}'}", "inputs"),
        ("inputs: {a: wrong}", "inputs"),
    ],
)
def test_what_cannot_be_evaluated_is_a_visible_failure_and_the_schedule_goes_on(line: str, said: str) -> None:
    head = "inputs: [{id: a, type: INT, required: false}]\n"
    world = ticking("2026-01-01T00:30:00", schedule(HOURLY, line, head=head))
    world.turn("2026-01-01T02:30:00")
    assert [each.state for each in world.all()] == [State.FAILED, State.FAILED]
    assert said in world.all()[0].logs[0].message
    assert world.dates() == ["2026-01-01T01:00:00Z", "2026-01-01T02:00:00Z"]


def test_inputs_and_labels_see_the_date() -> None:
    head = "inputs: [{id: day, type: STRING}]\n"
    lines = [
        "inputs: {day: \"{{ trigger.date | date('yyyy-MM-dd') }}\"}",
        "labels: {of: '{{ trigger.date }}', no: '{{ x.y }}'}",
    ]
    world = ticking("2026-01-01T00:30:00", schedule(HOURLY, *lines, head=head))
    world.turn("2026-01-01T01:00:00")
    [execution] = world.all()
    assert execution.inputs == {"day": "2026-01-01"}
    assert ("of", "2026-01-01T01:00:00Z") in execution.labels
    assert not any(key == "no" for key, _ in execution.labels)


def test_listed_dates_fire() -> None:
    dates = "dates: ['2025-12-31T23:00:00Z', '2026-01-01T02:00:00+01:00', '2026-01-01T05:00:00']"
    world = ticking("2026-01-01T00:30:00", schedule(dates, "timezone: Europe/Berlin", kind="ScheduleOnDates"))
    world.turn("2026-01-02T00:00:00")
    assert world.dates() == ["2026-01-01T02:00:00+01:00", "2026-01-01T05:00:00+01:00"]
    assert world.state().next is None


def test_dates_that_an_expression_gives_fire() -> None:
    dates = "dates: \"{{ ['2026-01-01T02:00:00Z'] }}\""
    world = ticking("2026-01-01T00:30:00", schedule(dates, kind="ScheduleOnDates"))
    world.tick()
    assert world.state().next == at("2026-01-01T02:00:00").timestamp()
    world.turn("2026-01-01T02:00:00")
    assert world.dates() == ["2026-01-01T02:00:00Z"]


def test_dates_that_cannot_be_read_are_one_visible_failure() -> None:
    world = ticking("2026-01-01T00:30:00", schedule("dates: '{{ nothing.there }}'", kind="ScheduleOnDates"))
    for hour in range(1, 4):
        world.turn(f"2026-01-01T0{hour}:00:00")
    assert [each.state for each in world.all()] == [State.FAILED]


# ------------------------------------------------------------ deployments


def test_a_disabled_flow_or_trigger_starts_nothing_and_goes_on_from_now() -> None:
    world = ticking("2026-01-01T00:30:00", schedule(HOURLY))
    for change in ({"head": "disabled: true\n"}, {"lines": ["disabled: true"]}):
        world.machine.deploy(schedule(HOURLY, *change.get("lines", []), head=str(change.get("head", ""))))
        before = len(world.all())
        world.turn(world.machine.clock.now() + timedelta(hours=3))
        assert len(world.all()) == before
        world.machine.deploy(schedule(HOURLY))
        world.tick()
        assert len(world.all()) == before
        world.turn(world.machine.clock.now() + timedelta(hours=1))
        assert len(world.all()) == before + 1


def test_a_new_revision_keeps_the_next_date_unless_it_changes_the_dates() -> None:
    world = ticking("2026-01-01T00:30:00", schedule(HOURLY))
    world.machine.clock.set(at("2026-01-01T01:30:00"))
    world.machine.deploy("description: another\n" + schedule(HOURLY))
    assert world.state().next == at("2026-01-01T01:00:00").timestamp()
    world.machine.deploy(schedule("cron: '15 * * * *'"))
    assert world.state().next == at("2026-01-01T02:15:00").timestamp()


def test_a_trigger_that_is_gone_starts_nothing_and_can_be_forgotten() -> None:
    world = ticking("2026-01-01T00:30:00", schedule(HOURLY))
    with pytest.raises(Exception, match="because the flow still declares it"):
        triggeractions.delete(world.rt, "n", "f", "s")
    world.machine.deploy(f"id: f\nnamespace: n\n{TASK}")
    world.turn("2026-01-01T05:00:00")
    assert world.all() == []
    triggeractions.delete(world.rt, "n", "f", "s")
    assert world.machine.states.read("trigger/n/f/s") is None


def test_a_flow_that_is_deleted_starts_nothing_and_is_new_when_it_comes_back() -> None:
    world = ticking("2026-01-01T00:30:00", schedule(HOURLY))
    triggeractions.set_disabled(world.rt, "n", "f", "s", disabled=True)
    world.machine.flows.delete("n", "f")
    assert world.machine.states.read("trigger/n/f/s") is None
    world.turn("2026-01-01T02:30:00")
    assert world.all() == []
    world.machine.deploy(schedule(HOURLY))
    world.turn("2026-01-01T03:00:00")
    assert world.dates() == ["2026-01-01T03:00:00Z"]


def test_an_execution_that_outlives_its_flow_frees_nothing() -> None:
    world = ticking("2026-01-01T00:30:00", schedule(HOURLY, tasks=PAUSES))
    world.turn("2026-01-01T01:00:00")
    [running] = world.all()
    world.machine.flows.delete("n", "f")
    world.machine.resume(running.id)
    world.tick()
    assert world.all()[0].state is State.SUCCESS


def test_a_record_that_cannot_be_read_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    world = ticking("2026-01-01T00:30:00", schedule(HOURLY), _numbered(7, 0))
    world.machine.memory.documents["trigger/n/f7/s"].body = b"{"
    world.turn("2026-01-01T01:00:00")
    assert world.dates() == ["2026-01-01T01:00:00Z"]
    assert "cannot be read" in caplog.text


def test_a_flow_that_cannot_be_read_any_more_stops_its_triggers_alone(caplog: pytest.LogCaptureFixture) -> None:
    world = ticking("2026-01-01T00:30:00", schedule(HOURLY), _numbered(7, 0))
    world.machine.flows._parsed.clear()
    revision = world.machine.memory.documents["flowrev/n/f7/00000001"]
    revision.body = revision.body.replace(b"trigger.Schedule", b"trigger.Nothing")
    world.turn("2026-01-01T01:00:00")
    assert world.dates() == ["2026-01-01T01:00:00Z"]
    assert "starts nothing" in caplog.text
    assert len(list(states(world.rt.store))) == 2


# ------------------------------------------------------------ clocks that change


def local_dates(world: Ticking, start: str, end: str, step: timedelta) -> list[str]:
    """Tick through a span, and return the dates that came."""
    now = at(start)
    while now < at(end):
        now += step
        world.turn(now)
    return world.dates()


@pytest.mark.parametrize(
    ("zone", "start", "expected"),
    [
        ("Europe/Berlin", "2026-03-28T12:00:00", ["2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"]),
        ("Europe/Berlin", "2026-10-24T12:00:00", ["2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"]),
        ("America/New_York", "2026-03-07T15:00:00", ["2026-03-08T03:00:00-04:00", "2026-03-09T02:30:00-04:00"]),
        ("America/New_York", "2026-10-31T15:00:00", ["2026-11-01T02:30:00-05:00", "2026-11-02T02:30:00-05:00"]),
    ],
)
def test_a_daily_schedule_fires_once_a_day_when_the_clocks_change(zone: str, start: str, expected: list[str]) -> None:
    world = ticking(start, schedule("cron: '30 2 * * *'", f"timezone: {zone}"))
    end = (at(start) + timedelta(days=2)).isoformat()
    assert local_dates(world, start, end, timedelta(minutes=15)) == expected


def test_seconds() -> None:
    world = ticking("2026-01-01T00:00:05", schedule("cron: '*/10 * * * * *'", "withSeconds: true"))
    world.turn("2026-01-01T00:00:31")
    assert world.dates() == ["2026-01-01T00:00:10Z", "2026-01-01T00:00:20Z", "2026-01-01T00:00:30Z"]


# ------------------------------------------------------------ what it costs


def test_a_tick_reads_what_is_due_and_not_what_is_deployed() -> None:
    world = ticking("2026-01-01T00:30:00", *(_numbered(number, 30) for number in range(200)))
    counts = world.machine.memory.counts
    for due in (0, 5):
        if due:
            world.machine.deploy(*(_numbered(number, 40) for number in range(due)))
            world.machine.clock.set(at("2026-01-01T00:40:00"))
        counts.clear()
        assert tick(world.machine.store, world.machine.clock.now().timestamp()).sent == due
        assert counts["queried"] + counts["reads"] <= 1 + due
        assert counts["writes"] == 0


def test_a_date_costs_the_same_whatever_else_is_deployed() -> None:
    world = ticking("2026-01-01T00:30:00", *(_numbered(number, 40 if number == 0 else 30) for number in range(50)))
    counts = world.machine.memory.counts
    counts.clear()
    world.turn("2026-01-01T00:40:00")
    assert counts["reads"] <= 14, counts
    assert counts["writes"] <= 8, counts


def _numbered(number: int, minute: int) -> str:
    return schedule(f"cron: '{minute} * * * *'").replace("id: f\n", f"id: f{number}\n", 1)
