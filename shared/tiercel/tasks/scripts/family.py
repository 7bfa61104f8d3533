"""All processes that descend from one: found, and sent a signal."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

_DEATH = 1.0
"""Seconds that killed processes are waited for; one that hangs in the kernel takes longer than anybody can wait."""


class Family:
    """A process, what lives in its session, and what descends from them; whoever was seen once stays known.

    So a process in a group of its own (`timeout`, `set -m`) or in a session of its own (`setsid`) is reached too, as
    long as its parent lived when the first signal was sent.
    """

    def __init__(self, head: int) -> None:
        self._head = head
        self._known: dict[int, str] = {}

    def send(self, number: int) -> None:
        """Send a signal to all that live, exactly once.

        A second SIGTERM means "leave everything and go" to many programs (terraform, dbt).
        """
        others = [pid for pid, found in self._living().items() if found.group != self._head]
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._head, number)  # all at once: nobody forks away between the look and the signal
        for pid in others:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)

    def end(self) -> None:
        """Kill all that live, and wait until they are gone: a killed process closes its files before it has ended."""
        until = time.monotonic() + _DEATH
        while True:
            self.send(signal.SIGKILL)
            if not self._living() or time.monotonic() > until:
                return
            time.sleep(0.002)

    def _living(self) -> dict[int, _Process]:
        seen = _processes()
        members = {pid for pid, found in seen.items() if found.session == self._head}
        members |= {pid for pid, start in self._known.items() if pid in seen and seen[pid].start == start}
        while more := {pid for pid, found in seen.items() if found.parent in members} - members:
            members |= more
        members.discard(os.getpid())
        self._known |= {pid: seen[pid].start for pid in members}
        return {pid: seen[pid] for pid in members if seen[pid].state not in "ZX"}


@dataclass(frozen=True, slots=True)
class _Process:
    state: str
    parent: int
    group: int
    session: int
    start: str
    """When it started; with the number it names a process for good."""


def _processes() -> dict[int, _Process]:
    """Return the processes of this machine; none where the system does not tell (then only the group is reached)."""
    found: dict[int, _Process] = {}
    with contextlib.suppress(FileNotFoundError):
        for name in os.listdir("/proc"):
            with contextlib.suppress(OSError, ValueError):
                text = Path(f"/proc/{int(name)}/stat").read_text("utf-8", "replace")
                fields = text.rpartition(") ")[2].split()
                found[int(name)] = _Process(fields[0], int(fields[1]), int(fields[2]), int(fields[3]), fields[19])
    return found
