"""`tiercel server` as a process of its own, that a test asks, stops and kills."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import httpx

T = TypeVar("T")

PATIENCE = 60.0
"""Seconds that something may take on a busy machine before a test gives up."""


def free_port() -> int:
    """Return a port of this machine on which nobody listens."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def until(ask: Callable[[], T], seconds: float = PATIENCE) -> T:
    """Ask until the answer is true, and return it."""
    end = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < end, f"not in {seconds:g} s; the last answer was {answer!r}"
        time.sleep(0.02)
    return answer


class Server:
    """A server on a store; the same one again after it was stopped."""

    def __init__(self, store: Path, *options: str) -> None:
        self.store = store
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.options = options
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process's number."""
        assert self.process is not None
        return self.process.pid

    @property
    def said(self) -> Path:
        """What it has printed."""
        return self.store.with_name(f"{self.store.name}.log")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [sys.executable, "-m", "tiercel.cli", "server", "--port", str(self.port), "--store", str(self.store)]
        settings = {name: value for name, value in os.environ.items() if not name.startswith("TIERCEL_")}
        self.store.parent.mkdir(parents=True, exist_ok=True)
        with self.said.open("ab") as said:
            self.process = subprocess.Popen(
                [*command, *self.options], stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=settings
            )
        until(self._answers)

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"the server has ended: {self.said.read_text()}"
        with suppress(httpx.TransportError):
            return httpx.get(f"{self.url}/health").status_code == 200
        return False

    def kill(self) -> None:
        """Kill it as `kill -9` does."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(PATIENCE)

    def stop(self) -> int:
        """Ask it to stop; return its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


@contextmanager
def serving(store: Path, *options: str) -> Iterator[Server]:
    """Run a server while the block runs."""
    server = Server(store, *options)
    try:
        server.start()
        yield server
    finally:
        if server.process is not None:
            server.kill()
