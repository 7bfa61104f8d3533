"""Tiercel's side of the bench: the embedded runtime as it is shipped, on a fresh store.

Prints one JSON object on the last line of the standard output; `__main__` explains its keys.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

from tiercel import __version__
from tiercel.flowfile import parse_flow
from tiercel.intake import Request
from tiercel.model.states import State
from tiercel.runtime import Runtime, embedded

RETURN = "io.kestra.plugin.core.debug.Return"
"""A task without effect: several share a commit, at most 50 ms of them."""

SLEEP = "io.kestra.plugin.core.flow.Sleep"
"""A task that counts as work, however short: its beginning and its result are stored before the next one begins."""


def flow_of_tasks(count: int, salt: str = "") -> str:
    """Return a flow of no-op tasks in a chain, each with an expression of the one before it (and a comment)."""
    tasks = [f"  - {{id: t0, type: {RETURN}, format: 'step 0 of {{{{ execution.id }}}}'}}"]
    note = f"{{# {salt} #}}" if salt else ""
    tasks += [
        f"  - {{id: t{number}, type: {RETURN}, format: '{{{{ outputs.t{number - 1}.value }}}}{note}'}}"
        for number in range(1, count)
    ]
    return "\n".join([f"id: tasks-{count}", "namespace: bench", "tasks:", *tasks])


def flow_of_steps(count: int, salt: str = "") -> str:
    """Return a flow of tasks in a chain, each of which is stored by itself and renders one expression."""
    note = f"{{# {salt} #}}" if salt else ""
    tasks = [
        f"  - {{id: t{number}, type: {SLEEP}, duration: \"{{{{ execution.id is empty ? 'PT1S' : 'PT0S' }}}}{note}\"}}"
        for number in range(count)
    ]
    return "\n".join([f"id: steps-{count}", "namespace: bench", "tasks:", *tasks])


def flow_of_branches(count: int, task: str) -> str:
    """Return a flow with one loop over that many values, all at once."""
    return f"""
id: branches-{count}
namespace: bench
tasks:
  - id: each
    type: io.kestra.plugin.core.flow.ForEach
    concurrencyLimit: 0
    values: "{{{{ range(1, {count}) }}}}"
    tasks:
      - {{id: step, {task}}}
"""


VALUE = f"type: {RETURN}, format: 'value {{{{ taskrun.value }}}}'"
WORK = f"type: {SLEEP}, duration: \"{{{{ taskrun.value is empty ? 'PT1S' : 'PT0S' }}}}\""


def steps_of(runtime: Runtime, execution: str) -> list[float]:
    """Return the time from each task run's beginning to that of the next, in milliseconds."""
    begun = [run.at[0][1] for run in runtime.view.runs(runtime.view.header(execution), None)]
    return sorted((later - sooner) * 1000 for sooner, later in pairwise(sorted(begun)))


def seconds_of(runtime: Runtime, text: str, executions: int) -> tuple[float, str]:
    """Return how long it takes from the first execution's start to the last one's end, and the last one's id."""
    flow = runtime.flows.deploy(parse_flow(text))
    began = time.perf_counter()
    ids = [runtime.intake.accept(flow, Request()).id for _ in range(executions)]
    if not runtime.bus.wait_quiet(600, timers=True):
        sys.exit("the executions did not end within 600 s")
    seconds = time.perf_counter() - began
    bad = [name for name in ids if runtime.view.header(name).state is not State.SUCCESS]
    if bad:
        sys.exit(f"{len(bad)} of {executions} executions did not end well: {bad[0]}")
    return seconds, ids[-1]


def many(runtime: Runtime, text: str, options: argparse.Namespace) -> dict[str, Any]:
    """Measure many executions of a few tasks."""
    seconds, _ = seconds_of(runtime, text, options.executions)
    count = options.executions * options.tasks
    return {
        "count": options.executions,
        "tasks_each": options.tasks,
        "seconds": seconds,
        "tasks_per_second": count / seconds,
        "way": "accept one after the other",
        "trials": {},
    }


def chain(runtime: Runtime, text: str, options: argparse.Namespace) -> dict[str, Any]:
    """Measure one execution of many tasks in a row."""
    seconds, execution = seconds_of(runtime, text, 1)
    steps = steps_of(runtime, execution)
    return {
        "tasks": options.chain,
        "seconds": seconds,
        "p50_ms": steps[len(steps) // 2],
        "p99_ms": steps[len(steps) * 99 // 100],
    }


def fan_out(runtime: Runtime, task: str, options: argparse.Namespace) -> dict[str, Any]:
    """Measure one execution of many branches."""
    seconds, _ = seconds_of(runtime, flow_of_branches(options.branches, task), 1)
    return {
        "branches": options.branches,
        "seconds": seconds,
        "ms_per_branch": seconds / options.branches * 1000,
        "way": "ForEach, concurrencyLimit 0",
        "trials": {},
    }


def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Return every figure of one turn."""
    with embedded(folder / "store") as runtime:
        seconds_of(runtime, flow_of_tasks(3), 20)  # the first executions import what the others need
        seconds_of(runtime, flow_of_steps(3), 5)
        return {
            "side": "tiercel",
            "version": __version__,
            "database": "SQLite, WAL, synchronous=FULL",
            "executions": many(runtime, flow_of_tasks(options.tasks), options),
            "chain": chain(runtime, flow_of_tasks(options.chain), options),
            "fan_out": fan_out(runtime, VALUE, options),
            "executions_each": many(runtime, flow_of_steps(options.tasks), options),
            "chain_each": chain(runtime, flow_of_steps(options.chain), options),
            "fan_out_each": fan_out(runtime, WORK, options),
        }


def main() -> None:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--executions", type=int, default=1000)
    parser.add_argument("--tasks", type=int, default=10)
    parser.add_argument("--chain", type=int, default=1000)
    parser.add_argument("--branches", type=int, default=1000)
    parser.add_argument("--folder", type=Path, default=None, help="where the store is made (a temporary folder)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tiercel-bench-", dir=options.folder) as folder:
        print(json.dumps(measure(options, Path(folder))))


if __name__ == "__main__":
    main()
