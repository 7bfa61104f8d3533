"""A running `tiercel emulate`, as a person starts it: a process of its own, and the file of its settings."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from cli.calling import COMMAND, Cli, Said, environment
from tiercel.emulation import java
from tiercel.emulation.java import EmulatorMissingError

PATIENCE = 90.0
"""Seconds for which anything is waited for: the machine may be busy."""


class Process(NamedTuple):
    """A process, told from a later one of the same number."""

    pid: int
    began: str
    """When, in ticks since the machine was started."""
    command: str

    @property
    def runs(self) -> bool:
        """Whether it still runs."""
        return (
            self.pid in (found := {each.pid: each for each, _ in processes()}) and found[self.pid].began == self.began
        )


def processes() -> Iterator[tuple[Process, int]]:
    """Yield each process that runs, and the one that started it (Linux: proc(5))."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            command = (folder / "cmdline").read_text().replace("\0", " ")
            if fields[0] != "Z":
                yield Process(int(folder.name), fields[19], command), int(fields[1])


def descendants(pid: int) -> list[Process]:
    """Return all processes that a process has started, and those that they have."""
    found = list(processes())
    family, size = {pid}, 0
    while len(family) > size:
        size = len(family)
        family |= {each.pid for each, parent in found if parent in family}
    return [each for each, _ in found if each.pid in family - {pid}]


def still(family: list[Process]) -> list[Process]:
    """Return those that still run, having waited for them to end."""
    end = time.monotonic() + 60
    while (left := [each for each in family if each.runs]) and time.monotonic() < end:
        time.sleep(0.1)
    return left


class Emulation:
    """`tiercel emulate` in a process of its own."""

    def __init__(self, folder: Path, *options: str, **more: str) -> None:
        """Start it; it does not answer yet."""
        folder.mkdir(exist_ok=True)
        self.env_file = folder / "env"
        self._said = folder / "said"
        self._began = time.monotonic()
        arguments = ["emulate", "--env-file", str(self.env_file), "--logs", str(folder / "new" / "logs"), *options]
        with self._said.open("wb") as out:
            self.process = subprocess.Popen(
                [*COMMAND, *arguments], cwd=folder, env=environment(**more), stdout=out, stderr=out
            )

    @property
    def said(self) -> str:
        """What it has printed."""
        return self._said.read_text()

    def wait(self) -> float:
        """Wait until the settings are there; return the seconds since it was started."""
        while not self.env_file.exists():
            assert self.process.poll() is None, self.said
            assert time.monotonic() - self._began < PATIENCE, self.said
            time.sleep(0.05)
        return time.monotonic() - self._began

    @property
    def settings(self) -> dict[str, str]:
        """The settings as a shell would read them."""
        lines = [shlex.split(line) for line in self.env_file.read_text().splitlines()]
        assert all(words[0] == "export" and len(words) == 2 for words in lines)
        return dict(words[1].split("=", 1) for words in lines)

    def family(self) -> list[Process]:
        """Return the processes that it has started."""
        return descendants(self.process.pid)

    def part(self, *words: str) -> Process:
        """Return the process, started by it directly, whose command has these words."""
        own = [each for each, parent in processes() if parent == self.process.pid]
        return next(each for each in own if all(word in each.command for word in words))

    def end(self, number: int = signal.SIGINT) -> int:
        """Send it a signal; return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@contextmanager
def emulating(folder: Path, *options: str, **more: str) -> Iterator[Emulation]:
    """Start an emulation; end it, whatever happens."""
    see_emulators()
    emulation = Emulation(folder, *options, **more)
    try:
        yield emulation
    finally:
        if emulation.process.poll() is None:
            emulation.end(signal.SIGTERM)


def see_emulators() -> None:
    """Skip where the emulators are missing; fail where CI is."""
    try:
        java.java()
        java.find(java.FIRESTORE)
        java.find(java.PUBSUB)
    except EmulatorMissingError as error:
        if os.environ.get("CI"):
            pytest.fail(f"CI needs the emulators: {error}")
        pytest.skip(str(error))


class There(Cli):
    """The command line on an emulation."""

    def on_store(self, *arguments: str) -> Said:
        """Run a command on it."""
        return self(*arguments, "--on", "emulators")
