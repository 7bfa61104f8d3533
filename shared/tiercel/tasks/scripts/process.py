"""A child process: started in a session of its own, read while it runs, stopped with all its descendants.

Promise: when the attempt is cancelled, every process of the family has ended when `run_process` returns (SIGTERM, then
SIGKILL after the grace), and reading ends even if a stray descendant holds the pipes. When Tiercel itself dies, also by
`kill -9`, the keeper kills the sessions that still run.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from tiercel.errors import TaskError
from tiercel.model.states import Level
from tiercel.ports import RunContext
from tiercel.tasks.files import reason
from tiercel.tasks.scripts.family import Family
from tiercel.tasks.scripts.keeper import keeper

CHUNK = 65536
"""How many bytes are read at once: a pipe's usual capacity."""
GRACE = 5.0
"""Seconds between the polite signal and the one that cannot be ignored."""
_DRAIN = 0.5
"""Seconds that the pipes are read after everything was killed."""
_LINGER = 10.0
"""Seconds after which a pipe that outlives the command is spoken of."""

Feed = Callable[[str, bytes], None]
"""Takes a chunk of `stdout` or `stderr`."""


def run_process(
    ctx: RunContext,
    argv: Sequence[str],
    *,
    folder: Path,
    env: Mapping[str, str],
    feed: Feed,
    grace: float = GRACE,
) -> int:
    """Run a program to its end and return its exit code; 128 plus the signal's number when a signal ended it.

    It ends when the program has ended *and* its output is closed: what it started in the background is waited for
    as long as that holds the output open.

    Args:
        ctx: The attempt; cancelling it stops the program.
        argv: The program and its arguments.
        folder: Where it starts.
        env: Its whole environment.
        feed: Takes the output as it comes, in the calling thread.
        grace: Seconds between SIGTERM and SIGKILL.

    Raises:
        TaskError: The program could not be started.
    """
    child = _start(argv, folder, env)
    try:
        with keeper.hold(child.pid), _Alarm() as alarm, ctx.on_cancel(alarm.ring):
            if ctx.cancelled:
                alarm.ring()
            _Reading(ctx, child, feed, alarm, grace).until_the_end()
    finally:
        if child.returncode is None:
            Family(child.pid).end()
        for pipe in (child.stdout, child.stderr):
            if pipe is not None:
                pipe.close()
        child.wait()
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


def _start(argv: Sequence[str], folder: Path, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            argv,
            cwd=folder,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        if error.filename == str(folder):
            raise TaskError(f"the working directory '{folder}' is gone; nothing was run") from error
        raise TaskError(
            f"the program '{argv[0]}' is not installed on this machine; install it, or name another in 'interpreter'"
        ) from error
    except PermissionError as error:
        raise TaskError(f"the program '{argv[0]}' may not be run: {reason(error)}; check its x permission") from error
    except (OSError, ValueError) as error:
        text = reason(error) if isinstance(error, OSError) else str(error)
        raise TaskError(f"the program '{argv[0]}' could not be started: {text}") from error


class _Alarm:
    """Wakes the reading thread from another one."""

    def __init__(self) -> None:
        self.reader, self._writer = os.pipe()
        self._lock = threading.Lock()
        self._open = True

    def __enter__(self) -> _Alarm:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._open = False
            os.close(self.reader)
            os.close(self._writer)

    def ring(self) -> None:
        """Ask for the stop; harmless when repeated or late."""
        with self._lock:
            if self._open:
                os.write(self._writer, b"!")


class _Reading:
    """Reads both streams and watches for the end, for the alarm and for time that runs out."""

    def __init__(
        self, ctx: RunContext, child: subprocess.Popen[bytes], feed: Feed, alarm: _Alarm, grace: float
    ) -> None:
        self.ctx, self.child, self.feed, self.alarm, self.grace = ctx, child, feed, alarm, grace
        self.family = Family(child.pid)
        self.streams = 0
        self.ended = self.stopping = self.given_up = False
        self.due: float | None = None
        self.then: Callable[[], None] = self._give_up

    def until_the_end(self) -> None:
        """Feed all output; return when the program has ended and its output is closed, or was given up."""
        with selectors.DefaultSelector() as selector, _ending(self.child.pid) as ending:
            self.selector = selector
            for name, pipe in (("stdout", self.child.stdout), ("stderr", self.child.stderr)):
                if pipe is not None:
                    selector.register(pipe.fileno(), selectors.EVENT_READ, name)
                    self.streams += 1
            selector.register(self.alarm.reader, selectors.EVENT_READ, "alarm")
            if ending is not None:
                selector.register(ending, selectors.EVENT_READ, "ending")
            while (self.streams or not self.ended) and not self.given_up:
                self._step(ending is not None)
        if self.stopping:
            self.family.end()
        self.child.wait()

    def _step(self, told: bool) -> None:
        timeout = None if self.due is None else max(0.0, self.due - time.monotonic())
        if not told and not self.streams:
            timeout = 0.01 if timeout is None else min(timeout, 0.01)
            self.ended = self.child.poll() is not None
        for key, _ in self.selector.select(timeout):
            self._happened(key.data, key.fd)
        if self.due is not None and time.monotonic() >= self.due:
            self.due = None
            self.then()

    def _happened(self, what: str, fd: int) -> None:
        if what == "alarm":
            self.selector.unregister(fd)
            self._stop()
        elif what == "ending":
            self.selector.unregister(fd)
            self.ended = True
            if self.streams and not self.stopping:
                self._next(_LINGER, self._speak_of_the_lingering)
        elif chunk := os.read(fd, CHUNK):
            self.feed(what, chunk)
        else:
            self.selector.unregister(fd)
            self.streams -= 1

    def _next(self, seconds: float, then: Callable[[], None]) -> None:
        self.due, self.then = time.monotonic() + seconds, then

    def _stop(self) -> None:
        self.stopping = True
        self.family.send(signal.SIGTERM)
        self._next(self.grace, self._kill)

    def _kill(self) -> None:
        self.family.end()
        self._next(_DRAIN, self._give_up)

    def _give_up(self) -> None:
        self.given_up = True

    def _speak_of_the_lingering(self) -> None:
        self.ctx.log(
            "the command has ended, but a process that it started in the background still holds its output open and is"
            " waited for; redirect that process's output to a file to let the task end before it",
            Level.WARN,
        )


@contextlib.contextmanager
def _ending(pid: int) -> Iterator[int | None]:
    """Yield a descriptor that becomes readable when the process ends; None where the system has none."""
    try:
        fd = os.pidfd_open(pid)
    except (AttributeError, OSError):
        yield None
        return
    try:
        yield fd
    finally:
        os.close(fd)
