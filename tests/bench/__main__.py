"""Measure Tiercel beside DBOS in one run: `make bench`, or `python -m tests.bench` from the checkout.

Each side runs as a process of its own, on the same disk, in turns (A B A B), so that a machine that grows slow or busy
hurts both; of several turns the median counts. What is measured stands in `README.md` beside this file.

`python -m tests.bench idle` (or `load`, `webhook`, `start`, `ticks`, `chain`, `coldstart`) measures that part instead.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


@dataclass(frozen=True)
class Side:
    """One of the two: which Python runs which script."""

    name: str
    python: Path
    script: Path


@dataclass(frozen=True)
class Figure:
    """A line of the table: where the number stands in a side's JSON, and whether more or less of it is better."""

    title: str
    part: str
    key: str
    unit: str
    more_is_better: bool = False
    against: str = ""
    """The other side's part, where it has no part of this name."""

    def of(self, turns: list[dict[str, Any]]) -> float:
        """Return the median over the turns."""
        return statistics.median(float(self.in_turn(turn)[self.key]) for turn in turns)

    def in_turn(self, turn: dict[str, Any]) -> dict[str, Any]:
        """Return the part of a turn in which the number stands."""
        found: dict[str, Any] = turn.get(self.part) or turn.get(self.against) or {}
        return found

    def ratio(self, ours: float, theirs: float) -> float:
        """Return how many times better ours is."""
        return ours / theirs if self.more_is_better else theirs / ours


FIGURES = (
    Figure("executions: task runs", "executions", "tasks_per_second", "/s", more_is_better=True),
    Figure("chain: a step, p50", "chain", "p50_ms", "ms"),
    Figure("chain: a step, p99", "chain", "p99_ms", "ms"),
    Figure("chain: in all", "chain", "seconds", "s"),
    Figure("fan out: a branch", "fan_out", "ms_per_branch", "ms"),
    Figure("fan out: in all", "fan_out", "seconds", "s"),
    Figure("executions, each step its own commit", "executions_each", "tasks_per_second", "/s", True, "executions"),
    Figure("chain, each step its own commit, p50", "chain_each", "p50_ms", "ms", False, "chain"),
    Figure("chain, each step its own commit, in all", "chain_each", "seconds", "s", False, "chain"),
    Figure("fan out, each branch through a worker", "fan_out_each", "seconds", "s", False, "fan_out"),
)
HELD = ("tasks_per_second", "seconds")
"""The keys that `--at-least` holds us to: what a whole run takes, in each of the three parts."""


PARTS = ("idle", "load", "webhook", "start", "ticks", "chain", "coldstart")
"""The parts that have a module of their own, with a `main` that reads its options."""


def one_part(name: str) -> int:
    """Measure one part alone."""
    sys.path.insert(0, str(HERE.parent))
    return int(importlib.import_module(f"bench.{name}").main() or 0)


class BenchError(Exception):
    """A side could not be measured; the text says why and what to do."""


def fdatasync_p50_ms(folder: Path, writes: int = 300) -> float:
    """Return what it costs this disk to make 4 KiB durable, in milliseconds: the floor under every durable step."""
    times = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for number in range(writes):
            os.pwrite(file.fileno(), bytes(4096), 4096 * number)
            start = time.perf_counter()
            getattr(os, "fdatasync", os.fsync)(file.fileno())
            times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


def take_turn(side: Side, options: argparse.Namespace) -> dict[str, Any]:
    """Run one side once and return its figures."""
    sizes = {
        "executions": options.executions,
        "tasks": options.tasks,
        "chain": options.chain,
        "branches": options.branches,
    }
    command = [str(side.python), str(side.script), "--folder", str(options.folder)]
    command += [part for name, size in sizes.items() for part in (f"--{name}", str(size))]
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False, cwd=ROOT)
    if ended.returncode != 0:
        raise BenchError(
            f"{side.name}: {side.script.name} ended with exit code {ended.returncode}; its words stand above"
        )
    try:
        figures: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        raise BenchError(
            f"{side.name}: {side.script.name} printed no JSON object but {ended.stdout[-200:]!r}"
        ) from None
    missing = [f"{figure.part}.{figure.key}" for figure in FIGURES if figure.key not in figure.in_turn(figures)]
    if missing:
        raise BenchError(f"{side.name}: {side.script.name} printed no {', '.join(missing)}")
    return figures


def machine(options: argparse.Namespace) -> Iterator[str]:
    """Say on what this was measured, by whom, and how."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    yield f"{cores} cores, {platform.system()} {platform.release()}, Python {platform.python_version()}"
    yield f"fdatasync of 4 KiB in {options.folder}: {fdatasync_p50_ms(options.folder):.3f} ms (p50)"
    yield (
        f"{options.executions} executions x {options.tasks} tasks, a chain of {options.chain}, {options.branches} ways;"
        f" medians of {options.rounds} turns"
    )


def comparison(turns: dict[str, list[dict[str, Any]]]) -> Table:
    """Draw the figures of both sides and how many times better the first is."""
    table = Table(title="Durable tasks")
    table.add_column("what")
    for name in turns:
        table.add_column(name, justify="right")
    if len(turns) == 2:
        table.add_column("ratio", justify="right")
    for figure in FIGURES:
        values = [figure.of(figures) for figures in turns.values()]
        cells = [f"{value:,.2f} {figure.unit}" for value in values]
        if len(values) == 2:
            cells.append(f"{figure.ratio(*values):.1f} x")
        table.add_row(figure.title, *cells)
    return table


def fallen_short(turns: dict[str, list[dict[str, Any]]], wanted: float) -> list[str]:
    """Return the figures whose ratio is below the one wanted."""
    ours, theirs = turns.values()
    ratios = [(figure, figure.ratio(figure.of(ours), figure.of(theirs))) for figure in FIGURES if figure.key in HELD]
    return [f"{figure.title}: {ratio:.1f} x, wanted {wanted:g} x" for figure, ratio in ratios if ratio < wanted]


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure Tiercel beside DBOS.")
    parser.add_argument("--rounds", type=int, default=3, help="turns for each side")
    parser.add_argument("--executions", type=int, default=1000)
    parser.add_argument("--tasks", type=int, default=10, help="tasks of each execution")
    parser.add_argument("--chain", type=int, default=1000)
    parser.add_argument("--branches", type=int, default=1000)
    parser.add_argument("--quick", action="store_true", help="a tenth of everything, one turn: does it work?")
    parser.add_argument("--only", choices=["tiercel", "dbos"], help="measure one side alone")
    parser.add_argument("--folder", type=Path, default=ROOT / ".bench", help="where both sides keep their databases")
    parser.add_argument("--dbos-python", type=Path, default=ROOT / ".bench" / "dbos-venv" / "bin" / "python")
    parser.add_argument("--at-least", type=float, metavar="RATIO", help="exit with 1 if a ratio is below this")
    parser.add_argument("--output", choices=["json"], help="print all turns as JSON instead of the table")
    options = parser.parse_args()
    if options.at_least is not None and options.only:
        parser.error("--at-least needs both sides, --only leaves one out")
    if options.quick:
        options.rounds, options.executions, options.chain, options.branches = 1, 100, 100, 100
    options.folder = options.folder.resolve()
    return options


def measure(sides: list[Side], options: argparse.Namespace, console: Console) -> dict[str, list[dict[str, Any]]]:
    """Let the sides take their turns, A B A B."""
    for side in sides:
        for needed in (side.python, side.script):
            if not needed.exists():
                raise BenchError(f"{side.name}: {needed} is missing; `make bench` makes its environment")
    turns: dict[str, list[dict[str, Any]]] = {side.name: [] for side in sides}
    for number in range(options.rounds):
        for side in sides:
            with console.status(f"turn {number + 1} of {options.rounds}: {side.name}"):
                turns[side.name].append(take_turn(side, options))
    return turns


def main() -> int:
    """Measure, print, and return the exit code."""
    if sys.argv[1:2] and sys.argv[1] in PARTS:
        return one_part(sys.argv.pop(1))
    options = read_options()
    notes = Console(stderr=True)
    options.folder.mkdir(parents=True, exist_ok=True)
    sides = [
        Side("tiercel", Path(sys.executable), HERE / "tiercel_side.py"),
        Side("dbos", options.dbos_python, HERE / "dbos_side.py"),
    ]
    sides = [side for side in sides if options.only in (None, side.name)]
    try:
        turns = measure(sides, options, notes)
    except BenchError as error:
        notes.print(f"[red]{error}[/]")
        return 1
    facts = list(machine(options))
    if options.output == "json":
        print(json.dumps({"machine": facts, "turns": turns}, indent=2))
    else:
        console = Console()
        console.print(comparison(turns), *facts, sep="\n")
        for figures in turns.values():
            last = figures[-1]
            console.print(f"{last['side']} {last['version']}: {last['database']}", highlight=False)
    short = fallen_short(turns, options.at_least) if options.at_least is not None else []
    for line in short:
        notes.print(f"[red]{line}[/]")
    return 1 if short else 0


if __name__ == "__main__":
    raise SystemExit(main())
