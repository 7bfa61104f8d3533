"""Run the conformance suite against `tiercel emulate`, and judge it: nothing that passed before may fail.

    python .ci/on_emulators.py [--only PATTERN]... [--report FILE]

All cases share one installation, as the flows of a project do. Those that set variables for the engine, or that need to
be alone (`conformance-alone`), get an emulation of their own each, with these variables.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
SUITE = Path(os.environ.get("TIERCEL_CONFORMANCE") or HERE.parent.parent / "shared" / "conformance")
TIERCEL = [sys.executable, "-m", "tiercel.cli"]

WRAPPER = """
import os, sys
words = sys.argv[1:]
if "--store" in words:
    place = words.index("--store")
    words[place : place + 2] = ["--on", "emulators"]
os.execv(sys.executable, [sys.executable, "-m", "tiercel.cli", *words])
"""
"""The command line that the suite calls: `--store DIR` becomes `--on emulators`."""

PART = 0.95
"""The part of what passes embedded that has to pass here."""


def main() -> int:
    """Print the verdict; return 1 when fewer cases pass than before."""
    parser = argparse.ArgumentParser(description="Run the conformance suite against `tiercel emulate`.")
    parser.add_argument("--only", action="append", help="a case's id or a pattern of ids; may be repeated")
    parser.add_argument("--report", type=Path, help="write the results as JSON")
    options = parser.parse_args()
    cases = chosen(options.only)
    alone = [case for case in cases if is_alone(case)]
    together = sorted((case for case in cases if case not in alone), key=listens)
    began = time.monotonic()
    results = run(together, {}) if together else []
    for case in alone:
        results += run([case], {name: str(value) for name, value in (case.get("env") or {}).items()})
    if options.report:
        options.report.write_text(json.dumps({"cases": results}, indent=1), encoding="utf-8")
    return judged(results, time.monotonic() - began, is_whole=not options.only)


def chosen(only: list[str] | None) -> list[dict[str, Any]]:
    """Return the cases of the suite, or those that are asked for."""
    cases = yaml.safe_load((SUITE / "cases.yaml").read_text(encoding="utf-8"))["cases"]
    return [case for case in cases if not only or any(fnmatch.fnmatch(case["id"], each) for each in only)]


def is_alone(case: dict[str, Any]) -> bool:
    """Tell whether a case needs an installation of its own."""
    return case["id"] in lines("conformance-alone") or any(name != "TZ" for name in case.get("env") or {})


def listens(case: dict[str, Any]) -> bool:
    """Tell whether a case deploys flows that wait for others: a command then waits for what an end may cause."""
    names = [word for word in json.dumps(case).replace('"', " ").split() if word.endswith(".yaml")]
    return any("core.trigger.Flow" in (SUITE / "flows" / name).read_text(encoding="utf-8") for name in names)


def lines(name: str) -> list[str]:
    """Return what the lines of a file beside this one begin with, up to a colon."""
    text = (HERE / name).read_text(encoding="utf-8")
    return [line.partition(":")[0] for line in text.splitlines() if line and not line.startswith("#")]


def run(cases: list[dict[str, Any]], environment: dict[str, str]) -> list[dict[str, Any]]:
    """Run cases on an emulation of their own; return the suite's results."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        manifest, report = folder / "cases.yaml", folder / "report.json"
        manifest.write_text(yaml.safe_dump({"cases": cases}), encoding="utf-8")
        command = shlex.join([sys.executable, "-c", WRAPPER])
        suite = [sys.executable, str(SUITE / "run.py"), "--cases", str(manifest), "--command", command]
        with emulation(folder, environment) as settings:
            subprocess.run([*suite, "-j", "2", "--report", str(report)], env={**os.environ, **settings}, check=False)
        found: list[dict[str, Any]] = json.loads(report.read_text(encoding="utf-8"))["cases"]
        return found


@contextmanager
def emulation(folder: Path, environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """Start an emulation whose functions have these variables; lend its settings."""
    file = folder / "env"
    command = [*TIERCEL, "emulate", "--env-file", str(file), "--logs", str(folder)]
    process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL)
    try:
        while not file.exists():
            if process.poll() is not None:
                raise SystemExit(f"the emulation did not start: exit code {process.returncode}")
            time.sleep(0.1)
        words = [shlex.split(line)[1] for line in file.read_text(encoding="utf-8").splitlines()]
        yield dict(word.split("=", 1) for word in words)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def judged(results: list[dict[str, Any]], seconds: float, *, is_whole: bool) -> int:
    """Print what passes and what fails; return 1 when it is too little."""
    passed = sum(each["outcome"] == "passed" for each in results)
    failed = sorted(each["id"] for each in results if each["outcome"] == "failed")
    unexpected = [name for name in failed if name not in lines("conformance-disputed")]
    embedded = int((HERE / "conformance-floor").read_text(encoding="utf-8"))
    floor = max(int((HERE / "conformance-emulators-floor").read_text(encoding="utf-8")), round(PART * embedded + 0.5))
    print(
        f"conformance on emulators: {passed} pass in {seconds:.0f} s; {floor} are asked for, {embedded} pass embedded"
    )
    print(
        f"conformance on emulators: disputed and failing: {sorted(set(failed) - set(unexpected))}; others: {unexpected}"
    )
    return int(passed < floor if is_whole else bool(unexpected))


if __name__ == "__main__":
    sys.exit(main())
