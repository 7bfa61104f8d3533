"""What the examples stand on: a store whose environments are shared, and a database of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from cli.calling import Cli
from postgres import PostgresServer

ROOT = Path(__file__).resolve().parents[2]
FLOWS = ROOT / "flows"
FLIGHTS = str(FLOWS / "flights.yaml")
JANUARY = 27_004
"""How many flights left New York in January 2013."""
YEAR = 336_776
"""How many did in all of 2013."""


def store_with(cache: Path, folder: Path) -> Cli:
    """Return the command line on a store in a folder, with the environments of scripts in another.

    Making the environment of the flights takes some eight seconds: it is made once.
    """
    cli = Cli(folder)
    cli.store.mkdir()
    (cli.store / "cache").symlink_to(cache)
    return cli


@dataclass(frozen=True)
class Database:
    """An empty database on the tests' server."""

    server: PostgresServer
    name: str

    @property
    def url(self) -> str:
        """The JDBC address, without user and password."""
        return f"jdbc:postgresql://{self.server.host}:{self.server.port}/{self.name}"

    @property
    def url_with_password(self) -> str:
        """The JDBC address with all that it takes to log in."""
        return f"{self.url}?user={self.server.user}&password={self.server.password}"

    @property
    def inputs(self) -> list[str]:
        """How a command is told of it."""
        return ["--input", f"url={self.url}", "--input", f"password={self.server.password}"]

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        """Open a connection; each statement is a transaction."""
        server = self.server
        return psycopg.connect(
            host=server.host,
            port=server.port,
            user=server.user,
            password=server.password,
            dbname=self.name,
            autocommit=True,
        )

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return what a query finds."""
        with self.connect() as connection:
            return connection.execute(query.encode()).fetchall()

    def has_table(self, name: str) -> bool:
        """Tell whether there is a table."""
        return bool(self.rows(f"SELECT to_regclass('{name}') IS NOT NULL")[0][0])

    def flights(self) -> tuple[int, ...]:
        """Return how many flights there are, how many different ones, and how many executions wrote them."""
        key = "(year, month, day, carrier, flight, origin)"
        return self.rows(f"SELECT count(*), count(DISTINCT {key}), count(DISTINCT changed_by) FROM flights")[0]


def new_database(server: PostgresServer, name: str) -> Database:
    """Make an empty database; one of that name is removed first, with whoever is still connected."""
    whole = Database(server, server.database)
    with whole.connect() as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return Database(server, name)


def states(execution: Any) -> dict[str, str]:
    """Return the state of each task run of an execution's document, by the task; rounds as `task[value]`."""

    def name(run: Any) -> str:
        return run["taskId"] if run["value"] is None else f"{run['taskId']}[{run['value']}]"

    return {name(run): run["state"]["current"] for run in execution["taskRunList"]}


def messages(execution: Any, task: str | None = None) -> Sequence[str]:
    """Return the log lines of an execution's document, or those of one of its tasks."""
    return [line["message"] for line in execution["logs"] if task in (None, line.get("taskId"))]
