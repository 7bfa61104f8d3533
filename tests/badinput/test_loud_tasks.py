"""A task that prints 100 MB: bounded memory, a log that says what it leaves out, and the task goes well."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from badinput.flows import flow, lines, log, shell
from cli.calling import COMMAND, Cli, environment

HUNDRED_MB = 100_000_000
LINE = "a line of some characters, as a chatty program has them"
LINES = f"yes '{LINE}' | head -c {HUNDRED_MB}"
ONE_LINE = f"head -c {HUNDRED_MB} /dev/zero | tr '\\0' x"
ERRORS = f"({LINES}) >&2"
MESSAGE = f'printf \'::{{"outputs":{{"a":"\'; {ONE_LINE}; echo \'"}}}}::\''
MOST = 250 << 20


MEASURED = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[2:]).returncode
open(sys.argv[1], "w").write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(code)
"""
"""Measures a command from a small process: a child counts what its parent had as it was forked, and pytest is large."""


def run(cli: Cli, path: str) -> tuple[Any, int, str]:
    """Run a flow as a process; return the execution, the most memory it took in bytes, and what it wrote."""
    out, err, peak = (cli.folder / name for name in ("out", "err", "peak"))
    command = [*COMMAND, "run", path, "--store", str(cli.store), "-o", "json"]
    with out.open("w") as stdout, err.open("w") as stderr:
        measured = [sys.executable, "-c", MEASURED, str(peak), *command]
        code = subprocess.run(
            measured, stdout=stdout, stderr=stderr, env=environment(), timeout=60, check=False
        ).returncode
    assert code == 0, err.read_text()[-2000:]
    return json.loads(out.read_text()), int(peak.read_text()) << 10, err.read_text()


def loud(cli: Cli, script: str) -> str:
    """Return the path of a flow with a script and what says how much that printed."""
    after = log("after", "{{ outputs.loud.stdOutLineCount }} and {{ outputs.loud.stdErrLineCount }} lines")
    return cli.file("a.yaml", flow(shell("loud", script), after))


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("script", [LINES, ERRORS], ids=["on stdout", "on stderr"])
def test_many_lines_are_counted_and_the_first_are_logged(script: str, cli: Cli) -> None:
    execution, memory, said = run(cli, loud(cli, script))
    assert execution["state"]["current"] == "SUCCESS"
    assert memory < MOST
    logged = lines(execution, "loud")
    assert len(logged) == 10_001
    assert logged[-1].startswith("the log of this attempt is full (10000 lines")
    count = math.ceil(HUNDRED_MB / len(LINE + "\n"))
    assert lines(execution, "after") == [f"{count} and 0 lines" if script == LINES else f"0 and {count} lines"]
    assert len(said) < 2_000_000
    assert size(cli.store) < 10_000_000


def test_one_endless_line_is_cut_with_a_note(cli: Cli) -> None:
    execution, memory, said = run(cli, loud(cli, ONE_LINE))
    assert execution["state"]["current"] == "SUCCESS"
    assert memory < MOST
    (line,) = lines(execution, "loud")
    assert len(line) < 20_000
    assert "more bytes" in line
    assert lines(execution, "after") == ["1 and 0 lines"]
    assert len(said) < 20_000


def test_an_endless_message_of_the_protocol_is_refused_with_a_note(cli: Cli) -> None:
    """Messages are kept whole up to 64 MiB, so it takes more memory than a line: that much, and its text once more."""
    execution, memory, _ = run(cli, loud(cli, MESSAGE))
    assert memory < MOST
    (line,) = lines(execution, "loud")
    assert len(line) < 20_000
    assert "more bytes" in line


def test_a_file_of_100_mb_is_kept_in_little_memory(cli: Cli) -> None:
    path = cli.file("a.yaml", flow(shell("big", "head -c 100000000 /dev/zero > big.bin", outputFiles=["*.bin"])))
    execution, memory, _ = run(cli, path)
    assert memory < MOST
    uri = execution["taskRunList"][0]["outputs"]["outputFiles"]["big.bin"]
    assert (cli.store / "objects" / uri.removeprefix("kestra:///")).stat().st_size == HUNDRED_MB
