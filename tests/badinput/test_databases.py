"""A CSV with a broken row, and a database that is down: a clear error, and the table as it was."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from badinput.flows import errors, flow, task
from cli.calling import Cli
from examples.places import Database
from postgres import PostgresServer

POSTGRESQL = "io.kestra.plugin.jdbc.postgresql"
INPUTS = [{"id": "csv", "type": "FILE"}, {"id": "url", "type": "STRING"}, {"id": "password", "type": "SECRET"}]
SECRET = "n0b0dy-Kn0ws-this"


def login(cli: Cli, kind: str, **properties: object) -> str:
    """Return the path of a flow with one task of PostgreSQL."""
    place = {"url": "{{ inputs.url }}", "username": "postgres", "password": "{{ inputs.password }}"}
    return cli.file("a.yaml", flow(task("load", f"{POSTGRESQL}.{kind}", **place, **properties), inputs=INPUTS))


def copy_in(cli: Cli) -> str:
    return login(cli, "CopyIn", **{"from": "{{ inputs.csv }}"}, table="people", format="CSV", header=True)


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (b"2,Ada\n3,Bob\n4,Cy,extra\n5,Di\n", ["extra data after last expected column", "line 4"]),
        (b"2,Ada\n3\n", ["missing data for column", "line 3"]),
        (b"2,Ada\nx3,Bob\n", ["invalid input syntax for type integer", "line 3", "column id"]),
        (b"2,Ada\n2,Bob\n", ["duplicate key", "line 3"]),
        (b'2,"Ada\n3,Bob\n', ["unterminated CSV quoted field"]),
        (b"2,\xff\xfe\n", ["invalid byte sequence", "line 2"]),
        (b"2,Ada\n" * 2 + b"3,\x00\n", ["line"]),
    ],
    ids=["one too many", "one too few", "no number", "twice", "open quote", "no text", "a zero byte"],
)
def test_a_broken_row_leaves_the_table_as_it_was(
    rows: bytes, found: list[str], cli: Cli, postgres: PostgresServer
) -> None:
    csv = cli.folder / "people.csv"
    csv.write_bytes(b"id,name\n" + rows)
    with Database(postgres, postgres.database).connect() as connection:
        connection.execute("DROP TABLE IF EXISTS people")
        connection.execute("CREATE TABLE people(id int PRIMARY KEY, name text)")
        connection.execute("INSERT INTO people VALUES (1, 'before')")
        arguments = ["--input", f"csv={csv}", "--input", f"url={postgres.url}", "-i", f"password={postgres.password}"]
        execution = cli.json("run", copy_in(cli), *arguments, code=1)
        assert connection.execute("SELECT id, name FROM people").fetchall() == [(1, "before")]
    (error,) = errors(execution, "load")
    assert f"{postgres.host}:{postgres.port}" in error
    assert all(text in error for text in found), error
    assert postgres.password not in str(execution)


@contextmanager
def _dead() -> Iterator[int]:
    """Give a port at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield int(taken.getsockname()[1])


@contextmanager
def _rude() -> Iterator[int]:
    """Give a port at which somebody hangs up on everybody."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            while True:
                try:
                    server.accept()[0].close()
                except OSError:
                    return

        thread = threading.Thread(target=hang_up, daemon=True)
        thread.start()
        yield int(server.getsockname()[1])
        server.shutdown(socket.SHUT_RDWR)
        thread.join(60)


@pytest.mark.parametrize("kind", ["Query", "CopyIn"])
@pytest.mark.parametrize("server", [_dead, _rude], ids=["down", "rude"])
def test_a_database_that_is_down_is_named_without_its_password(server: object, kind: str, cli: Cli) -> None:
    csv = cli.file("people.csv", "id,name\n")
    path = copy_in(cli) if kind == "CopyIn" else login(cli, "Query", sql="SELECT 1")
    assert callable(server)
    with server() as port:
        for url in (
            f"jdbc:postgresql://127.0.0.1:{port}/db",
            f"jdbc:postgresql://me:{SECRET}@127.0.0.1:{port}/db?password={SECRET}",
        ):
            inputs = ["--input", f"csv={csv}", "--input", f"url={url}", "--input", f"password={SECRET}"]
            said = cli.on_store("run", path, *inputs, "-o", "json")
            assert said.code == 1
            (error,) = errors(said.json, "load")
            assert f"cannot connect to PostgreSQL at 127.0.0.1:{port}/db" in error
            shown = str({**said.json, "inputs": {**said.json["inputs"], "url": ""}}) + said.err  # the url is no secret
            assert SECRET not in shown


def test_a_host_that_there_is_not_is_named(cli: Cli) -> None:
    url = "jdbc:postgresql://nowhere.invalid:5432/db"
    inputs = ["-i", f"csv={cli.file('x.csv', '')}", "-i", f"url={url}", "-i", f"password={SECRET}"]
    execution = cli.json("run", login(cli, "Query", sql="SELECT 1"), *inputs, code=1)
    assert "cannot connect to PostgreSQL at nowhere.invalid:5432/db" in errors(execution, "load")[0]


def test_a_wrong_password_is_told_without_it(cli: Cli, postgres: PostgresServer) -> None:
    inputs = ["-i", f"csv={cli.file('x.csv', '')}", "-i", f"url={postgres.url}", "-i", f"password={SECRET}"]
    execution = cli.json("run", login(cli, "Query", sql="SELECT 1"), *inputs, code=1)
    assert "password authentication failed" in errors(execution, "load")[0]
    assert SECRET not in str(execution)
