"""Cron dates around a change of clocks, beside an oracle that reads the clock minute by minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tiercel.triggers.cron import parse_cron
from triggers.scheduling import schedule, ticking

MINUTE = timedelta(minutes=1)
CHANGES = [
    ("Europe/Berlin", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 3, 8, 7, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 11, 1, 6, tzinfo=UTC)),
]
FIELDS = st.lists(st.integers(0, 59), min_size=1, max_size=3, unique=True)
HOURS = st.lists(st.integers(0, 23), min_size=1, max_size=4, unique=True)


def chosen(minutes: list[int], hours: list[int], zone: ZoneInfo, start: datetime, end: datetime) -> list[datetime]:
    """Return the moments of the local times that are named: the first of two; the next valid one for a skipped one."""
    clock: dict[datetime, datetime] = {}
    found = set()
    moment = start - timedelta(days=2)
    while moment < end + timedelta(days=2):
        clock.setdefault(moment.astimezone(zone).replace(tzinfo=None, fold=0), moment)
        moment += MINUTE
    local = start.astimezone(zone).replace(tzinfo=None, fold=0) - timedelta(days=1)
    while local < end.astimezone(zone).replace(tzinfo=None, fold=0) + timedelta(days=1):
        if local.minute in minutes and local.hour in hours:
            valid = local
            while valid not in clock:
                valid += MINUTE
            found.add(clock[valid])
        local += MINUTE
    return sorted(moment for moment in found if start < moment <= end)


def passing(minutes: list[int], zone: ZoneInfo, start: datetime, end: datetime) -> list[datetime]:
    """Return the moments at which the clock shows one of these minutes, whatever the hour."""
    found, moment = [], start + MINUTE
    while moment <= end:
        if moment.astimezone(zone).minute in minutes:
            found.append(moment)
        moment += MINUTE
    return found


def dates(expression: str, zone: ZoneInfo, start: datetime, end: datetime) -> list[datetime]:
    """Return the dates of an expression in a span."""
    cron, found = parse_cron(expression, zone), []
    moment = cron.next(start)
    while moment is not None and moment <= end:
        found.append(moment.astimezone(UTC))
        moment = cron.next(moment)
    return found


@settings(max_examples=40, deadline=None)
@given(FIELDS, HOURS, st.sampled_from(CHANGES), st.integers(0, 600))
def test_chosen_hours(minutes: list[int], hours: list[int], change: tuple[str, datetime], before: int) -> None:
    zone, start = ZoneInfo(change[0]), change[1] - before * MINUTE
    end = start + timedelta(hours=30)
    expression = f"{','.join(map(str, minutes))} {','.join(map(str, hours))} * * *"
    assert dates(expression, zone, start, end) == chosen(minutes, hours, zone, start, end)


@settings(max_examples=30, deadline=None)
@given(FIELDS, st.sampled_from(CHANGES), st.integers(0, 600))
def test_every_hour(minutes: list[int], change: tuple[str, datetime], before: int) -> None:
    zone, start = ZoneInfo(change[0]), change[1] - before * MINUTE
    end = start + timedelta(hours=20)
    expression = f"{','.join(map(str, minutes))} * * * *"
    assert dates(expression, zone, start, end) == passing(minutes, zone, start, end)


@pytest.mark.parametrize(("zone", "change"), CHANGES)
@settings(max_examples=8, deadline=None)
@given(minutes=FIELDS, hours=HOURS, ticks=st.lists(st.integers(1, 400), min_size=1, max_size=8), doubled=st.booleans())
def test_whenever_the_ticks_come_each_date_is_executed_once_and_in_order(
    zone: str, change: datetime, minutes: list[int], hours: list[int], ticks: list[int], doubled: bool
) -> None:
    start = change - timedelta(hours=3)
    expression = f"{','.join(map(str, minutes))} {','.join(map(str, hours))} * * *"
    world = ticking(start.isoformat(), schedule(f"cron: '{expression}'", f"timezone: {zone}"))
    for span in ticks:
        world.turn(world.machine.clock.now() + span * MINUTE)
        if doubled:
            world.tick()
    found = [datetime.fromisoformat(date).astimezone(UTC) for date in world.dates()]
    assert found == chosen(minutes, hours, ZoneInfo(zone), start, world.machine.clock.now())
