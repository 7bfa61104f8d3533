"""The functions under functions-framework: a process each, as Cloud Run starts them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from tiercel.emulation.children import Child, free_port
from tiercel.emulation.java import answers, until
from tiercel.errors import NotFoundError, TiercelError

NAMES = ("api", "advance", "execute", "tick", "on_object", "on_message")

START = 30.0
"""Seconds that a function may take until it answers."""


def folder() -> Path:
    """Return the folder of the functions: they stand beside the library in a checkout.

    Raises:
        NotFoundError: This is no checkout.
    """
    import tiercel

    for above in (*Path(tiercel.__file__).resolve().parents, Path.cwd()):
        found = above / "functions"
        if (found / "advance" / "main.py").is_file():
            return found
    raise NotFoundError(
        "the functions are not here: `tiercel emulate` starts them from a checkout of Tiercel; run it inside one"
    )


class Function:
    """One function's process."""

    def __init__(self, name: str, environment: Mapping[str, str], log: Path) -> None:
        """Start it; it does not answer yet.

        Args:
            name: Which.
            environment: The settings.
            log: Takes what it prints.
        """
        self.name = name
        port = environment.get(f"TIERCEL_PORT_{name.upper()}") or str(free_port())
        self.url = f"http://127.0.0.1:{port}/"
        framework = [sys.executable, "-m", "functions_framework", "--target", name]
        where = ["--source", str(folder() / name / "main.py"), "--host", "127.0.0.1", "--port", port]
        workers = {"THREADS": environment.get("THREADS", "16"), "WORKERS": "1"}
        self.log = log
        self.child = Child([*framework, *where], {**environment, **workers}, log)

    def wait(self) -> None:
        """Wait until it answers.

        Raises:
            TiercelError: It has ended, or does not answer in time.
        """
        until(self._answers, START, f"the function {self.name} at {self.url} (see {self.log})")

    def _answers(self) -> bool:
        if self.child.ended is not None:
            raise TiercelError(f"the function {self.name} has ended with code {self.child.ended} (see {self.log})")
        return answers(f"{self.url}robots.txt")

    def stop(self) -> None:
        """End it, and wait until it has ended."""
        self.child.stop()
