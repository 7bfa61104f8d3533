"""Calling the command line: in this process, which is quick, or as a process of its own."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tiercel.cli.failures import run_command

COMMAND = [sys.executable, "-m", "tiercel.cli"]


@dataclass(frozen=True)
class Said:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The document on the standard output."""
        return json.loads(self.out)


def environment(**more: str) -> dict[str, str]:
    """Return this process's environment without what changes the command's ways."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("TIERCEL_") and name != "NO_COLOR"}
    return {**ours, **more}


class Cli:
    """The command line on a store of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = folder / "store"

    def __call__(self, *arguments: str) -> Said:
        """Run a command in this process."""
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
        with redirect_stdout(out), redirect_stderr(err):
            code = run_command(arguments)
        return Said(code, *(stream.buffer.getvalue().decode() for stream in (out, err)))

    def on_store(self, *arguments: str) -> Said:
        """Run a command on the store."""
        return self(*arguments, "--store", str(self.store))

    def json(self, *arguments: str, code: int = 0) -> Any:
        """Run a command on the store and return the document it prints."""
        said = self.on_store(*arguments, "--output", "json")
        assert said.code == code, said.err
        return said.json

    def file(self, name: str, text: str) -> str:
        """Write a file; return its path."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return str(path)


def process(*arguments: str, **more: str) -> Said:
    """Run a command as a process of its own."""
    done = subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, timeout=60, env=environment(**more), check=False
    )
    return Said(done.returncode, done.stdout, done.stderr)


def flow(tasks: str, *, name: str = "one", more: str = "") -> str:
    """Return a flow's text; each line of `tasks` is a task in YAML's short form."""
    lines = "\n".join(f"  - {{{line.strip()}}}" for line in tasks.strip().splitlines())
    return f"id: {name}\nnamespace: tests\n{more}\ntasks:\n{lines}\n"


def only(names: Mapping[str, Any], *wanted: str) -> dict[str, Any]:
    """Return some fields of a document."""
    return {name: names[name] for name in wanted}
