"""Which progress is shown where."""

from __future__ import annotations

import os
import sys

from tiercel.cli.progress import Lines, Progress


def progress_for(output: str, *, quiet: bool) -> Progress:
    """Return what shows progress: on the standard output, or on the standard error beside JSON.

    A terminal gets a live tree, anything else plain lines.
    """
    if quiet:
        return Progress()
    stream = sys.stderr if output == "json" else sys.stdout
    if not stream.isatty() or os.environ.get("TERM", "dumb") in ("dumb", "unknown"):
        return Lines(stream)
    from tiercel.cli.live import LiveTree

    return LiveTree(stream)
