"""`make counts` and `make cost`: what executions ask of Google's services, counted on the emulators, and its price.

Counts are exact: they do not depend on the machine. The bars are those of the design (P4, P8, P9, P10, P12); what is
over its bar is said, and the command ends with 1.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from engine.test_counts import CORE, chain, fan
from gcp.counted import Counts, Installation
from gcp.growth import counted_chain, counted_tick, further, over_length, over_tick
from gcp.prices import BAR, cost_of, footnotes
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


def branches(ways: int, kind: str) -> str:
    """Return a flow that forks into branches of one task each: the values of a ForEach, or the tasks of a Parallel."""
    task = {"id": "a", "type": f"{CORE}.debug.Return", "format": "{{ taskrun.value ?? 'x' }}"}
    fork: dict[str, object] = {"id": "fork", "type": f"{CORE}.flow.{kind}"}
    if kind == "ForEach":
        fork |= {"values": f"{{{{ range(1, {ways}) }}}}", "concurrencyLimit": 0, "tasks": [task]}
    else:
        fork |= {"tasks": [{**task, "id": f"a{number}"} for number in range(ways)]}
    return json.dumps({"id": "branches", "namespace": "tests", "tasks": [fork]})


STAYS = Workload("a task that stays", chain(100), 100, True, Bars(1.1, 0.1, 0.1, 0.1))
MOVES = Workload("a task that moves", chain(100), 100, True, Bars(2.0, 1.0, 1.0), moves=True)
BRANCH = Workload("a branch of 1,000", fan(1000), 1000, False, Bars(1.1, 0.1, 1.0))
WORKING = Workload("a branch with two effects", fan(1000), 1000, True, Bars(None, None, None))
EACH = Workload("a value of a ForEach", branches(1000, "ForEach"), 1000, False, Bars(1.1, 0.1, 1.0))
PARALLEL = Workload("a branch of a Parallel", branches(1000, "Parallel"), 1000, False, Bars(1.1, 0.1, 1.0))
EACH_WORKING = Workload("a value with an effect", branches(1000, "ForEach"), 1000, True, Bars(None, None, None))
PARALLEL_WORKING = Workload("a branch with an effect", branches(1000, "Parallel"), 1000, True, Bars(None, None, None))
WORKLOADS = (STAYS, MOVES, BRANCH, EACH, PARALLEL, WORKING, EACH_WORKING, PARALLEL_WORKING)

HOTTEST = 100
"""How often one document may be written by a fork's branches (P4)."""


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
            more = f" ({_kinds(counts)})" if name == "writes" else ""
            yield f"{workload.title}: {found:.3f} {name}, the bar is {bar}{more}"
    if counts.refused:
        yield f"{workload.title}: {counts.refused} commits were refused, {counts.aborted} of them for another one"
    if workload.units == 1000 and max(counts.written.values()) > HOTTEST:
        yield f"{workload.title}: a document was written {max(counts.written.values())} times, the bar is {HOTTEST}"


def dollars(workload: Workload, counts: Counts) -> float:
    """Return what a million tasks, or branches, cost at most: each invocation has an instance to itself."""
    return cost_of(counts, workload.units).alone


def show_counts(found: list[tuple[Workload, Counts]]) -> None:
    """Print what each task, or branch, asked for."""
    names = ("writes", "deletes", "reads", "messages", "invocations")
    print(f"{'for each':<28}" + "".join(f"{name:>13}" for name in names) + f"{'hottest':>9}  {'verdict'}")
    for workload, counts in found:
        values = "".join(f"{getattr(counts, name) / workload.units:>13.3f}" for name in names)
        bars = [getattr(workload.bars, name, None) for name in names]
        verdict = "MISSED" if list(over(workload, counts)) else ("kept" if any(bars) else "no bar")
        print(f"{workload.title:<28}{values}{max(counts.written.values()):>9}  {verdict}")
        if any(bars):
            print(f"{'  at most':<28}" + "".join(f"{'' if bar is None else bar:>13}" for bar in bars))


def _kinds(counts: Counts) -> str:
    return ", ".join(f"{times} of {kind}" for kind, times in counts.written_by_kind().most_common())


def show_costs(found: list[tuple[Workload, Counts]]) -> list[str]:
    """Print dollars per million; return what is over the bar of P12, which holds for a task that stays."""
    print(f"{'dollars per million':<28}{'operations':>12}{'alone':>9}{'shared':>9}{'bytes/message':>15}")
    for workload, counts in found:
        cost = cost_of(counts, workload.units)
        size = counts.carried / 2 / max(1, counts.messages)
        print(f"{workload.title:<28}{cost.operations:>12.2f}{cost.alone:>9.2f}{cost.shared:>9.2f}{size:>15.0f}")
    print(footnotes())
    stays = next(cost_of(counts, workload.units) for workload, counts in found if workload is STAYS)
    print(f"\nP12: {STAYS.title}, alone: ${stays.alone:.2f}, at most ${BAR:.2f}")
    return [f"P12: ${stays.alone:.2f} for {STAYS.title}"] if stays.alone > BAR else []


def show_growth(longest: int, schedules: int) -> list[str]:
    """Print P9 and P10; return what is missed of them."""
    chains = [(length, counted_chain(length)) for length in (10, 100, 1000, 10_000) if length <= longest]
    print(f"\n{'a chain of':<14}{'writes':>9}{'a task':>9}{'a further one':>15}{'largest':>10}")
    for (length, counts), more in zip(chains, [None, *further(chains, "writes")], strict=True):
        step = "" if more is None else f"{more:.4f}"
        print(f"{length:<14}{counts.writes:>9}{counts.writes / length:>9.4f}{step:>15}{counts.largest:>10,}")
    missed = list(over_length(chains))
    for due in (10, 0):
        counts = counted_tick(schedules, due)
        print(f"a tick, {due} due of {schedules:,} schedules: {counts.reads} reads, at most {1 + due}")
        missed += over_tick(counts, due)
    return missed


def main() -> int:
    """Print the tables; return 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cost", action="store_true", help="print dollars per million instead of judging the counts")
    parser.add_argument("--quick", action="store_true", help="chains up to 1,000 tasks, 1,000 schedules")
    options = parser.parse_args()
    found = [(workload, counted(workload)) for workload in WORKLOADS]
    if options.cost:
        missed = show_costs(found)
    else:
        show_counts(found)
        missed = [text for workload, counts in found for text in over(workload, counts)]
        missed += show_growth(1000, 1000) if options.quick else show_growth(10_000, 100_000)
    print("\n".join(["", "missed:", *missed]) if missed else "\nevery bar is kept")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
