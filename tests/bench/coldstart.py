"""`make coldstart`: what a function's process costs before its first work.

For each function: the time of `import main` over `import functions_framework` (medians of fresh processes, bytecode
cached), what is resident then, and what the first commit costs in a new process, on the Firestore emulator.
"""

from __future__ import annotations

import compileall
import json
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROUNDS = 10

_IMPORT = """
import json, sys, time
sys.path.insert(0, {folder!r})
import functions_framework
began, before = time.perf_counter(), set(sys.modules)
import main
took = time.perf_counter() - began
status = open("/proc/self/status").read()
resident = int(status.split("VmRSS:")[1].split()[0]) / 1024
print(json.dumps([took, resident, sorted(set(sys.modules) - before)]))
"""

_COMMIT = """
import json, os, sys, time
import functions_framework
began, spent, before = time.perf_counter(), time.process_time(), set(sys.modules)
from tiercel.cloud import process
from tiercel.ports import Create
process.opened().store.commit([Create(f"probe/{os.getpid()}", b"x")])
took, cpu = time.perf_counter() - began, time.process_time() - spent
status = open("/proc/self/status").read()
resident = int(status.split("VmRSS:")[1].split()[0]) / 1024
print(json.dumps([took, cpu, resident, sorted(set(sys.modules) - before)]))
"""


@dataclass(frozen=True)
class Commit:
    """The first commit of a new process."""

    took: float
    """Seconds since `functions_framework` was imported."""
    cpu: float
    """Seconds of the processor, of these."""
    resident: float
    """MB that are resident then."""
    modules: frozenset[str]
    """Modules that were loaded for it."""


def imported(name: str) -> tuple[float, float, list[str]]:
    """Return seconds, resident MB and new modules of one import of a function's module in a fresh process."""
    code = _IMPORT.format(folder=str(ROOT / "functions" / name))
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    took, resident, modules = json.loads(found.stdout)
    return took, resident, modules


def first_commit(emulator: str) -> Commit:
    """Make the first commit of a fresh process, on a Firestore emulator at `host:port`; nothing else is running."""
    settings = {
        "GOOGLE_CLOUD_PROJECT": "cold",
        "TIERCEL_BUCKET": "cold",
        "FIRESTORE_EMULATOR_HOST": emulator,
        "PUBSUB_EMULATOR_HOST": "127.0.0.1:1",
        "STORAGE_EMULATOR_HOST": "http://127.0.0.1:1",
    }
    environment = {**os.environ, **settings}
    done = subprocess.run([sys.executable, "-c", _COMMIT], env=environment, capture_output=True, text=True, check=True)
    took, cpu, resident, modules = json.loads(done.stdout.splitlines()[-1])
    return Commit(took, cpu, resident, frozenset(modules))


def compiled() -> None:
    """Write the bytecode that is missing or old: an environment may keep Python from doing so by itself."""
    for folder in (ROOT / "shared", ROOT / "functions"):
        if not compileall.compile_dir(folder, quiet=1):
            raise SystemExit(f"not every module below {folder} can be compiled: see above")


def names() -> list[str]:
    """Return the functions' names."""
    return sorted(path.parent.name for path in (ROOT / "functions").glob("*/main.py"))


def main() -> None:
    """Print the table."""
    from tiercel.emulation import java

    compiled()
    print(f"{'function':<12}{'import main':>14}{'resident':>12}    (medians of {ROUNDS}; beside functions_framework)")
    for name in names():
        rounds = [imported(name) for _ in range(ROUNDS)]
        took = statistics.median(each[0] for each in rounds)
        resident = statistics.median(each[1] for each in rounds)
        print(f"{name:<12}{took * 1000:>11.1f} ms{resident:>9.1f} MB")
    try:
        emulator = java.start(java.FIRESTORE)
    except java.EmulatorMissingError as error:
        raise SystemExit(f"the first commit is not measured: {error}") from None
    try:
        java.wait(emulator)
        first_commit(emulator.host)  # the emulator's own first one is slow
        commits = [first_commit(emulator.host) for _ in range(ROUNDS)]
    finally:
        emulator.stop()
    took, cpu, resident = (
        statistics.median(getattr(each, name) for each in commits) for name in ("took", "cpu", "resident")
    )
    print(f"first commit in a new process, on the Firestore emulator: {took * 1000:.0f} ms, of these")
    print(f"{cpu * 1000:.0f} ms on the processor; {resident:.1f} MB resident then (medians of {ROUNDS})")


if __name__ == "__main__":
    main()
