"""A store that cannot be one, and two commands on one store at the same time."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from badinput.flows import flow, log, shell, task
from cli.calling import COMMAND, Cli, environment

COMMANDS = [["flows", "list"], ["executions", "list"], ["recover"], ["executions", "get", "x"], ["run", "FLOW"]]


def refused(cli: Cli, store: Path, *arguments: str) -> str:
    """Call a command that cannot work on its store; return what it says."""
    path = cli.file("a.yaml", flow(log("x")))
    said = cli(*(path if each == "FLOW" else each for each in arguments), "--store", str(store))
    assert (said.code, said.out) == (2, "")
    assert "Traceback" not in said.err
    assert "bug" not in said.err
    assert store.name in said.err
    return said.err


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_store_that_is_a_file_is_refused(command: list[str], cli: Cli) -> None:
    file = Path(cli.file("file", "text"))
    assert "is a file" in refused(cli, file, *command)
    assert file.read_text() == "text"


def test_a_store_below_a_file_or_where_nobody_may_write_is_refused(cli: Cli) -> None:
    Path(cli.file("file", "text"))
    for store in (cli.folder / "file" / "store", Path("/proc/store"), Path("/dev/null/store")):
        assert "cannot be used" in refused(cli, store, "run", "FLOW")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_not_ours_is_refused(cli: Cli) -> None:
    closed = cli.folder / "closed"
    closed.mkdir(mode=0o555)
    assert "cannot be used" in refused(cli, closed / "store", "run", "FLOW")


@pytest.mark.parametrize("command", COMMANDS[:-1], ids=" ".join)
def test_a_folder_without_a_store_is_named_and_left_as_it_is(command: list[str], cli: Cli) -> None:
    empty = cli.folder / "empty"
    empty.mkdir()
    assert "there is no store in" in refused(cli, empty, *command)
    assert list(empty.iterdir()) == []


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_store_that_is_damaged_is_named_with_what_to_do(command: list[str], cli: Cli) -> None:
    store = cli.folder / "damaged"
    store.mkdir()
    (store / "tiercel.db").write_text("this is no database, whatever its name says" * 100)
    assert "is damaged or not a store" in refused(cli, store, *command)


def test_commands_on_one_store_at_the_same_time_all_succeed(cli: Cli) -> None:
    words = [f"word{number}" for number in range(8)]
    loop = task(
        "each", "flow.ForEach", values=words, concurrencyLimit=0, tasks=[shell("say", "echo {{ taskrun.value }}")]
    )
    path = cli.file("a.yaml", flow(loop, log("after")))
    command = [*COMMAND, "run", path, "--store", str(cli.store), "-q"]
    at_once = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())
        for _ in range(3)
    ]
    said = [each.communicate(timeout=60) for each in at_once]
    assert [each.returncode for each in at_once] == [0, 0, 0], said
    assert all(out.endswith("SUCCESS\n") and not err for out, err in said), said
    listed = cli.json("executions", "list")
    assert [each["state"]["current"] for each in listed] == ["SUCCESS"] * 3
    assert {out.split()[0] for out, _ in said} == {each["id"] for each in listed}
    assert len(cli.json("flows", "list")) == 1
    for each in listed:
        runs = cli.json("executions", "get", each["id"])["taskRunList"]
        assert sorted(run["value"] for run in runs if run["taskId"] == "say") == words
    assert cli.on_store("recover").out == "nothing to recover\n"
