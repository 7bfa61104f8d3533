"""The live view of a terminal: the tree of task runs, how many are in which state, and the newest log lines."""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from tiercel.cli.looks import Parts, is_plain, level_colour
from tiercel.cli.progress import Prefixes, Progress, one_line_each, seconds_text, seen_runs
from tiercel.cli.tree import Picture, count_text
from tiercel.model.states import Level

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tiercel.assembly import Parts as Installation
    from tiercel.model.execution import Execution, Lane, LogLine, TaskRun

PAUSE = 0.1
"""Seconds between two drawings at least."""
SHARE = 10
"""Drawing takes at most this part of the time (one tenth), however large the tree is."""
LOGS = 6
"""How many log lines are shown."""


class LiveTree(Progress):
    """Draws a tree again and again, in a thread of its own."""

    def __init__(self, stream: TextIO) -> None:
        self._console = Console(file=stream, highlight=False)
        self._plain = is_plain(stream)
        self._picture = Picture()
        self._prefixes = Prefixes()
        self._logs: deque[tuple[str, LogLine]] = deque(maxlen=LOGS)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._began = time.time()
        redirect = stream is sys.stdout
        self._live = Live(console=self._console, auto_refresh=False, redirect_stdout=redirect, vertical_overflow="crop")
        self._thread = threading.Thread(target=self._draw_on, name="progress", daemon=True)

    def changed(self, header: Execution, lane: Lane, left: Iterable[TaskRun]) -> None:
        """Take in a commit."""
        with self._lock:
            self._prefixes.see(header)
            self._picture.see(header, seen_runs(lane, left))

    def logged(self, execution: str, task: str, line: LogLine) -> None:
        """Take in a log line."""
        if line.level.rank >= Level.INFO.rank:
            with self._lock:
                self._logs.append((self._prefixes.of(execution) + task, line))

    def finished(self, runtime: Installation, headers: list[Execution]) -> None:
        """Take in the executions as they were left."""
        for header in headers:
            runs = runtime.view.runs(header, None)
            with self._lock:
                self._picture.see(header, runs)

    def __enter__(self) -> LiveTree:
        """Begin to draw."""
        self._live.start()
        self._thread.start()
        return self

    def stop(self) -> None:
        """Draw for the last time, without what was only of interest meanwhile."""
        if self._stop.is_set():
            return
        self._stop.set()
        self._thread.join()
        with suppress(OSError):  # the terminal has gone
            self._live.update(self._drawn(final=True), refresh=True)
            self._live.stop()

    # ------------------------------------------------------------ drawing

    def _draw_on(self) -> None:
        pause = PAUSE
        with suppress(OSError):
            while not self._stop.wait(pause):
                began = time.monotonic()
                self._live.update(self._drawn(), refresh=True)
                pause = max(PAUSE, SHARE * (time.monotonic() - began))

    def _drawn(self, *, final: bool = False) -> Group:
        height = max(4, self._console.height - 1)
        with self._lock:
            logs = [] if final else list(self._logs)
            now = time.time()
            lines = self._picture.lines(now, plain=self._plain, height=max(3, height - len(logs) - 1))
            counts = self._picture.counts()
        texts = [_text(line) for line in lines]
        if not final:
            texts.append(_text([(f"{seconds_text(now - self._began)}  {count_text(counts)}", "dim")]))
            texts += [_log_text(task, line) for task, line in logs]
        return Group(*texts)


def _text(parts: Parts) -> Text:
    return Text.assemble(*parts, no_wrap=True, overflow="ellipsis")


def _log_text(task: str, line: LogLine) -> Text:
    message = one_line_each(line.message)[0]
    return _text([(f"{line.level:<5} ", level_colour(line.level)), (f"{task}: ", "dim"), (message, "")])
