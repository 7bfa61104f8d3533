"""Measure DBOS on SQLite as shipped: the other side of `python -m tests.bench`.

Runs with the Python of an environment of its own (`.bench/dbos-venv`), where neither Tiercel nor its packages are.
Prints one JSON object, whose keys `README.md` beside this file describes; DBOS's own log goes to the standard error.

Nothing is tuned against DBOS: its default system database (a SQLite file in the working directory), its default journal
mode and pool, its default number of threads. Where there are several natural ways to do the work, each is tried and the
best counts.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import json
import os
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

# Any: DBOS is not installed where our types are checked.
DBOS: Any = importlib.import_module("dbos").DBOS

NAME = "bench"
POLL = 0.01
"""Seconds between two looks, for queues and for results. The default of 1 s would only measure that second."""


def _line(task: int, number: int) -> str:
    """Do what one task of ours does: make a text from two values."""
    return f"task {task} of execution {number}"


step: Callable[[int, int], str] = DBOS.step(name="line")(_line)


def _execution(number: int, tasks: int) -> str:
    text = ""
    for task in range(tasks):
        text = step(task, number)
    return text


def _chain(tasks: int) -> list[float]:
    seconds = []
    for task in range(tasks):
        start = time.perf_counter()
        step(task, 0)
        seconds.append(time.perf_counter() - start)
    return seconds


def _branch(number: int) -> str:
    return f"branch {number}"


def _fan_out_by_queue(branches: int) -> int:
    handles = [DBOS.enqueue_workflow("branches", branch, number) for number in range(branches)]
    return sum(bool(handle.get_result(polling_interval_sec=POLL)) for handle in handles)


def _fan_out_by_start(branches: int) -> int:
    handles = [DBOS.start_workflow(branch, number) for number in range(branches)]
    return sum(bool(handle.get_result()) for handle in handles)


execution: Callable[[int, int], str] = DBOS.workflow(name="execution")(_execution)
chain: Callable[[int], list[float]] = DBOS.workflow(name="chain")(_chain)
branch: Callable[[int], str] = DBOS.workflow(name="branch")(_branch)
fan_out_by_queue: Callable[[int], int] = DBOS.workflow(name="fan_out_by_queue")(_fan_out_by_queue)
fan_out_by_start: Callable[[int], int] = DBOS.workflow(name="fan_out_by_start")(_fan_out_by_start)


def run_in_a_loop(numbers: Iterable[int], tasks: int) -> None:
    """Call one execution after the other."""
    for number in numbers:
        execution(number, tasks)


def run_by_two_threads(numbers: Iterable[int], tasks: int) -> None:
    """Call the executions from two threads."""
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda number: execution(number, tasks), numbers))


def run_by_start_workflow(numbers: Iterable[int], tasks: int) -> None:
    """Start all in the background, on DBOS's own threads, and wait for all."""
    for handle in [DBOS.start_workflow(execution, number, tasks) for number in numbers]:
        handle.get_result()


def run_by_queue(numbers: Iterable[int], tasks: int) -> None:
    """Put all into a queue that runs four at a time, and wait for all."""
    for handle in [DBOS.enqueue_workflow("executions", execution, number, tasks) for number in numbers]:
        handle.get_result(polling_interval_sec=POLL)


WAYS: dict[str, Callable[[Iterable[int], int], None]] = {
    "loop": run_in_a_loop,
    "2 threads": run_by_two_threads,
    "start_workflow": run_by_start_workflow,
    "queue": run_by_queue,
}
FAN_OUT_WAYS = {"queue": fan_out_by_queue, "start_workflow": fan_out_by_start}


def seconds_of(work: Callable[[], object]) -> float:
    """Return how long a piece of work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure_executions(count: int, tasks: int) -> dict[str, Any]:
    """Measure many executions, by the way that won a trial over a twentieth of them."""
    sample = max(10, count // 20)
    trials = {
        way: sample * tasks / seconds_of(lambda run=run: run(range(sample), tasks))  # type: ignore[misc]
        for way, run in WAYS.items()
    }
    best = max(trials, key=lambda way: trials[way])
    seconds = seconds_of(lambda: WAYS[best](range(count), tasks))
    return {
        "count": count,
        "tasks_each": tasks,
        "seconds": seconds,
        "tasks_per_second": count * tasks / seconds,
        "way": best,
        "trials": trials,
    }


def measure_chain(tasks: int) -> dict[str, Any]:
    """Measure one workflow whose steps follow each other."""
    start = time.perf_counter()
    steps = sorted(chain(tasks))
    return {
        "tasks": tasks,
        "seconds": time.perf_counter() - start,
        "p50_ms": 1000 * statistics.median(steps),
        "p99_ms": 1000 * steps[min(len(steps) - 1, int(len(steps) * 0.99))],
    }


def measure_fan_out(branches: int) -> dict[str, Any]:
    """Measure one workflow that starts many and waits for all; the better of two ways counts."""
    trials = {way: seconds_of(lambda run=run: run(branches)) for way, run in FAN_OUT_WAYS.items()}  # type: ignore[misc]
    best = min(trials, key=lambda way: trials[way])
    return {
        "branches": branches,
        "seconds": trials[best],
        "ms_per_branch": 1000 * trials[best] / branches,
        "way": best,
        "trials": trials,
    }


def journal_mode(database: Path) -> str:
    """Return how SQLite keeps its journal in DBOS's file, which is kept in the file itself or is the default."""
    with closing(sqlite3.connect(database)) as connection:
        (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    return str(mode)


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Start DBOS in the current directory, measure all three, and return the figures."""
    DBOS(config={"name": NAME, "log_level": "WARNING"})
    DBOS.launch()
    DBOS.register_queue("executions", worker_concurrency=4, polling_interval_sec=POLL)
    DBOS.register_queue("branches", polling_interval_sec=POLL)
    try:
        run_in_a_loop(range(5), options.tasks)
        return {
            "side": "dbos",
            "version": importlib.metadata.version("dbos"),
            "database": f"SQLite {sqlite3.sqlite_version}, journal_mode={journal_mode(Path(f'{NAME}.sqlite'))}",
            "executions": measure_executions(options.executions, options.tasks),
            "chain": measure_chain(options.chain),
            "fan_out": measure_fan_out(options.branches),
        }
    finally:
        DBOS.destroy()


def main() -> None:
    """Measure in a temporary folder and print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--executions", type=int, default=1000)
    parser.add_argument("--tasks", type=int, default=10, help="tasks of each execution")
    parser.add_argument("--chain", type=int, default=1000)
    parser.add_argument("--branches", type=int, default=1000)
    parser.add_argument("--folder", type=Path, help="where the database is made, and removed again")
    options = parser.parse_args()
    home = Path.cwd()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        os.chdir(folder)
        try:
            figures = measure(options)
        finally:
            os.chdir(home)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
