"""What an installation costs in a month in which nothing runs: from its plan, at list prices; `make cost` prints it.

Everything that is planned is either priced here, or known to cost nothing while nothing happens: a resource of a type
that is in neither list is an error. Prices are those of the cheaper regions, as of November 2026.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from gcp.prices import INVOCATION, MEMORY, PROCESSOR, READ, STEP, Price
from infra.checking import Checked, check, copy_into, see_tools

BAR = 0.40
"""Dollars a month, at list prices."""

HOURS = 730
"""Hours of a month."""

SCHEDULED = Price(0.10, "scheduler job", "Cloud Scheduler pricing: $0.10 a job and month")
SECRET = Price(0.06, "version of a secret in a place", "Secret Manager pricing: $0.06 a version, place and month")
IMAGE = Price(0.10, "GB of images", "Artifact Registry pricing: $0.10 a GB and month")
OBJECT = Price(0.026, "GB of objects", "Cloud Storage pricing, standard, regional: $0.020 to 0.026 a GB and month")
STATE = Price(0.18, "GiB of documents", "Firestore pricing: $0.15 to 0.18 a GiB and month")
CONDITION = Price(0.10, "alert condition", "Cloud Observability pricing: $0.10 a condition and month, announced")
SERIES = Price(0.35e-6, "time series looked at", "Cloud Observability pricing: $0.35 per million, announced")

TICK = 2 * STEP
"""Seconds of a warm tick: two answers of Firestore to wait for; assumed, the service was not measured."""

READS = 60 + 2 * 6
"""Documents that ticks and sweeps read in an hour (`tests/gcp/test_idle.py` counts them)."""

SHARED, OWN = 0.25, {"execute": 0.3}
"""GB of the layers that all images share (guessed), and of a function's own: its distributions, twice.

Compressed they are 119 MB for `execute` and 35 MB for each other one; the builder keeps a cache of its own beside each
image, and both hold bytecode.
"""
WORKER = 0.3
"""GB of the image of the job of long tasks, with its base: guessed."""
OTHER = 0.1
"""GB of the own layers of each other function."""

ZIPS, DOCUMENTS = 0.08, 0.02
"""GB of zips with their earlier versions, GiB of documents with what point-in-time recovery keeps: guessed."""

LOOKS = HOURS * 120
"""How often in a month a condition looks at a time series: every 30 seconds."""

PRICED = {
    "google_artifact_registry_repository",
    "google_cloud_scheduler_job",
    "google_cloudfunctions2_function",
    "google_firestore_database",
    "google_monitoring_alert_policy",
    "google_secret_manager_secret_version",
    "google_storage_bucket",
    "google_storage_bucket_object",
}
FREE = {"iam", "index", "field", "metric", "exclusion", "dashboard", "service", "topic", "subscription", "notification"}
FREE |= {"sleep", "queue", "budget", "run_v2_job"}
"""Parts of the names of types that cost nothing while nothing happens."""


class Line(NamedTuple):
    """Something that is paid each month."""

    what: str
    how: str
    dollars: float
    allotted: float
    """What is left to be paid where the free allotments are not used up elsewhere."""


def lines(plan: Checked) -> list[Line]:
    """Return what a plan costs while idle.

    Raises:
        ValueError: Something is planned of which nobody says what it costs.
    """
    found = plan.plan["planned_values"]["root_module"]["resources"]
    types = {each["type"] for each in found if each["mode"] == "managed"} - PRICED - {"google_secret_manager_secret"}
    if unknown := sorted(each for each in types if not any(word in each for word in FREE)):
        raise ValueError(f"nobody says what {', '.join(unknown)} costs while idle: tests/infra/idle.py")
    return [*_ticks(plan), *_kept(plan), *_alerts(plan)]


def _ticks(plan: Checked) -> Iterator[Line]:
    jobs = list(plan.planned("google_cloud_scheduler_job").values())
    yield _line("Cloud Scheduler", len(jobs), SCHEDULED, free=3)
    calls = sum(60 * HOURS / _minutes(job["schedule"]) for job in jobs)
    (tick,) = [each for each in _functions(plan) if each["build_config"][0]["entry_point"] == "tick"]
    size = tick["service_config"][0]
    seconds, cpu, gib = calls * TICK, float(size["available_cpu"]), _gib(size["available_memory"])
    yield _line("`tick`, calls", calls, INVOCATION, free=2e6)
    yield _line("`tick`, processor", seconds * cpu, PROCESSOR, free=180_000)
    yield _line("`tick`, memory", seconds * gib, MEMORY, free=360_000)
    yield _line("Firestore, reads", READS * HOURS, READ, free=50_000 * HOURS / 24)


def _kept(plan: Checked) -> Iterator[Line]:
    secrets = {each["secret_id"]: each for each in plan.planned("google_secret_manager_secret").values()}
    if {len(each["replication"][0]["user_managed"][0]["replicas"]) for each in secrets.values()} - {1}:
        raise ValueError("a secret lies in several places: each of them is paid")
    yield _line("Secret Manager", len(plan.planned("google_secret_manager_secret_version")), SECRET, free=6)
    kept = _generations(plan)
    names = [each["build_config"][0]["entry_point"] for each in _functions(plan)]
    worker = WORKER * len(plan.planned("google_cloud_run_v2_job"))
    images = SHARED + kept * (worker + sum(OWN.get(name, OTHER) for name in names))
    yield _line("Artifact Registry", images, IMAGE, free=0.5)
    yield _line("Cloud Storage, zips", ZIPS, OBJECT, free=0)
    yield _line("Firestore, documents", DOCUMENTS, STATE, free=1)
    for each in _functions(plan):
        if each["service_config"][0]["min_instance_count"]:
            raise ValueError(f"{each['name']} has instances that wait: they are paid by the second")


def _alerts(plan: Checked) -> Iterator[Line]:
    conditions = len(plan.planned("google_monitoring_alert_policy"))
    if conditions:
        yield _line("Alerts, conditions", conditions, CONDITION, free=0)
        yield _line("Alerts, time series", conditions * LOOKS, SERIES, free=0)


def _line(what: str, many: float, price: Price, *, free: float) -> Line:
    how = f"{many:,.2f}".rstrip("0").rstrip(".") + f" x ${price.dollars:.3g} a {price.unit}"
    return Line(what, how, many * price.dollars, max(0.0, many - free) * price.dollars)


def _functions(plan: Checked) -> list[dict[str, Any]]:
    return list(plan.planned("google_cloudfunctions2_function").values())


def _generations(plan: Checked) -> int:
    """Return how many images of each function the repository keeps."""
    (repository,) = plan.planned("google_artifact_registry_repository").values()
    policies = repository["cleanup_policies"]
    if "DELETE" not in {each["action"] for each in policies}:
        raise ValueError("the repository of the images keeps all of them: it needs a policy that deletes")
    return max(int(each["most_recent_versions"][0]["keep_count"]) for each in policies if each["action"] == "KEEP")


def _minutes(schedule: str) -> int:
    """Return how many minutes lie between two calls of a schedule."""
    first, *others = schedule.split()
    if others != ["*"] * 4 or not (first == "*" or first.startswith("*/")):
        raise ValueError(f"found the schedule '{schedule}', wanted one that is priced: * * * * * or */N * * * *")
    return int(first.removeprefix("*").removeprefix("/") or 1)


def _gib(memory: str) -> float:
    units = {"Mi": 2**20, "Gi": 2**30, "M": 10**6, "G": 10**9}
    unit = next(each for each in units if memory.endswith(each))
    return float(memory.removesuffix(unit)) * units[unit] / 2**30


def total(found: list[Line]) -> tuple[float, float]:
    """Return dollars a month: at list prices, and with the free allotments."""
    return sum(each.dollars for each in found), sum(each.allotted for each in found)


def table(found: list[Line]) -> str:
    """Return the lines as they are printed."""
    dollars, allotted = total(found)
    rows = [f"{each.what:<22}{each.how:<52}{each.dollars:>8.4f}{each.allotted:>10.4f}" for each in found]
    head = f"{'dollars a month, idle':<22}{'':<52}{'list':>8}{'allotted':>10}"
    last = f"{'in all':<74}{dollars:>8.4f}{allotted:>10.4f}"
    return "\n".join([head, *rows, last, f"the bar is ${BAR:.2f}, at list prices"])


def main() -> int:
    """Print what the smallest installation costs while idle; return 1 over the bar."""
    see_tools()
    with tempfile.TemporaryDirectory() as folder:
        copy_into(Path(folder))
        plan = check("minimal", Path(folder), "--no-test", "--no-fmt")
        if plan.code:
            print(plan.said, file=sys.stderr)
            return 2
        found = lines(plan)
    print(table(found))
    return 1 if total(found)[0] > BAR else 0


if __name__ == "__main__":
    sys.exit(main())
