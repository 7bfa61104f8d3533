"""`tiercel executions`, `files`, `flows` and `recover`."""

from __future__ import annotations

import getpass
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from cli.calling import Cli, flow
from tiercel.flowfile import parse_flow
from tiercel.intake import Request
from tiercel.model.execution import Execution
from tiercel.runtime import embedded

HELLO = "id: hello, type: io.kestra.plugin.core.log.Log, message: 'hello {{ execution.id }}'"
FAIL = "id: fail, type: io.kestra.plugin.core.execution.Fail, errorMessage: on purpose"
PAUSE = "id: stop, type: io.kestra.plugin.core.flow.Pause"


def ran(cli: Cli, tasks: str, code: int = 0, **more: str) -> Any:
    """Run a flow of these tasks."""
    return cli.json("run", cli.file("a.yaml", flow(tasks, **more)), "--quiet", code=code)


def test_get_shows_what_run_has_shown(cli: Cli) -> None:
    execution = ran(cli, HELLO)
    assert cli.json("executions", "get", execution["id"]) == execution


def test_get_as_text_shows_the_tree_of_task_runs(cli: Cli) -> None:
    loop = (
        "id: each, type: io.kestra.plugin.core.flow.ForEach, values: [p, q], tasks: ["
        "{id: a, type: io.kestra.plugin.core.debug.Return}, {id: b, type: io.kestra.plugin.core.debug.Return}]"
    )
    said = cli.on_store("executions", "get", ran(cli, loop)["id"])
    assert said.code == 0
    lines = [line.rstrip("0123456789. s") for line in said.out.splitlines()]
    start = lines.index("└─ ✔ each")
    assert lines[start + 1 : start + 7] == [
        "   ├─ ✔ [p]",
        "   │  ├─ ✔ a",
        "   │  └─ ✔ b",
        "   └─ ✔ [q]",
        "      ├─ ✔ a",
        "      └─ ✔ b",
    ]


@pytest.mark.parametrize("verb", ["get", "resume", "restart", "replay", "kill", "logs"])
def test_an_execution_that_is_not_there_is_refused(cli: Cli, verb: str) -> None:
    ran(cli, HELLO)
    said = cli.on_store("executions", verb, "nobody")
    assert (said.code, said.out) == (2, "")
    assert "there is no execution 'nobody'" in said.err


def test_a_store_that_is_not_there_is_refused_and_not_made(cli: Cli) -> None:
    for arguments in (["executions", "list"], ["flows", "list"], ["recover"], ["files", "cat", "kestra:///a"]):
        said = cli.on_store(*arguments)
        assert said.code == 2
        assert f"there is no store in {cli.store}" in said.err
    assert not cli.store.exists()


def test_a_paused_execution_is_resumed_and_run_to_its_end(cli: Cli) -> None:
    paused = ran(cli, f"{PAUSE}\n{HELLO}", code=3)
    resumed = cli.json("executions", "resume", paused["id"])
    assert resumed["id"] == paused["id"]
    assert resumed["state"]["current"] == "SUCCESS"
    assert resumed["taskRunList"][0]["outputs"]["resumed"]["by"] == getpass.getuser()


def test_an_execution_stops_at_breakpoints_and_says_how_it_goes_on(cli: Cli) -> None:
    source = cli.file("stops.yaml", flow(f"{HELLO}\n{HELLO.replace('hello', 'two', 1)}"))
    said = cli.on_store("run", source, "--breakpoints", "hello, two")
    assert said.code == 3
    [stopped] = cli.json("executions", "list")
    wanted = f"tiercel executions resume-from-breakpoint {stopped['id']}"
    assert wanted in said.out
    shown = cli.json("executions", "resume-from-breakpoint", stopped["id"], "--breakpoints", "two", code=3)
    assert [run["state"]["current"] for run in shown["taskRunList"]] == ["SUCCESS", "BREAKPOINT"]
    assert cli.json("executions", "resume-from-breakpoint", stopped["id"])["state"]["current"] == "SUCCESS"
    again = cli.json("executions", "replay", stopped["id"], "--breakpoints", "two", code=3)
    assert again["breakpoints"] == [{"id": "two", "value": None}]
    assert cli.json("executions", "kill", again["id"])["state"]["current"] == "KILLED"
    refused = cli.on_store("executions", "resume-from-breakpoint", again["id"])
    assert (refused.code, refused.out) == (2, "")


def test_what_is_not_paused_cannot_be_resumed(cli: Cli) -> None:
    said = cli.on_store("executions", "resume", ran(cli, HELLO)["id"])
    assert said.code == 2
    assert "not paused" in said.err


def test_a_paused_execution_is_killed(cli: Cli) -> None:
    killed = cli.json("executions", "kill", ran(cli, f"{PAUSE}\n{HELLO}", code=3)["id"])
    assert killed["state"]["current"] == "KILLED"


def test_values_name_rounds_only_with_a_task(cli: Cli) -> None:
    said = cli.on_store("executions", "replay", ran(cli, HELLO)["id"], "--value", "1")
    assert said.code == 2
    assert "name the task with --task" in said.err


def test_an_execution_is_changed_by_hand(cli: Cli) -> None:
    failed = ran(cli, f"{FAIL}\n{HELLO}", code=1)["id"]
    assert cli.json("executions", "change-status", failed, "killed")["state"]["current"] == "KILLED"
    shown = cli.json("executions", "set-labels", failed, "seen:yes")
    assert {"key": "seen", "value": "yes"} in shown["labels"]
    assert cli.json("executions", "change-state", failed, "fail", "SUCCESS")["state"]["current"] == "SUCCESS"
    for verb, wanted in [("pause", "RUNNING"), ("unqueue", "QUEUED"), ("force-run", "has not ended")]:
        said = cli.on_store("executions", verb, failed)
        assert (said.code, said.out) == (2, "")
        assert f"{failed} is SUCCESS; only one that" in said.err
        assert wanted in said.err


def test_an_execution_runs_again_with_other_inputs_and_on_another_revision(cli: Cli) -> None:
    asking = "inputs: [{id: name, type: STRING, defaults: me}]"
    give = "id: give, type: io.kestra.plugin.core.debug.Return, format: '{{ inputs.name }}'"
    old = ran(cli, f"{give}\n{FAIL}", code=1, more=asking)["id"]
    new = cli.json("executions", "replay", old, "--input", "name=you", code=1)
    assert new["inputs"] == {"name": "you"}
    cli.on_store("run", cli.file("a.yaml", flow(f"{give}\n{HELLO.replace('hello, type', 'fail, type')}", more=asking)))
    again = cli.json("executions", "restart", old, "--revision", "2")
    assert (again["parentId"], again["flowRevision"], again["state"]["current"]) == (old, 2, "SUCCESS")


def test_executions_are_listed_newest_first_and_by_state(cli: Cli) -> None:
    first, second = ran(cli, HELLO), ran(cli, FAIL, code=1)
    assert [each["id"] for each in cli.json("executions", "list")] == [second["id"], first["id"]]
    assert [each["id"] for each in cli.json("executions", "list", "--state", "SUCCESS")] == [first["id"]]
    assert cli.json("executions", "list", "--flow", "other") == []
    text = cli.on_store("executions", "list", "--limit", "1").out
    assert text.split() == [second["id"], *text.split()[1:3], "FAILED", "tests.one", *text.split()[5:]]


def test_logs_are_those_of_a_level_and_a_task(cli: Cli) -> None:
    give = "id: give, type: io.kestra.plugin.core.debug.Return, format: given"
    execution = ran(cli, f"{HELLO}\n{give}")
    said = cli.on_store("executions", "logs", execution["id"])
    assert said.out.endswith(f"INFO  hello: hello {execution['id']}\n")
    assert len(said.out.splitlines()) == 1
    lines = cli.json("executions", "logs", execution["id"], "--level", "debug", "--task", "give")
    assert [line["message"] for line in lines] == ["given"]


def test_a_log_line_cannot_command_the_terminal(cli: Cli) -> None:
    evil = 'id: evil, type: io.kestra.plugin.core.log.Log, message: "a\\e[2Jb"'
    execution = ran(cli, evil)
    assert "\x1b" not in cli.on_store("executions", "logs", execution["id"]).out
    assert "\x1b" in cli.json("executions", "logs", execution["id"])[0]["message"]


def test_flows_are_listed_and_shown(cli: Cli) -> None:
    ran(cli, HELLO)
    ran(cli, f"{HELLO}\n{FAIL}", code=1)
    assert cli.json("flows", "list") == [{"namespace": "tests", "id": "one", "revision": 2, "disabled": False}]
    assert cli.on_store("flows", "list").out == "tests.one  revision 2\n"
    assert cli.on_store("flows", "show", "tests.one").out == flow(f"{HELLO}\n{FAIL}")
    assert cli.on_store("flows", "show", "tests.one", "--revision", "1").out == flow(HELLO)
    said = cli.on_store("flows", "show", "tests.on")
    assert said.code == 2
    assert "nearest is 'tests.one'" in said.err


def test_a_file_that_is_not_there_is_refused(cli: Cli) -> None:
    ran(cli, HELLO)
    assert cli.on_store("files", "cat", "kestra:///tests/nothing").code == 2
    said = cli.on_store("files", "cat", "/etc/passwd")
    assert said.code == 2
    assert "wanted kestra:///" in said.err


def left_behind(cli: Cli) -> Execution:
    """Accept an execution in a runtime that is never started: nobody handles its messages."""
    runtime = embedded(cli.store)
    left = runtime.intake.accept(runtime.flows.deploy(parse_flow(flow(HELLO))), Request())
    runtime.close()
    return left


def test_reading_leaves_what_a_process_left_as_it_is(cli: Cli) -> None:
    left = left_behind(cli)

    def messages() -> list[Any]:
        with closing(sqlite3.connect(cli.store / "tiercel.db")) as database:
            return database.execute("SELECT * FROM messages").fetchall()

    before, owners = messages(), sorted((cli.store / "owners").iterdir())
    assert len(before) == 1
    for command in ("executions list", f"executions get {left.id}", f"executions logs {left.id}", "flows list"):
        assert cli.on_store(*command.split()).code == 0
    cli.on_store("files", "cat", "kestra:///tests/nothing")
    cli.on_store("render", "1", "--execution", left.id)
    assert messages() == before
    assert sorted((cli.store / "owners").iterdir()) == owners


def test_what_a_process_left_is_recovered(cli: Cli) -> None:
    left = left_behind(cli)
    said = cli.on_store("recover")
    assert said.code == 0
    assert "SUCCESS  hello" in said.out
    assert said.out.endswith(f"✔ SUCCESS  tests.one  {left.id}\n")
    assert cli.on_store("recover").out == "nothing to recover\n"
    assert cli.json("recover") == []
