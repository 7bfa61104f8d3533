"""The thread that sleeps until a schedule is due, on the embedded runtime."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from clocks import HandClock
from tiercel import triggeractions
from tiercel.firing.ticking import Scheduler
from tiercel.runtime import Runtime, embedded
from triggers.scheduling import at, schedule
from triggers.starting import deploy, executions

START = at("2026-01-01T00:30:00")


def running(folder: Path, clock: HandClock) -> Runtime:
    """Return a runtime whose schedules fire, at a clock that a test turns."""
    rt = embedded(folder, clock=clock, threads=4)
    clock.listeners[:] = [rt.bus.wake, rt.scheduler.wake]
    rt.__enter__()
    rt.scheduler.start()
    return rt


def soon(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.005)


def test_a_flow_that_is_deployed_fires_when_its_date_comes(tmp_path: Path) -> None:
    clock = HandClock(START)
    with running(tmp_path, clock) as rt:
        deploy(rt, schedule("cron: '0 * * * *'"))
        time.sleep(0.05)
        assert executions(rt, "f") == []
        clock.advance(timedelta(minutes=30))
        soon(lambda: len(executions(rt, "f")) == 1)
        deploy(rt, schedule("cron: '5 * * * *'"))
        clock.advance(timedelta(minutes=5))
        soon(lambda: len(executions(rt, "f")) == 2)


def test_what_became_due_while_nobody_was_there_is_made_up_for(tmp_path: Path) -> None:
    clock = HandClock(START)
    with embedded(tmp_path, clock=clock) as rt:
        deploy(rt, schedule("cron: '0 * * * *'"))
    clock.advance(timedelta(hours=3))
    with running(tmp_path, clock) as rt:
        soon(lambda: len(executions(rt, "f")) == 3)


def test_many_dates_fire_together(tmp_path: Path) -> None:
    clock = HandClock(START)
    with running(tmp_path, clock) as rt:
        for number in range(60):
            rt.flows.deploy(deploy(rt, schedule("cron: '0 * * * *'").replace("id: f\n", f"id: f{number}\n")))
        clock.advance(timedelta(minutes=30))
        soon(lambda: rt.bus.wait_quiet(10) and len(rt.store.query("execution")) == 60)


def test_a_backfill_begins_at_once(tmp_path: Path) -> None:
    clock = HandClock(START)
    with running(tmp_path, clock) as rt:
        deploy(rt, schedule("cron: '0 * * * *'"))
        triggeractions.create_backfill(rt, "n", "f", "s", {"start": "2025-12-31T00:00:00Z"})
        soon(lambda: len(executions(rt, "f")) == 25)


def test_nothing_is_written_and_next_to_nothing_read_while_nothing_is_due(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, looks, look = HandClock(START), [0], Scheduler.look

    def counted(scheduler: Scheduler) -> float:
        looks[0] += 1
        return look(scheduler)

    monkeypatch.setattr(Scheduler, "look", counted)
    with running(tmp_path, clock) as rt:
        for number in range(20):
            deploy(rt, schedule("cron: '0 * * * *'").replace("id: f\n", f"id: f{number}\n"))
        assert rt.bus.wait_quiet(10)
        time.sleep(0.2)
        looks[0] = 0
        written = (tmp_path / "tiercel.db-wal").stat().st_size
        time.sleep(0.5)
        assert looks == [0]
        assert (tmp_path / "tiercel.db-wal").stat().st_size == written
