"""Giving memory back to the machine when a server has become quiet.

Reading many flows, or a burst of executions, leaves memory that is free but stays with the process: glibc returns only
what lies at the end of its heap (1,000 flows deployed: 30 MB of 75), and our collector looks seldom
(docs/decisions/garbage-collector.md).
"""

from __future__ import annotations

import ctypes
import gc
import sys
import time

WORKED = 0.2
"""Seconds of the processor's time between two looks that are work; a server that only waits takes less."""


class Tidier:
    """Looks now and then whether the process has done something, and tidies up once it has stopped."""

    def __init__(self) -> None:
        self._worked = True
        self._processor = time.process_time()

    def look(self) -> bool:
        """Tidy up where the time since the last look was quiet and the one before it was not; tell whether it was."""
        used = time.process_time() - self._processor
        is_due = self._worked and used < WORKED
        self._worked = used >= WORKED
        if is_due:
            give_back()
        self._processor = time.process_time()
        return is_due


def give_back() -> None:
    """Collect what nobody holds, and return free memory to the machine where the C library can (glibc)."""
    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
