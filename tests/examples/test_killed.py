"""`kill -9` at any moment of the flights pipeline: `tiercel recover`, or whatever is started next, finishes it.

The moments are drawn from a fixed seed and spread over the time that a run takes here and now, so they fall on
different steps on each machine: the promise holds for any moment.
"""

from __future__ import annotations

import time
from pathlib import Path
from random import Random

import pytest

from cli.calling import COMMAND, Cli, Said, process
from examples.places import FLIGHTS, FLOWS, JANUARY, YEAR, Database, new_database, states, store_with
from examples.processes import running
from postgres import PostgresServer

ROUNDS = 8
START = 0.3
"""The part of a run's time in which Python starts and nothing else happens."""

PATIENCE = 30.0
"""Seconds for which is waited that all it has started is gone: the machine may be busy."""


@pytest.fixture(scope="module")
def usual(postgres: PostgresServer, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> float:
    """Return how many seconds the pipeline takes for a month, with its environment made."""
    cli = store_with(cache, tmp_path_factory.mktemp("usual"))
    database = new_database(postgres, "usual")
    spans = []
    for _ in range(2):
        start = time.monotonic()
        assert process(*run_of(cli, database)).code == 0
        spans.append(time.monotonic() - start)
    return min(spans)


def run_of(cli: Cli, database: Database, month: str = "1") -> list[str]:
    return ["run", FLIGHTS, "--store", str(cli.store), "--input", f"month={month}", *database.inputs]


def killed(cli: Cli, arguments: list[str], seconds: float) -> bool:
    """Start a command and kill it after so long; tell whether it was still at work. All that it started is gone."""
    with running([*COMMAND, *arguments], cli.folder / "tmp") as started:
        alive = started.lives_for(seconds)
        started.kill_alone()
        assert started.is_extinct_within(PATIENCE), started.survivors()
    return alive


def recover(cli: Cli) -> Said:
    return process("recover", "--store", str(cli.store))


def check(cli: Cli, database: Database, rows: int = JANUARY) -> None:
    """See that the run came to its good end, or that it never began."""
    listed = cli.json("executions", "list", "--flow", "flights") if (cli.store / "tiercel.db").exists() else []
    if not listed:
        assert not database.has_table("flights")
        return
    assert [each["state"]["current"] for each in listed] == ["SUCCESS"]
    execution = cli.json("executions", "get", listed[0]["id"])
    assert set(states(execution).values()) == {"SUCCESS"}
    assert (execution["outputs"]["flights"], execution["outputs"]["changed"]) == (rows, rows)
    assert database.flights() == (rows, rows, 1)
    assert recover(cli).out == "nothing to recover\n"


@pytest.mark.parametrize("number", range(ROUNDS))
def test_a_run_that_is_killed_is_finished(number: int, cli: Cli, database: Database, usual: float) -> None:
    chance = Random(f"killed {number}")
    part = START + (1 - START) * (number + chance.random()) / ROUNDS
    killed(cli, run_of(cli, database), part * usual)
    if number % 3 == 1:  # the one that finishes it may be killed too
        killed(cli, ["recover", "--store", str(cli.store)], chance.uniform(START, 0.9) * usual)
    if number % 3 == 2:  # and anything that runs on the store will do
        assert cli.on_store("run", str(FLOWS / "hello.yaml"), "-q").code == 0
    elif (cli.store / "tiercel.db").exists():
        said = recover(cli)
        assert said.code == 0, said.err
    check(cli, database)


def test_months_that_are_loaded_side_by_side_are_finished(cli: Cli, database: Database) -> None:
    with running([*COMMAND, *run_of(cli, database, "all")], cli.folder / "tmp") as started:
        assert started.has_said("SUCCESS  merge [")
        started.kill_alone()
        assert started.is_extinct_within(PATIENCE), started.survivors()
    assert recover(cli).code == 0
    check(cli, database, YEAR)


def test_a_run_that_is_killed_while_it_installs_is_finished(tmp_path: Path, database: Database) -> None:
    """The environment that was half made is not taken for a whole one."""
    cli = Cli(tmp_path)
    with running([*COMMAND, *run_of(cli, database)], tmp_path / "tmp") as started:
        assert started.has_said("making a Python")
        started.lives_for(Random("installing").uniform(0.5, 4))
        started.kill_alone()
        assert started.is_extinct_within(PATIENCE), started.survivors()
    assert recover(cli).code == 0
    check(cli, database)
    environments = [path for path in (cli.store / "cache" / "envs").iterdir() if path.is_dir()]
    assert len({path.resolve() for path in environments}) == 1, environments
