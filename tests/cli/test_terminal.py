"""What a terminal shows while a flow runs, and what Ctrl-C does."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cli.calling import COMMAND, Cli, environment, flow

NAPS = (
    "id: each, type: io.kestra.plugin.core.flow.ForEach, concurrencyLimit: 0, values: [p, q], tasks: ["
    "{id: nap, type: io.kestra.plugin.core.flow.Sleep, duration: PT0.5S}]"
)
LONG = "id: nap, type: io.kestra.plugin.core.flow.Sleep, duration: PT60S"
SHORT = "id: nap, type: io.kestra.plugin.core.flow.Sleep, duration: PT2S"


LISTENING = (
    sys.executable,
    "-c",
    "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])",
)
"""Hears a signal of the keyboard also where whoever runs the tests ignores it: as a job in the background.

Not by code between fork and exec: the libraries of other tests in this process do not stand that.
"""


class Terminal:
    """A command on a pseudo-terminal of 24 lines."""

    def __init__(self, *arguments: str, **more: str) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.process = subprocess.Popen(
            [*LISTENING, *COMMAND, *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment(**{"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **more}),
            start_new_session=True,
        )
        os.close(theirs)
        self._read = b""

    def read_until(self, enough: Callable[[str], bool], seconds: float = 60.0) -> str:
        """Read until there is enough, or nothing more comes."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not enough(self.text):
            try:
                piece = os.read(self._ours, 65536)
            except OSError:  # the other side is closed
                break
            if not piece:
                break
            self._read += piece
        return self.text

    @property
    def text(self) -> str:
        """Everything that was written, without colours."""
        return re.sub(r"\x1b\[[0-9;]*m", "", self._read.decode(errors="replace")).replace("\r\n", "\n")

    def close(self) -> None:
        """Let go of the terminal."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._ours)


Open = Callable[..., Terminal]


@pytest.fixture
def terminal() -> Iterator[Open]:
    """Open terminals that are closed at the end."""
    opened: list[Terminal] = []

    def open_one(*arguments: str, **more: str) -> Terminal:
        opened.append(Terminal(*arguments, **more))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


def test_a_terminal_shows_the_tree_while_it_grows_and_the_outcome(cli: Cli, terminal: Open) -> None:
    screen = terminal("run", cli.file("a.yaml", flow(NAPS)), "--store", str(cli.store))
    text = screen.read_until(lambda _: False)
    assert screen.process.wait(60) == 0
    assert "├─ ▶ nap [p]" in text
    assert "INFO  nap: Waiting for PT0.5S" in text
    last = text.rsplit("\x1b[1A", 1)[-1]
    assert "✔ tests.one" in last
    assert "└─ ✔ nap [q]" in last
    assert "✔ SUCCESS  tests.one" in last
    assert last.index("└─ ✔ nap [q]") < last.index("\x1b[?25h") < last.index("✔ SUCCESS")
    assert "Waiting" not in last
    assert "Traceback" not in text


def test_a_dumb_terminal_gets_plain_lines(cli: Cli, terminal: Open) -> None:
    screen = terminal("run", cli.file("a.yaml", flow(NAPS)), "--store", str(cli.store), TERM="dumb", NO_COLOR="1")
    text = screen.read_until(lambda _: False)
    assert "SUCCESS  nap [p]" in text
    assert "\x1b" not in text


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_is_left_for_recovery(cli: Cli, terminal: Open, number: signal.Signals, code: int) -> None:
    screen = terminal("run", cli.file("a.yaml", flow(LONG)), "--store", str(cli.store))
    screen.read_until(lambda text: "▶ nap" in text)
    screen.process.send_signal(number)
    text = screen.read_until(lambda _: False)
    assert screen.process.wait(60) == code
    assert "\x1b[?25h" in text  # the cursor is back
    assert f"`tiercel recover --store {cli.store}` finishes it" in text
    assert "Traceback" not in text
    (left,) = cli.json("executions", "list")
    assert left["state"]["current"] == "RUNNING"


def test_a_killed_run_is_finished_by_recover(cli: Cli, terminal: Open, tmp_path: Path) -> None:
    screen = terminal("run", cli.file("a.yaml", flow(SHORT)), "--store", str(cli.store))
    screen.read_until(lambda text: "▶ nap" in text)
    screen.process.kill()
    screen.process.wait()
    (done,) = cli.json("recover")
    assert done["state"]["current"] == "SUCCESS"
