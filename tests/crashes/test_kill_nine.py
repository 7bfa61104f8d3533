"""A real `kill -9`, at random moments: `tiercel recover` finishes what is left."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tiercel.model.states import State
from tiercel.runtime import embedded

SHELL = "io.kestra.plugin.scripts.shell.Commands"
FLOW = """
id: killed
namespace: tests
tasks:
  - {id: first, type: TYPE, commands: ['echo begun >> MARKS; sleep 0.05; echo "::{\\"outputs\\": {\\"n\\": 1}}::"']}
  - id: each
    type: io.kestra.plugin.core.flow.ForEach
    values: [a, b, c, d]
    concurrencyLimit: 2
    tasks:
      - {id: work, type: TYPE, commands: ["echo {{ taskrun.value }} >> MARKS; sleep 0.1"]}
      - {id: say, type: io.kestra.plugin.core.debug.Return, format: "{{ taskrun.value }}"}
  - id: par
    type: io.kestra.plugin.core.flow.Parallel
    tasks:
      - {id: left, type: TYPE, commands: ["sleep 0.1"]}
      - {id: right, type: TYPE, commands: ["sleep 0.1"]}
  - id: last
    type: io.kestra.plugin.core.debug.Return
    format: "{{ outputs.first.vars.n }}{{ outputs.say['d'].value }}"
"""
RUNS = 1 + 1 + 4 * 2 + 1 + 2 + 1


def tiercel(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "tiercel.cli", *arguments]


def begin_and_kill(folder: Path, moment: float) -> None:
    """Run the flow, and kill the process so many seconds after its first task has begun."""
    file, marks = folder / "flow.yaml", folder / "marks"
    file.write_text(FLOW.replace("TYPE", SHELL).replace("MARKS", str(marks)))
    process = subprocess.Popen(
        tiercel("run", str(file), "--store", str(folder / "store"), "-q"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until = time.monotonic() + 60
    while not marks.exists() and time.monotonic() < until:
        time.sleep(0.005)
    time.sleep(moment)
    process.kill()
    process.wait()


@pytest.mark.parametrize("seed", range(5))
def test_what_was_killed_is_finished(seed: int, tmp_path: Path) -> None:
    begin_and_kill(tmp_path, random.Random(seed).uniform(0, 0.35))
    subprocess.run(tiercel("recover", "--store", str(tmp_path / "store"), "-q"), check=True, timeout=30)
    runtime = embedded(tmp_path / "store")
    try:
        headers = [runtime.view.header(stored.key.split("/")[1]) for stored in runtime.store.query("execution")]
        for header in headers:
            assert header.state is State.SUCCESS
            runs = runtime.view.runs(header, None)
            assert len(runs) == RUNS
            for run in runs:
                assert run.state is State.SUCCESS
                assert sum(attempt.state is not State.RESUBMITTED for attempt in run.attempts) <= 1
        assert len(headers) == 1
    finally:
        runtime.close()
