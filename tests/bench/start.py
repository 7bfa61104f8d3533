"""How long until a server on 100,000 schedules is ready? `python -m tests.bench start`.

From the start of the process to its first answer, and to the first execution of a schedule that was due; beside it the
same on an empty store, most of which is Python loading the program.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

from bench.ticks import fill
from serving import Server
from tiercel.adapters.local.store import SqliteStore

READY_SECONDS = 1.0
"""The bar: what the schedules add to the start of an empty server, and the look for what is due."""
TURNS = 5


def started(folder: Path) -> float:
    """Return the seconds from the start of a server to its first answer; the median of a few."""
    spans = []
    for _ in range(TURNS):
        server = Server(folder)
        began = time.perf_counter()
        server.start()
        spans.append(time.perf_counter() - began)
        server.kill()
    return statistics.median(spans)


def main() -> int:
    """Print the figures; return 1 where one is over its bar."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench start", description=__doc__)
    parser.add_argument("--schedules", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        empty = started(Path(folder) / "empty")
        store = SqliteStore(Path(folder) / "full")
        fill(store, options.schedules, time.time() + 365 * 86400)
        store.close()
        full = started(Path(folder) / "full")
    print(json.dumps({"empty_s": round(empty, 3), "full_s": round(full, 3), "schedules": options.schedules}, indent=1))
    return int(full - empty > READY_SECONDS)
