"""A disk that is full: a clear error, nothing half-recorded, and `tiercel recover` goes on when there is space."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from badinput.flows import errors, flow, log, shell, states, task
from cli.calling import COMMAND, Cli, Said, environment, process

ROUNDS = 400
LARGE = "{% for i in range(1, 380) %}0123456789{% endfor %}"
"""Small enough to lie in the database and not in a file: it is the commit that fails."""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Give a disk of two megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if shutil.which("mount") is None or not _mount("-t", "tmpfs", "-o", "size=2m", "tiercel-tests", str(folder)):
        pytest.skip("a small disk needs the right to mount one")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def _mount(*arguments: str) -> bool:
    return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode == 0


def run(store: Path, path: str) -> Said:
    return process("run", path, "--store", str(store), "-q")


def execution(store: Path) -> Any:
    """Return the one execution of a store."""
    (listed,) = process("executions", "list", "--store", str(store), "-o", "json").json
    return process("executions", "get", listed["id"], "--store", str(store), "-o", "json").json


def filling(cli: Cli) -> str:
    """Return the path of a flow whose many outputs take more than the disk has."""
    loop = task("each", "flow.ForEach", values=list(range(ROUNDS)), tasks=[task("fill", "debug.Return", format=LARGE)])
    return cli.file("filling.yaml", flow(loop, log("after")))


def test_a_file_that_does_not_fit_fails_its_task_with_a_clear_error(disk: Path, cli: Cli) -> None:
    big = shell("big", "head -c 5000000 /dev/zero > big.bin", outputFiles=["big.bin"])
    path = cli.file("a.yaml", flow(log("before"), big, log("after"), errors=[log("tell")]))
    assert run(disk / "store", path).code == 1
    found = execution(disk / "store")
    assert states(found) == {"before": "SUCCESS", "big": "FAILED", "tell": "SUCCESS"}
    assert "the disk is full" in errors(found, "big")[0]
    assert "free some space" in errors(found, "big")[0]
    kept = [file for file in (disk / "store" / "objects").rglob("*") if file.is_file()]
    assert kept == []


def test_a_store_on_a_full_disk_is_gone_on_with_when_there_is_space(disk: Path, cli: Cli) -> None:
    store = disk / "store"
    assert run(store, filling(cli)).code != 0
    process("recover", "--store", str(store))  # helps nobody yet, and does no harm
    assert _mount("-o", "remount,size=64m", str(disk))
    assert process("recover", "--store", str(store)).code == 0
    found = execution(store)
    assert found["state"]["current"] == "SUCCESS"
    outputs = [run["outputs"] for run in found["taskRunList"] if run["taskId"] == "fill"]
    assert [len(each["value"]) for each in outputs] == [3800] * ROUNDS


def test_a_run_on_a_full_disk_says_why_it_stops(disk: Path, cli: Cli) -> None:
    for said in (run(disk / "store", filling(cli)), process("recover", "--store", str(disk / "store"))):
        assert said.code in (1, 2)
        assert "the disk is full" in said.err + said.out


def test_a_store_for_which_there_is_no_space_is_refused(disk: Path, cli: Cli) -> None:
    with (disk / "filler").open("wb", 0) as filler, suppress(OSError):
        while True:
            filler.write(bytes(1 << 12))
    said = run(disk / "store", cli.file("a.yaml", flow(log("x"))))
    assert said.code == 2
    assert "Traceback" not in said.err
    assert "disk is full" in said.err or "No space left" in said.err
    os.unlink(disk / "filler")
    assert run(disk / "store", cli.file("a.yaml", flow(log("x")))).code == 0


def test_an_input_file_beyond_a_limit_on_files_is_refused_and_nothing_is_recorded(cli: Cli) -> None:
    """The same without a disk of its own: `ulimit -f`."""
    data = cli.folder / "data.bin"
    data.write_bytes(bytes(3_000_000))
    path = cli.file("a.yaml", flow(log("x"), inputs=[{"id": "data", "type": "FILE"}]))
    limited = ["/bin/sh", "-c", 'ulimit -f 2048; exec "$@"', "sh", *COMMAND]
    done = subprocess.run(
        [*limited, "run", path, "--store", str(cli.store), "--input", f"data={data}"],
        capture_output=True,
        text=True,
        timeout=30,
        env=environment(),
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "the disk is full" in done.stderr
    assert cli.json("executions", "list") == []
    assert not [file for file in (cli.store / "objects").rglob("*") if file.is_file()]
    assert cli.on_store("run", path, "--input", f"data={data}").code == 0
