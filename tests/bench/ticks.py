"""Does a tick on 100,000 schedules cost what it costs on 100? `python -m tests.bench.ticks` (P10)."""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

from tiercel.adapters.local.clock import SystemClock
from tiercel.adapters.local.store import SqliteStore
from tiercel.firing.ticking import Scheduler, tick
from tiercel.triggerrecords import SCHEDULE, Alarm, TriggerState, state_write

DUE = 10
TURNS = 21


def fill(store: SqliteStore, count: int, now: float) -> None:
    """Store the records of so many schedules, ten of which are due."""
    for first in range(0, count, 1000):
        some = range(first, min(first + 1000, count))
        store.commit(
            [state_write(_state(number, now - 1 if number < DUE else now + 3600 + number), 0) for number in some]
        )


def _state(number: int, following: float) -> TriggerState:
    place = (f"team.n{number % 97}", f"flow-{number}", "schedule")
    return TriggerState(*place, type=SCHEDULE, revision=1, active=True, timing='["0 * * * *"]', next=following)


def measure(folder: Path, count: int) -> dict[str, float]:
    """Return the milliseconds of a tick, of a look for the next date, and of opening the store and beginning."""
    clock, now = SystemClock(), time.time()
    store = SqliteStore(folder)
    fill(store, count, now)
    store.close()
    began = time.perf_counter()
    store = SqliteStore(folder)
    Scheduler(store, clock, Alarm(), lambda _: None).look()
    start = time.perf_counter() - began
    spans = []
    for _ in range(TURNS):
        began = time.perf_counter()
        assert tick(store, now).sent == DUE
        spans.append(time.perf_counter() - began)
    store.close()
    return {"tick_ms": statistics.median(spans) * 1000, "start_ms": start * 1000}


def main() -> None:
    """Print both, and the ratio; exit with 1 where it is over the bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--at-most", type=float, default=2.0, help="the ratio that is still well")
    bar = parser.parse_args().at_most
    with tempfile.TemporaryDirectory() as folder:
        few, many = (measure(Path(folder) / str(count), count) for count in (100, 100_000))
    ratio = many["tick_ms"] / few["tick_ms"]
    print(json.dumps({"100": few, "100000": many, "ratio": round(ratio, 2)}, indent=1))
    raise SystemExit(ratio > bar)


if __name__ == "__main__":
    main()
