"""The command line: a door for people and scripts. It reads the store and sends messages, and never touches state.

Promise: a mistake of the caller gets a text that names it and an exit code, never a trace; nothing is imported that the
command at hand does not need.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command that the process was started with, and end the process with its exit code."""
    from tiercel.cli.failures import run_command

    sys.exit(run_command(sys.argv[1:]))
