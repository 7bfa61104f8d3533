"""What the system tells of a process: its memory, and how often it was woken."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

BARE = """
import threading
import werkzeug.wrappers
from cheroot.wsgi import Server

http = Server(("127.0.0.1", 0), lambda environ, start: [])
http.prepare()
threading.Thread(target=http.serve, daemon=True).start()
print("listening", flush=True)
threading.Event().wait()
"""


def resident_mb(pid: int) -> float:
    """Return the memory of a process that lies in the machine's, in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"process {pid} has no memory")


def wakings(pid: int) -> dict[str, int]:
    """Return how often each thread of a process has waited and been woken, by the thread's number."""
    found = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):
            lines = (task / "status").read_text().splitlines()
            found[task.name] = next(int(each.split()[1]) for each in lines if each.startswith("voluntary_ctxt"))
    return found


def cpu_seconds(pid: int) -> float:
    """Return the processor's time that a process has taken."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def bare_server() -> Iterator[int]:
    """Run an interpreter that listens with the same HTTP library and does nothing; give its number."""
    process = subprocess.Popen([sys.executable, "-c", BARE], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"listening\n"
        yield process.pid
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
