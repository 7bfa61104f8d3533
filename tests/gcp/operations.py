"""`make counts` and `make cost`: what executions ask of Google's services, counted on the emulators, and its price.

Counts are exact: they do not depend on the machine. The bars are those of the design (P4, P8); what is over its bar is
said, and the command ends with 1.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from engine.test_counts import chain, fan
from gcp.counted import Counts, Installation
from planner.test_random_flows import effectful
from tiercel.model.states import State


@dataclass(frozen=True)
class Bars:
    """The most that one task, or one branch, may ask for; None where the design sets no bar."""

    writes: float | None
    reads: float | None
    messages: float | None
    invocations: float | None = None


@dataclass(frozen=True)
class Workload:
    """Something to be counted."""

    title: str
    source: str
    units: int
    """By how many the counts are divided."""
    effects: bool
    bars: Bars
    moves: bool = False
    """Every task is handed over to another invocation."""


STAYS = Workload("a task that stays", chain(100), 100, True, Bars(1.1, 0.1, 0.1, 0.1))
MOVES = Workload("a task that moves", chain(100), 100, True, Bars(2.0, 1.0, 1.0), moves=True)
BRANCH = Workload("a branch of 1,000", fan(1000), 1000, False, Bars(1.1, 0.1, 1.0))
WORKING = Workload("a branch with two effects", fan(1000), 1000, True, Bars(None, None, None))
WORKLOADS = (STAYS, MOVES, BRANCH, WORKING)

HOTTEST = 100
"""How often one document may be written by a fork's branches (P4)."""


@dataclass(frozen=True)
class Price:
    """What one unit of a service costs."""

    dollars: float
    source: str


# Prices of one region of the United States, as in the project's measurements of November 2026; no free allotments.
WRITE = Price(0.90e-6, "Firestore pricing: $0.09 per 100,000 document writes")
READ = Price(0.30e-6, "Firestore pricing: $0.03 per 100,000 document reads")
DELETE = Price(0.10e-6, "Firestore pricing: $0.01 per 100,000 document deletes")
MESSAGE = Price(2 * 1000 * 40 / 2**40, "Pub/Sub pricing: $40 per TiB, at least 1,000 bytes, published and delivered")
INVOCATION = Price(0.40e-6, "Cloud Run functions pricing: $0.40 per million requests")
SECOND = Price(24e-6, "Cloud Run functions pricing: $0.000024 a vCPU-second, in steps of 100 ms")

WORK = 0.01
"""Seconds of a function's processor that the engine takes for a task here; the task's own time is its own."""

PEERS = {
    "Google Workflows, internal steps": 10.0,
    "Google Workflows, external steps": 25.0,
    "AWS Step Functions, standard": 25.0,
}
"""Dollars per million steps (Workflows pricing: $0.01 and $0.025 per 1,000; Step Functions: $0.025 per 1,000)."""


def counted(workload: Workload) -> Counts:
    """Return what a workload asked for."""
    installation = Installation(timeout=1e-6 if workload.moves else 540.0)
    try:
        with effectful(workload.effects):
            assert installation.run(workload.source).state is State.SUCCESS
        return installation.counts
    finally:
        installation.close()


def over(workload: Workload, counts: Counts) -> Iterator[str]:
    """Yield each bar that is missed."""
    for name in ("writes", "reads", "messages", "invocations"):
        bar, found = getattr(workload.bars, name), getattr(counts, name) / workload.units
        if bar is not None and found > bar:
            yield f"{workload.title}: {found:.3f} {name}, the bar is {bar}"
    if counts.refused:
        yield f"{workload.title}: {counts.refused} commits were refused"
    if workload.units == 1000 and max(counts.written.values()) > HOTTEST:
        yield f"{workload.title}: a document was written {max(counts.written.values())} times, the bar is {HOTTEST}"


def dollars(workload: Workload, counts: Counts) -> float:
    """Return what a million tasks, or branches, cost."""
    per = 1e6 / workload.units
    services = counts.writes * WRITE.dollars + counts.reads * READ.dollars + counts.deletes * DELETE.dollars
    services += counts.messages * MESSAGE.dollars + counts.invocations * INVOCATION.dollars
    return services * per + 1e6 * WORK * SECOND.dollars


def main() -> int:
    """Print the table; return 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cost", action="store_true", help="print dollars per million instead of judging the counts")
    options = parser.parse_args()
    found = [(workload, counted(workload)) for workload in WORKLOADS]
    names = ("writes", "deletes", "reads", "messages", "invocations")
    print(f"{'for each':<28}" + "".join(f"{name:>13}" for name in names) + f"{'hottest':>9}{'$/million':>11}")
    for workload, counts in found:
        values = "".join(f"{getattr(counts, name) / workload.units:>13.3f}" for name in names)
        hottest, asked = max(counts.written.values()), dollars(workload, counts)
        print(f"{workload.title:<28}{values}{hottest:>9}{asked:>11.2f}")
    if options.cost:
        print(f"\nwith {WORK * 1000:g} ms of a vCPU a task; the bar of P12 is $4.20 for a task that stays")
        for price in (WRITE, READ, DELETE, MESSAGE, INVOCATION, SECOND):
            print(f"  {price.source}")
        for peer, cost in PEERS.items():
            print(f"{peer:<36}${cost:.2f} per million")
        return 0
    missed = [text for workload, counts in found for text in over(workload, counts)]
    print("\n".join(["", *missed]) if missed else "\nevery bar is kept")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
