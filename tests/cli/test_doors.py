"""The command line as a whole: help, names, failures, start-up."""

from __future__ import annotations

import subprocess
import sys

import pytest

from cli.calling import COMMAND, Cli, environment, flow, process
from tiercel import __version__

GOOD = flow("id: a, type: io.kestra.plugin.core.log.Log, message: x")


def test_the_version_is_told(cli: Cli) -> None:
    assert cli("--version").out == f"tiercel {__version__}\n"


@pytest.mark.parametrize(
    "command",
    ["", "run", "validate", "executions", "executions list", "flows show", "files cat", "render", "recover", "plugins"],
)
def test_every_command_has_help(cli: Cli, command: str) -> None:
    said = cli(*command.split(), "--help")
    assert said.code == 0
    assert "Usage: tiercel" in said.out


def test_every_command_of_the_tables_is_there() -> None:
    import click

    from tiercel.cli.app import cli as commands

    with click.Context(commands) as ctx:
        for name in commands.list_commands(ctx):
            command = commands.get_command(ctx, name)
            assert command is not None
            if isinstance(command, click.Group):
                assert all(command.get_command(ctx, each) for each in command.list_commands(ctx))


def test_an_unknown_command_is_answered_with_the_nearest(cli: Cli) -> None:
    assert "no command 'exections': nearest is 'executions'" in cli("exections").err
    assert cli("executions", "gte", "x").code == 2


def test_a_bug_gets_one_line_and_a_trace_only_on_request(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(path: str) -> bytes:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr("tiercel.cli.sources.read_source", broken)
    said = cli("validate", "x.yaml")
    assert said.code == 70
    assert "this is a bug in Tiercel: ZeroDivisionError: ours" in said.err
    assert "Traceback" not in said.err
    monkeypatch.setenv("TIERCEL_DEBUG", "1")
    assert "Traceback" in cli("validate", "x.yaml").err


def test_plugins_are_listed_and_shown(cli: Cli) -> None:
    assert "io.kestra.plugin.core.log.Log" in cli("plugins", "list", "log.log").out.split()
    said = cli("plugins", "show", "Log")
    assert "message  text or list of text required" in said.out
    names = [each["name"] for each in cli("plugins", "show", "core.log.Log", "--all", "-o", "json").json["properties"]]
    assert {"message", "level", "retry"} <= set(names)
    request = cli("plugins", "show", "core.http.Request")
    assert "It gives:" in request.out
    assert "encryptedBody  map" in request.out
    assert "It gives:" not in cli("plugins", "show", "Log").out
    given = cli("plugins", "show", "core.debug.Return", "-o", "json").json["outputs"]
    assert [(each["name"], each["type"]) for each in given] == [("value", "text")]
    said = cli("plugins", "show", "core.log.Lgo")
    assert said.code == 2
    assert "nearest is 'io.kestra.plugin.core.log.Log'" in said.err


def test_every_plugin_can_be_shown(cli: Cli) -> None:
    for each in cli("plugins", "list", "core.", "-o", "json").json:
        assert cli("plugins", "show", each["type"], "--all").code == 0, each


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed(cli: Cli, shell: str) -> None:
    assert "_TIERCEL_COMPLETE" in cli("completion", shell).out


def test_completion_answers() -> None:
    said = process("", _TIERCEL_COMPLETE="bash_complete", COMP_WORDS="tiercel executions re", COMP_CWORD="2")
    assert said.out.split() == ["plain,resume-from-breakpoint", "plain,replay", "plain,restart", "plain,resume"]


def test_nobody_who_reads_is_no_error(cli: Cli) -> None:
    command = [*COMMAND, "plugins", "list", "-o", "json"]
    piped = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
    assert piped.stdout is not None
    assert piped.stderr is not None
    piped.stdout.close()
    assert piped.wait(60) in (0, 1)
    assert piped.stderr.read() == b""
    piped.stderr.close()


@pytest.mark.parametrize(
    ("arguments", "unwanted"),
    [
        (["--version"], ["tiercel.runtime", "tiercel.flowfile", "pydantic", "rich", "yaml", "msgspec", "sqlite3"]),
        (["--help"], ["tiercel.runtime", "tiercel.flowfile", "pydantic", "rich", "yaml", "msgspec", "sqlite3"]),
        (["validate", "a.yaml"], ["tiercel.runtime", "tiercel.worker", "rich", "httpx", "sqlite3"]),
    ],
)
def test_nothing_is_imported_that_is_not_needed(cli: Cli, arguments: list[str], unwanted: list[str]) -> None:
    cli.file("a.yaml", GOOD)
    code = (
        "import sys; from tiercel.cli.failures import run_command; "
        f"code = run_command({arguments!r}); assert code == 0, code; print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=cli.folder, env=environment(), check=True
    )
    assert not set(unwanted) & set(done.stderr.split())
