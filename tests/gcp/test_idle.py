"""What the ticks of an hour read in which nothing happens: `tests/infra/idle.py` prices it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from gcp.growth import Ticking
from infra.idle import READS
from tiercel.model.states import State

ENDED = """
id: done
namespace: tests
tasks:
  - {id: say, type: io.kestra.plugin.core.debug.Return, format: x}
"""


def test_an_hour_without_work_reads_what_the_price_says() -> None:
    there = Ticking()
    try:
        for _ in range(3):
            assert there.run(ENDED).state is State.SUCCESS
        there.clock.set(datetime.now(UTC) + timedelta(days=1))
        there.ticked.parts.lanes._clock = there.clock
        there.schedule(5, due=0)
        _tick(there, 10)  # a new process looks once at what it does not know
        there.counts.clear()
        _tick(there, 40)  # as many sweeps, whatever minute it is now
        assert 0 < there.counts.reads <= READS * 40 / 60
        assert (there.counts.writes, there.counts.messages) == (0, 0)
    finally:
        there.close()


def _tick(there: Ticking, minutes: int) -> None:
    for _ in range(minutes):
        there.clock.advance(60)
        there.ticked.tick()
