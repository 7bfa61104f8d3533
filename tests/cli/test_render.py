"""`tiercel render`: an expression as an execution sees it."""

from __future__ import annotations

import base64

import pytest

from cli.calling import Cli, flow

LOOP = (
    "id: each, type: io.kestra.plugin.core.flow.ForEach, values: [p, q], tasks: ["
    "{id: give, type: io.kestra.plugin.core.debug.Return, format: '{{ taskrun.value }}!'}]"
)


@pytest.fixture
def execution(cli: Cli) -> str:
    """Run a flow to its end; give the execution's id."""
    path = cli.file("a.yaml", flow(LOOP, more="inputs: [{id: n, type: INT, defaults: 3}]"))
    return str(cli.json("run", path, "--quiet")["id"])


def test_an_expression_is_rendered_with_or_without_braces(cli: Cli, execution: str) -> None:
    for text in ("inputs.n + 1", "{{ inputs.n + 1 }}"):
        said = cli.on_store("render", text, "--execution", execution)
        assert (said.code, said.out) == (0, "4\n")


def test_json_keeps_the_type(cli: Cli, execution: str) -> None:
    assert cli.json("render", "[inputs.n, 'x']", "--execution", execution) == [3, "x"]


def test_a_task_sees_its_own_round(cli: Cli, execution: str) -> None:
    for task, value in (("give", "q"), ("give[0]", "p")):
        assert cli.on_store("render", "taskrun.value", "--execution", execution, "--task", task).out == f"{value}\n"


def test_a_task_that_has_not_run_is_refused(cli: Cli, execution: str) -> None:
    said = cli.on_store("render", "1", "--execution", execution, "--task", "gvie")
    assert said.code == 2
    assert "those that have: each, give" in said.err


def test_an_expression_that_fails_says_what_is_known(cli: Cli, execution: str) -> None:
    said = cli.on_store("render", "inptus.n", "--execution", execution)
    assert (said.code, said.out) == (1, "")
    assert "inputs" in said.err


def test_secrets_are_masked(cli: Cli, execution: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", base64.b64encode(b"hunter2hunter2").decode())
    for more in ([], ["--output", "json"]):
        said = cli.on_store("render", "secret('KEY')", "--execution", execution, *more)
        assert said.code == 0
        assert "hunter2" not in said.out
        assert "masked" in said.out
