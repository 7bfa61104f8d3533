"""What does a server cost that has nothing to do? `python -m tests.bench idle`.

A server gets flows with a schedule each through its API, none of which is due for months; then nobody calls it. Its
memory is compared with that of a bare interpreter that listens with the same HTTP library; what it writes is asked of
SQLite and of the files' times; how often it wakes, of the system.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx

from bench.processes import bare_server, cpu_seconds, resident_mb, wakings
from serving import Server, serving

MEMORY_MB = 60.0
"""How much more memory than the bare interpreter is still well."""
WAKINGS = 0.5
"""Wakings in a second that are still well: the sweeps of the scheduler and the connections, once or twice a minute."""
TOGETHER = 100

FLOW = """id: flow-{number}
namespace: idle.n{group}
inputs:
  - {{id: name, type: STRING, defaults: World}}
tasks:
  - {{id: hello, type: io.kestra.plugin.core.log.Log, message: "Hello {{{{ inputs.name }}}}"}}
  - {{id: say, type: io.kestra.plugin.core.debug.Return, format: "{{{{ task.id }}}}"}}
triggers:
  - {{id: yearly, type: io.kestra.plugin.core.trigger.Schedule, cron: "{minute} {hour} 1 {month} *"}}
"""


def source(number: int) -> str:
    """Return a flow with a schedule that is due in at least half a year."""
    month = (time.gmtime().tm_mon + 5) % 12 + 1
    return FLOW.format(number=number, group=number % 20, minute=number % 60, hour=number % 24, month=month)


def deploy(server: Server, count: int) -> None:
    """Store so many flows through the API."""
    for first in range(0, count, TOGETHER):
        body = "---\n".join(source(number) for number in range(first, min(first + TOGETHER, count)))
        headers = {"Content-Type": "application/x-yaml"}
        answer = httpx.post(f"{server.url}/api/v1/flows/bulk?delete=false", content=body, headers=headers, timeout=120)
        answer.raise_for_status()


def measure(folder: Path, count: int, seconds: float, *, again: bool) -> dict[str, Any]:
    """Return what a server costs in so many seconds in which nobody calls it.

    Args:
        folder: Where its store lies.
        count: How many flows it has.
        seconds: How long it is watched.
        again: Whether it is started again before that: what storing the flows took is gone then.
    """
    with serving(folder / "store") as server, bare_server() as bare:
        deploy(server, count)
        if again:
            server.stop()
            server.start()
        time.sleep(1.0)  # what is written by itself when it was quiet for a moment
        with closing(sqlite3.connect(server.store / "tiercel.db")) as watching:
            before = _state(server, watching)
            time.sleep(seconds)
            after = _state(server, watching)
        woken = sum(after["wakings"].get(name, 0) - number for name, number in before["wakings"].items())
        return {
            "flows": count,
            "seconds": seconds,
            "bare_mb": round(resident_mb(bare), 1),
            "resident_mb": round(after["mb"], 1),
            "over_mb": round(after["mb"] - resident_mb(bare), 1),
            "grown_mb": round(after["mb"] - before["mb"], 1),
            "wakings_per_second": round(woken / seconds, 2),
            "cpu_seconds": round(after["cpu"] - before["cpu"], 2),
            "wrote": after["files"] != before["files"] or after["version"] != before["version"],
        }


def _state(server: Server, watching: sqlite3.Connection) -> dict[str, Any]:
    """Return what can be seen of a server; the version is that of one connection."""
    files = {path.name: path.stat().st_mtime_ns for path in server.store.glob("tiercel.db*") if "shm" not in path.name}
    return {
        "files": files,
        "version": watching.execute("PRAGMA data_version").fetchone()[0],
        "wakings": wakings(server.pid),
        "cpu": cpu_seconds(server.pid),
        "mb": resident_mb(server.pid),
    }


def main() -> int:
    """Print the figures; return 1 where one is over its bar."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench idle", description=__doc__)
    parser.add_argument("--flows", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--again", action="store_true", help="start it again before it is watched")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), options.flows, options.seconds, again=options.again)
    print(json.dumps(found, indent=1))
    return int(found["over_mb"] > MEMORY_MB or found["wrote"] or found["wakings_per_second"] > WAKINGS)
