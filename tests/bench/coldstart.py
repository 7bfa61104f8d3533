"""`make coldstart`: what a function's process costs before its first work.

For each function: the time of `import main` over `import functions_framework` (medians of fresh processes, bytecode
cached), what is resident then, and the time from the start of a process to its first commit on the Firestore emulator.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
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
import json, os, time
began = time.perf_counter()
from tiercel.cloud import process
cloud = process.opened()
from tiercel.ports import Create
cloud.store.commit([Create(f"probe/{{os.getpid()}}", b"x")])
print(json.dumps(time.perf_counter() - began))
"""


def imported(name: str) -> tuple[float, float, list[str]]:
    """Return seconds, resident MB and new modules of one import of a function's module in a fresh process."""
    code = _IMPORT.format(folder=str(ROOT / "functions" / name))
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    took, resident, modules = json.loads(found.stdout)
    return took, resident, modules


def first_commit(environment: dict[str, str]) -> float:
    """Return the seconds from a process's first import of ours to its first commit."""
    code = _COMMIT.replace("{{", "{").replace("}}", "}")
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    return float(json.loads(done.stdout.splitlines()[-1]))


def names() -> list[str]:
    """Return the functions' names."""
    return sorted(path.parent.name for path in (ROOT / "functions").glob("*/main.py"))


def main() -> None:
    """Print the table."""
    from tiercel.emulation import java

    print(f"{'function':<12}{'import main':>14}{'resident':>12}    (medians of {ROUNDS}; beside functions_framework)")
    for name in names():
        rounds = [imported(name) for _ in range(ROUNDS)]
        took = statistics.median(each[0] for each in rounds)
        resident = statistics.median(each[1] for each in rounds)
        print(f"{name:<12}{took * 1000:>11.1f} ms{resident:>9.1f} MB")
    emulator = java.start(java.FIRESTORE)
    try:
        java.wait(emulator)
        settings = {
            "GOOGLE_CLOUD_PROJECT": "cold",
            "TIERCEL_BUCKET": "cold",
            "FIRESTORE_EMULATOR_HOST": emulator.host,
            "PUBSUB_EMULATOR_HOST": "127.0.0.1:1",
            "STORAGE_EMULATOR_HOST": "http://127.0.0.1:1",
        }
        took = statistics.median(first_commit(settings) for _ in range(ROUNDS))
        print(f"first commit in a new process: {took * 1000:.0f} ms (median of {ROUNDS}, Firestore emulator)")
    finally:
        emulator.stop()


if __name__ == "__main__":
    main()
