"""Does a task of a long chain cost what a task of a short one costs? `python -m tests.bench.chain`.

Runs chains of 100 tasks and of 10,000 in turns, each a flow that was never seen before (so that every expression is
compiled), and prints the median cost of a task for both, in seconds of the wall and of the processor, and their ratio.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tiercel.flowfile import parse_flow
from tiercel.intake import Request
from tiercel.runtime import Runtime, embedded

from .tiercel_side import flow_of_steps, flow_of_tasks

Chain = Callable[[int, str], str]
"""Makes the flow of a chain, from its length and a text that makes its expressions new."""


def cost(runtime: Runtime, make: Chain, tasks: int, number: int) -> tuple[float, float]:
    """Return what one task of a chain costs: microseconds of the wall, and of the processor."""
    flow = runtime.flows.deploy(parse_flow(make(tasks, str(number))))
    gc.collect()  # what is left of reading the flow, and of the one before it
    wall, processor = time.perf_counter(), time.process_time()
    runtime.intake.accept(flow, Request())
    runtime.bus.wait_quiet(600, timers=True)
    return (time.perf_counter() - wall) / tasks * 1e6, (time.process_time() - processor) / tasks * 1e6


def compare(runtime: Runtime, title: str, make: Chain, rounds: int, long: int) -> None:
    """Print the medians of both lengths and their ratios."""
    short_costs, long_costs = [], []
    for number in range(rounds):
        short_costs += [cost(runtime, make, 100, number * 100 + each) for each in range(10)]
        long_costs.append(cost(runtime, make, long, number * 100 + 99))
    for which, unit in enumerate(("wall", "processor")):
        short = statistics.median(pair[which] for pair in short_costs)
        many = statistics.median(pair[which] for pair in long_costs)
        print(f"{title}, {unit}: {short:.0f} us a task of 100, {many:.0f} of {long}, ratio {many / short:.2f}")


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--long", type=int, default=10_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, embedded(Path(folder)) as runtime:
        cost(runtime, flow_of_tasks, 100, -1)
        cost(runtime, flow_of_steps, 100, -1)
        compare(runtime, "each step its own commit", flow_of_steps, options.rounds, options.long)
        compare(runtime, "shared commits", flow_of_tasks, options.rounds, options.long)


if __name__ == "__main__":
    main()
