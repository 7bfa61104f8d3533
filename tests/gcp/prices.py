"""What the operations that were counted cost: the published prices, in one table, and what had to be assumed.

Prices are those of one region of the United States, without free allotments, as of November 2026. The functions' time
is the one thing that no emulator tells, so it is bounded: from above by an instance that serves nothing else, rounded
up to 100 ms for each invocation; and as deployed, where an instance of `execute` serves four at once, and is full.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from gcp.counted import Counts


class Price(NamedTuple):
    """What one unit of a service costs."""

    dollars: float
    unit: str
    source: str


WRITE = Price(0.90e-6, "document written", "Firestore pricing: $0.09 per 100,000")
READ = Price(0.30e-6, "document read", "Firestore pricing: $0.03 per 100,000; what is not there counts as well")
DELETE = Price(0.10e-6, "document deleted", "Firestore pricing: $0.01 per 100,000")
BYTE = Price(40 / 2**40, "byte published or pushed", "Pub/Sub pricing: $40 per TiB, each request at least 1,000 bytes")
INVOCATION = Price(0.40e-6, "invocation", "Cloud Run pricing: $0.40 per million requests")
PROCESSOR = Price(24e-6, "vCPU-second", "Cloud Run pricing, request-based, tier 1: $0.000024")
MEMORY = Price(2.5e-6, "GiB-second", "Cloud Run pricing, request-based, tier 1: $0.0000025")
PRICES = (WRITE, READ, DELETE, BYTE, INVOCATION, PROCESSOR, MEMORY)

PEERS = {
    "Google Workflows, internal steps": (10.0, "Workflows pricing: $0.01 per 1,000"),
    "Google Workflows, external steps": (25.0, "Workflows pricing: $0.025 per 1,000"),
    "AWS Step Functions, standard": (25.0, "Step Functions pricing: $0.025 per 1,000 transitions"),
}
"""Dollars per million steps."""

EXPRESS_REQUEST, EXPRESS_SECOND, EXPRESS_GIB = 1e-6, 0.00001667, 64 / 1024
"""Step Functions Express: $1.00 per million requests, $0.00001667 per GB-second in steps of 64 MB (pricing)."""

WORK = 0.01
"""Seconds that the engine takes for a task, waiting for its commit included: assumed, the service was not measured."""

STEP = 0.1
"""Seconds to which the time of an invocation is rounded up (Cloud Run: pricing)."""

VCPUS, GIB, AT_ONCE = 1, 1, 4
"""An instance of `execute`, and how many requests it serves at once (infra/locals.tf)."""

BAR = 4.20
"""Dollars per million task runs (P12)."""


@dataclass(frozen=True)
class Cost:
    """Dollars per million tasks."""

    operations: float
    """What the store, the topics and the requests cost: counted."""
    time: float
    """What the functions' time costs where each invocation has an instance to itself: assumed, and an upper bound."""

    @property
    def alone(self) -> float:
        """All of it where each invocation has an instance to itself."""
        return self.operations + self.time

    @property
    def shared(self) -> float:
        """All of it where instances are as full as they may be."""
        return self.operations + self.time / AT_ONCE


def cost_of(counts: Counts, tasks: int) -> Cost:
    """Return what a million tasks cost where so many asked for these operations."""
    operations = counts.writes * WRITE.dollars + counts.reads * READ.dollars + counts.deletes * DELETE.dollars
    operations += counts.carried * BYTE.dollars + counts.invocations * INVOCATION.dollars
    seconds = max(counts.invocations * STEP, tasks * WORK)
    time = seconds * (VCPUS * PROCESSOR.dollars + GIB * MEMORY.dollars)
    return Cost(operations * 1e6 / tasks, time * 1e6 / tasks)


def express(tasks: int) -> float:
    """Return what a million tasks cost with Step Functions Express, so many in an execution, each as long as ours."""
    return (EXPRESS_REQUEST + tasks * WORK * EXPRESS_GIB * EXPRESS_SECOND) * 1e6 / tasks


def footnotes() -> str:
    """Return the prices, the assumptions and the peers, as they are printed below the table."""
    lines = ["", "prices:", *(f"  a {each.unit:<26} ${each.dollars:<12.3g} {each.source}" for each in PRICES)]
    lines += [
        "assumed:",
        f"  {WORK * 1000:g} ms a task, at least {STEP * 1000:g} ms an invocation, on {VCPUS} vCPU and {GIB} GiB",
        f"  'alone': an instance serves one request; 'shared': {AT_ONCE}, as `execute` is deployed, and it is full",
        "  without storage, logs, objects and network; without the time that tasks themselves take, here and below",
        "peers, for a million steps:",
        *(f"  {peer:<34} ${dollars:<6.2f} {source}" for peer, (dollars, source) in PEERS.items()),
        f"  {'AWS Step Functions, express':<34} ${express(100):<6.2f} 100 steps an execution; no history, 5 minutes",
    ]
    return "\n".join(lines)
