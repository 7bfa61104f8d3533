"""Commands as processes that a test kills, and what is left of their families then."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from cli.calling import environment

MARK = "TIERCEL_TESTS_MARK"
"""A variable that a process and all that descend from it carry, so that they are found."""


class Running:
    """A program at work in a session of its own."""

    def __init__(self, command: Sequence[str | Path], folder: Path, said: IO[str], **more: str) -> None:
        self.mark = secrets.token_hex(8)
        self.said = Path(said.name)
        self.process = subprocess.Popen(
            command,
            env={**environment(TMPDIR=str(folder), COLUMNS="200", **more), MARK: self.mark},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def lives_for(self, seconds: float) -> bool:
        """Let it work for so long; tell whether it still does."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return True
        return False

    def has_said(self, text: str, seconds: float = 60) -> bool:
        """Wait until it has said something; tell whether it did, before it ended and in time."""
        end = time.monotonic() + seconds
        while text not in self.said.read_text():
            if time.monotonic() > end or not self.lives_for(0.02):
                return False
        return True

    def kill(self) -> None:
        """Kill it and its group as `kill -9` does; what it started in sessions of their own has to end by itself."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(60)

    def kill_alone(self) -> None:
        """Kill the one process."""
        self.process.kill()
        self.process.wait(60)

    def survivors(self) -> list[int]:
        """Return the processes of the family that live."""
        return [pid for pid in _numbers() if pid != os.getpid() and self._descends(pid)]

    def is_extinct_within(self, seconds: float) -> bool:
        """Wait for the end of the family; tell whether it came in time."""
        end = time.monotonic() + seconds
        while self.survivors():
            if time.monotonic() > end:
                return False
            time.sleep(0.02)
        return True

    def _descends(self, pid: int) -> bool:
        with suppress(OSError):
            state = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(") ")[2][:1]
            variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            return state not in "ZX" and f"{MARK}={self.mark}".encode() in variables
        return False


def _numbers() -> list[int]:
    """Return the processes of this machine; none where the system does not tell."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit()] if os.path.isdir("/proc") else []


@contextmanager
def running(command: Sequence[str | Path], folder: Path, *, leave: bool = False, **more: str) -> Iterator[Running]:
    """Run a program while the block runs; afterwards it is killed, and its family too, unless that is to be left."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"said-{secrets.token_hex(4)}").open("w") as said:
        started = Running(command, folder, said, **more)
        try:
            yield started
        finally:
            started.kill()
            for pid in [] if leave else started.survivors():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
