"""A child process: started in a session of its own, read while it runs, stopped with all its descendants.

Promise: when the attempt is cancelled, every process of the family has ended when `run_process` returns (SIGTERM, then
SIGKILL after the grace), and reading ends even if a stray descendant holds the pipes. When Tiercel itself dies, also by
`kill -9`, a keeper (one small shell per Tiercel process) kills the sessions that still run. PR_SET_PDEATHSIG is not
used: it needs code between fork and exec, which is unsafe with threads and slow, and reaches only the first process.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tiercel.errors import TaskError
from tiercel.model.states import Level
from tiercel.ports import RunContext
from tiercel.tasks.files import reason

CHUNK = 65536
"""How many bytes are read at once: a pipe's usual capacity."""
GRACE = 5.0
"""Seconds between the polite signal and the one that cannot be ignored."""
_DRAIN = 0.5
"""Seconds that the pipes are read after everything was killed."""
_DEATH = 1.0
"""Seconds that killed processes are waited for; one that hangs in the kernel takes longer than anybody can wait."""
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
        with _keeper.hold(child.pid), _Alarm() as alarm, ctx.on_cancel(alarm.ring):
            if ctx.cancelled:
                alarm.ring()
            _Reading(ctx, child, feed, alarm, grace).until_the_end()
    finally:
        if child.returncode is None:
            _Family(child.pid).end()
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
        self.family = _Family(child.pid)
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


# ------------------------------------------------------------------ the whole family


class _Family:
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


# ------------------------------------------------------------------ the keeper

_KEEPER = r"""
held=' '
while read -r sign id; do
  case "$sign $held" in
    '+ '*) held="$held$id " ;;
    '- '*" $id "*) held="${held%%" $id "*} ${held#*" $id "}" ;;
  esac
done
case $held in *[0-9]*) ;; *) exit 0 ;; esac
for file in /proc/[0-9]*/stat; do
  read -r line < "$file" || continue
  set -f; set -- ${line##*) }; set +f
  pid=${file#/proc/}
  case $held in *" $4 "*) kill -KILL "${pid%/stat}" ;; esac
done
for id in $held; do kill -KILL -- "-$id"; done
"""


class _Keeper:
    """A shell that holds the sessions that run, and kills them when its pipe from us is closed, however we died."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: set[int] = set()
        self._shell: subprocess.Popen[bytes] | None = None

    @contextlib.contextmanager
    def hold(self, session: int) -> Iterator[None]:
        """Have the session killed if we die inside the block."""
        self._say(b"+ %d\n", session)
        try:
            yield
        finally:
            self._say(b"- %d\n", session)

    def _say(self, line: bytes, session: int) -> None:
        with self._lock:
            if line.startswith(b"+"):
                self._held.add(session)
            else:
                self._held.discard(session)
            if self._shell is None:
                self._begin()
            elif not self._write(line % session):
                self._end()
                self._begin()

    def _begin(self) -> None:
        """Start the shell and tell it all that is held; without one (no `/bin/sh`) the work goes on unguarded."""
        with contextlib.suppress(OSError):
            self._shell = subprocess.Popen(
                ["/bin/sh", "-c", _KEEPER],
                cwd="/",
                env={"PATH": os.defpath},
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                start_new_session=True,
            )
            self._write(b"".join(b"+ %d\n" % held for held in self._held))

    def _write(self, text: bytes) -> bool:
        try:
            if self._shell is not None and self._shell.stdin is not None:
                self._shell.stdin.write(text)
        except OSError:
            return False
        return True

    def _end(self) -> None:
        shell, self._shell = self._shell, None
        if shell is not None and shell.stdin is not None:
            with contextlib.suppress(OSError):
                shell.stdin.close()
            shell.wait()

    def close(self) -> None:
        """End the shell; what is still held dies with it."""
        with self._lock:
            self._end()

    def forget(self) -> None:
        """Leave the shell to the process that we were forked from."""
        shell, self._shell = self._shell, None
        self._lock = threading.Lock()
        self._held = set()
        if shell is not None and shell.stdin is not None:
            shell.returncode = 0  # it is not our child: nothing to wait for
            with contextlib.suppress(OSError):
                shell.stdin.close()


_keeper = _Keeper()
atexit.register(_keeper.close)
os.register_at_fork(after_in_child=_keeper.forget)
