"""The processes of an emulation end with it, also where it is interrupted while it starts them."""

from __future__ import annotations

import gc
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest

from gcp.emulating import PATIENCE, Process, processes, still
from tiercel.emulation import children
from tiercel.emulation.children import Child
from tiercel.tasks.scripts.keeper import keeper

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]


def running(pid: int) -> list[Process]:
    """Return the process of this number; none where it has ended."""
    return [each for each, _ in processes() if each.pid == pid]


def test_what_it_started_ends_with_it_and_has_ended_when_it_is_stopped(tmp_path: Path) -> None:
    log = tmp_path / "log"
    child = Child(["/bin/sh", "-c", "echo $COLOUR; exec sleep 600"], {"COLOUR": "blue"}, log)
    family = running(child.pid)
    assert len(family) == 1
    end = time.monotonic() + PATIENCE
    while log.read_text() != "blue\n":
        assert time.monotonic() < end
        time.sleep(0.01)
    child.stop()
    assert [each for each in family if each.runs] == []
    assert child.ended is not None


def test_a_program_that_is_not_there_is_an_error_here() -> None:
    with pytest.raises(FileNotFoundError):
        Child(["/nowhere/program"], {})


def test_an_interrupt_right_after_the_fork_leaves_the_process_to_its_keeper(monkeypatch: pytest.MonkeyPatch) -> None:
    real, begun = subprocess.Popen, list[subprocess.Popen[bytes]]()

    def interrupted(*arguments: Any, **named: Any) -> subprocess.Popen[bytes]:
        begun.append(real(*arguments, **named))
        signal.raise_signal(signal.SIGINT)
        return begun[-1]

    with monkeypatch.context() as patched:
        patched.setattr(subprocess, "Popen", interrupted)
        with pytest.raises(KeyboardInterrupt):
            Child(SLEEPER, {})
    gc.collect()
    assert begun[0].pid in keeper._held
    (child,) = [each for each in children._running if each.pid == begun[0].pid]
    child.stop()
    assert begun[0].pid not in keeper._held


def test_a_process_whose_caller_never_saw_it_dies_with_us(tmp_path: Path) -> None:
    script = f"""
        from tiercel.emulation.children import Child
        print(Child({SLEEPER!r}, {{}}).pid, flush=True)
        raise KeyboardInterrupt
    """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        family = running(pid)
    assert process.returncode != 0
    assert still(family) == []
