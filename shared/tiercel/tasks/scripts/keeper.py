"""What outlives this process by a moment: a small shell that kills the sessions that ran when it died.

PR_SET_PDEATHSIG is not used: it needs code between fork and exec, which is unsafe with threads and slow, and reaches
only the first process.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import subprocess
import threading
from collections.abc import Iterator

_SHELL = r"""
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


class Keeper:
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
                ["/bin/sh", "-c", _SHELL],
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


keeper = Keeper()
atexit.register(keeper.close)
os.register_at_fork(after_in_child=keeper.forget)
