"""The processes of an emulation: each in a session of its own, which ends with us, however we end."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tiercel.tasks.scripts.keeper import keeper

GRACE = 5.0
"""Seconds that a process has to end by itself."""


class Child:
    """A process that runs until it is stopped; a shell beside us kills it when we die."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path | None = None) -> None:
        """Start it.

        Args:
            command: The program and its arguments.
            environment: Variables besides our own.
            log: Takes what it prints; nobody by default.
        """
        with ThreadPoolExecutor(1) as starter:  # Ctrl-C interrupts the main thread: never before the process is held
            starter.submit(self._start, command, environment, log).result()

    def _start(self, command: Sequence[str], environment: Mapping[str, str], log: Path | None) -> None:
        with contextlib.ExitStack() as opened:
            out = subprocess.DEVNULL if log is None else opened.enter_context(log.open("ab"))
            self._process = subprocess.Popen(
                command,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        self.pid = self._process.pid
        self._held = contextlib.ExitStack()
        self._held.enter_context(keeper.hold(self.pid))
        _running.add(self)

    @property
    def ended(self) -> int | None:
        """The code that it ended with; None while it runs."""
        return self._process.poll()

    def ask(self) -> None:
        """Ask it to end, without waiting for that."""
        if self.ended is None:
            self._process.terminate()

    def stop(self) -> None:
        """End it and whatever it has started in its session, and wait until it has ended."""
        self.ask()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        self._held.close()
        _running.discard(self)


_running: set[Child] = set()
"""Those that nobody has stopped: held until we die, also where an interrupt kept their caller from ever seeing them."""

_reserved: list[socket.socket] = []


def free_port() -> int:
    """Return a port of 127.0.0.1 on which nobody listens.

    On Linux it stays ours until this process ends: only servers, which ask for the reuse of addresses, can have it. So
    it does not become the near end of some connection, or a port of another emulation, before its server is up.
    """
    probe = socket.socket()
    probe.bind(("127.0.0.1", 0))
    if sys.platform == "linux":
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _reserved.append(probe)
        return int(probe.getsockname()[1])
    with probe:
        return int(probe.getsockname()[1])
