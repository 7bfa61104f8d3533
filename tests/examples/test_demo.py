"""`make demo`, killed once and started again: the second one finishes what the first has left."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from examples.places import ROOT
from examples.processes import running
from postgres import programs

pytestmark = pytest.mark.skipif(programs() is None, reason="pgserver is not installed")


@pytest.fixture
def folder(cache: Path) -> Iterator[Path]:
    """Give the demo a folder of its own: not below pytest's, since pgserver opens all folders above it to everybody."""
    with tempfile.TemporaryDirectory(prefix="tiercel-demo-", ignore_cleanup_errors=True) as made:
        path = Path(made)
        (path / "store").mkdir()
        (path / "store" / "cache").symlink_to(cache)
        yield path
        server = postmaster(path)
        if server is not None:  # the test failed before the demo could stop it
            with suppress(ProcessLookupError):
                os.kill(server, signal.SIGQUIT)


def postmaster(folder: Path) -> int | None:
    """Return the number of the demo's PostgreSQL, if it was not shut down."""
    file = folder / "postgres" / "postmaster.pid"
    return int(file.read_text().split()[0]) if file.exists() else None


def is_reaped_within(seconds: float, pid: int | None) -> bool:
    """Wait until nothing is left of a process that was killed: PostgreSQL takes a zombie for one that lives."""
    end = time.monotonic() + seconds
    while pid is not None and Path(f"/proc/{pid}").exists():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.parametrize("what", ["the demo", "the machine"])
def test_a_demo_that_is_killed_is_finished_by_the_next(what: str, folder: Path, tmp_path: Path) -> None:
    """When the demo is killed, its PostgreSQL lives on; when the machine is, that dies too."""
    demo: list[str | Path] = [sys.executable, ROOT / "flows" / "demo.py", "--folder", folder, "--month", "1"]
    with running(demo, tmp_path, leave=what == "the demo") as first:
        assert first.has_said("SUCCESS  extract"), first.said.read_text()
        first.lives_for(Random(what).uniform(0, 0.3))
        first.kill()
        assert "The run ended well" not in first.said.read_text()
    if what == "the machine" and not is_reaped_within(10, postmaster(folder)):
        pytest.skip("nobody on this machine reaps orphans (a container without an init)")
    with running(demo, tmp_path) as second:
        assert not second.lives_for(60)
        said = second.said.read_text()
    assert second.process.returncode == 0, said
    assert "was killed before its end" in said
    assert "tiercel recover" in said
    assert "The run ended well" in said
    assert "27,004" in said
    assert not (folder / "unfinished").exists()
    assert postmaster(folder) is None
