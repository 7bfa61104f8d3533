"""Other processes that open the same folder, for the tests of what happens between processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OPENING = """
import random, resource, sys, time
from pathlib import Path
from tiercel.adapters.local.bus import OutboxBus
from tiercel.adapters.local.clock import SystemClock
from tiercel.adapters.local.objects import FolderObjects
from tiercel.adapters.local.store import SqliteStore
from tiercel.errors import TransientError
from tiercel.ports import *
folder = Path(sys.argv[1])
def say(text): print(text, flush=True)
"""


class Other:
    """A process that runs some lines of Python on a folder."""

    def __init__(self, folder: Path, lines: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", OPENING + textwrap.dedent(lines), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def line(self) -> str:
        """Return the next line that it prints."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def go_on(self) -> None:
        """Let it read a line."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def kill(self) -> None:
        """End it as a power cut would."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(60)

    def end(self) -> int:
        """Wait for its own end; return its exit code."""
        return self.process.wait(60)


@contextmanager
def other(folder: Path, lines: str) -> Iterator[Other]:
    """Run lines of Python in another process on the folder, while the block runs."""
    running = Other(folder, lines)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.wait(60)
        for stream in (running.process.stdin, running.process.stdout):
            if stream is not None:
                stream.close()
