"""Each example flow is valid, stands in the README, and does what its comments promise."""

from __future__ import annotations

import re
import shlex

import pytest

from cli.calling import Cli
from examples.places import FLIGHTS, FLOWS, JANUARY, ROOT, Database, messages, states
from tiercel.flowfile import parse_flow

EXAMPLES = sorted(path.name for path in FLOWS.glob("*.y*ml") if ".test." not in path.name)

PROMISED = {
    "hello.yaml": (0, "SUCCESS"),
    "hello.yaml --input name=Ada": (0, "SUCCESS"),
    "fan-out.yaml": (0, "SUCCESS"),
    """fan-out.yaml --input 'words=["owl","kestrel"]'""": (0, "SUCCESS"),
    "errors-and-retry.yaml": (1, "FAILED"),
    "errors-and-retry.yaml --input outage=short": (0, "WARNING"),
}
"""The commands of the comments, with their exit codes and states; those that need a database have their own tests."""


def commands(name: str) -> list[str]:
    """Return the commands that the comments of a flow show, without the words behind them."""
    shown = re.findall(r"^#   tiercel run flows/(.+?)(?:\s{2,}.*)?$", (FLOWS / name).read_text(), re.MULTILINE)
    return [command for command in shown if "url=" not in command]


@pytest.mark.parametrize("name", EXAMPLES)
def test_it_is_valid_and_nothing_in_it_is_out_of_date(cli: Cli, name: str) -> None:
    said = cli("validate", str(FLOWS / name), "-o", "json")
    assert said.code == 0, said.err
    document = said.json[0]
    assert (document["valid"], document["problems"], document["notices"]) == (True, [], [])


@pytest.mark.parametrize("name", EXAMPLES)
def test_it_stands_in_the_readme_and_says_what_it_is_for(name: str) -> None:
    assert f"`flows/{name}`" in (ROOT / "README.md").read_text()
    assert parse_flow((FLOWS / name).read_text()).description


def test_every_command_of_the_comments_is_tried() -> None:
    assert {command for name in EXAMPLES for command in commands(name)} == set(PROMISED)


@pytest.mark.parametrize("command", PROMISED)
def test_it_ends_as_its_comments_say(cli: Cli, command: str) -> None:
    name, *options = shlex.split(command)
    code, state = PROMISED[command]
    assert cli.json("run", str(FLOWS / name), *options, "--quiet", code=code)["state"]["current"] == state


def test_hello_greets(cli: Cli) -> None:
    execution = cli.json("run", str(FLOWS / "hello.yaml"), "--input", "name=Ada")
    assert execution["outputs"] == {"greeting": "Hello, Ada!"}
    assert messages(execution, "say") == ["Hello, Ada!"]
    assert cli.json("run", str(FLOWS / "hello.yaml"))["outputs"] == {"greeting": "Hello, world!"}


def test_fan_out_gathers_in_the_order_of_the_words(cli: Cli) -> None:
    execution = cli.json("run", str(FLOWS / "fan-out.yaml"), "--input", 'words=["owl","kestrel","owlet"]')
    assert execution["outputs"] == {
        "words": 3,
        "longest": "KESTREL",
        "report": "OWL has 3 letters, KESTREL has 7 letters, OWLET has 5 letters.",
    }
    assert messages(execution, "say") == [
        "3 words: kestrel, owl, owlet",
        "OWL has 3 letters, KESTREL has 7 letters, OWLET has 5 letters.",
        "The longest is KESTREL.",
    ]
    rounds = {f"{task}[{word}]" for task in ("shout", "measure") for word in ("owl", "kestrel", "owlet")}
    assert set(states(execution)) == rounds | {"each_word", "compare", "count", "alphabet", "longest", "report", "say"}


def test_a_long_outage_is_told_of_and_tidied_up_after(cli: Cli) -> None:
    execution = cli.json("run", str(FLOWS / "errors-and-retry.yaml"), code=1)
    wanted = {"decorate": "WARNING", "call_service": "FAILED", "tell": "SUCCESS", "tidy_up": "SUCCESS"}
    assert states(execution) == wanted
    runs = {run["taskId"]: run for run in execution["taskRunList"]}
    assert len(runs["call_service"]["attempts"]) == 3
    assert messages(execution, "tell") == [f"Execution {execution['id']} failed in: call_service."]


def test_a_short_outage_is_waited_for(cli: Cli) -> None:
    execution = cli.json("run", str(FLOWS / "errors-and-retry.yaml"), "--input", "outage=short")
    wanted = {"decorate": "WARNING", "call_service": "SUCCESS", "use_answer": "SUCCESS", "tidy_up": "SUCCESS"}
    assert states(execution) == wanted
    assert messages(execution, "use_answer") == ["The answer is 42, after 3 attempts."]


def test_a_month_of_flights_is_loaded_and_the_second_time_changes_nothing(cli: Cli, database: Database) -> None:
    where = "SELECT xmin, ctid FROM flights ORDER BY ctid"
    first = cli.json("run", FLIGHTS, "--input", "month=1", *database.inputs)
    assert (first["state"]["current"], first["outputs"]["flights"], first["outputs"]["changed"]) == (
        "SUCCESS",
        JANUARY,
        JANUARY,
    )
    assert database.flights() == (JANUARY, JANUARY, 1)
    assert [month["cancelled"] for month in first["outputs"]["by_month"]] == [521]
    written = database.rows(where)
    second = cli.json("run", FLIGHTS, "--input", "month=1", *database.inputs)
    assert (second["outputs"]["flights"], second["outputs"]["changed"]) == (JANUARY, 0)
    assert database.rows(where) == written
    assert database.server.password not in str([first, second])


def test_another_month_leaves_the_first_alone_and_a_changed_row_is_mended(cli: Cli, database: Database) -> None:
    assert cli.on_store("run", FLIGHTS, "--input", "month=1", *database.inputs, "-q").code == 0
    with database.connect() as connection:
        connection.execute("UPDATE flights SET dep_delay = 9999 WHERE month = 1 AND day = 1 AND origin = 'EWR'")
        changed = connection.execute("SELECT count(*) FROM flights WHERE dep_delay = 9999").fetchone()
    february = cli.json("run", FLIGHTS, "--input", "month=2", *database.inputs)["outputs"]
    assert (february["flights"], february["changed"]) == (24_951, 24_951)
    again = cli.json("run", FLIGHTS, "--input", "month=1", *database.inputs)["outputs"]
    assert changed is not None
    assert (again["flights"], again["changed"]) == (JANUARY, changed[0])
    assert database.rows("SELECT count(*) FROM flights WHERE dep_delay = 9999") == [(0,)]


def test_a_month_that_there_is_not_is_refused_before_anything_starts(cli: Cli) -> None:
    said = cli.on_store("run", FLIGHTS, "--input", "month=13")
    assert (said.code, said.out) == (2, "")
    assert "month" in said.err
    assert "must match the values" in said.err
    assert cli.json("executions", "list") == []
