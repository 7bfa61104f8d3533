"""Secrets stand in no log, no error, no input that is shown, and in the store only encrypted.

What a task itself gives as its output is its author's choice (flow specification, 10.5) and is not looked at here.
"""

from __future__ import annotations

import base64
from typing import Any

import pytest

from badinput.flows import flow, log, shell, task
from cli.calling import Cli

INPUT, TOKEN = "s3cr3t-v4lue/of+an=input", "t0k3n-of-the-environment"
HIDDEN = [text for secret in (INPUT, TOKEN) for text in (secret, base64.b64encode(secret.encode()).decode())]
INPUTS = [{"id": "key", "type": "SECRET"}]
FAILING = [
    "{{ inputs.key | number }}",
    "{{ fromJson(inputs.key) }}",
    "{{ inputs[inputs.key] }}",
    "{{ outputs[secret('TOKEN')] }}",
    "{{ read(inputs.key) }}",
    "{{ kv(inputs.key) }}",
    "{{ secret(inputs.key) }}",
    "{{ inputs.key | date('X') }}",
    "{{ render('{{ ' ~ inputs.key ~ ' }}') }}",
]


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", base64.b64encode(TOKEN.encode()).decode())


def run(cli: Cli, *tasks: dict[str, Any], code: int = 0, **more: Any) -> str:
    """Run a flow; return all that may be shown of it, but for the outputs of its tasks."""
    path = cli.file("a.yaml", flow(*tasks, inputs=INPUTS, **more))
    said = cli.on_store("run", path, "--input", f"key={INPUT}", "-o", "json")
    assert said.code == code, said.err
    execution = said.json
    for each in execution["taskRunList"]:
        each["outputs"] = None
    plain = cli.on_store("executions", "logs", execution["id"])
    seen = cli.on_store("executions", "get", execution["id"])
    return "\n".join((str(execution), said.err, plain.out, seen.out))


def leaks(shown: str) -> list[str]:
    """Return the lines in which a secret stands."""
    return [line for line in shown.splitlines() if any(text in line for text in HIDDEN)]


def test_what_a_script_prints_is_masked(cli: Cli) -> None:
    script = """
        echo "the key is $KEY"; echo "and $TOKEN" >&2; echo "twice $KEY$KEY"
        printf %s "$KEY" | base64 -w0; echo
        printf '::{"logs": [{"level": "WARN", "message": "in a message: %s"}]}::\\n' "$TOKEN"
        cd "/nowhere/$KEY"
    """
    env = {"KEY": "{{ inputs.key }}", "TOKEN": "{{ secret('TOKEN') }}"}
    shown = run(cli, shell("x", script, env=env, allowFailure=True))
    assert leaks(shown) == []
    assert "the key is **masked*" in shown
    assert "in a message: **masked*" in shown


def test_what_is_logged_and_why_a_task_failed_is_masked(cli: Cli) -> None:
    tasks = [
        log("x", "{{ inputs.key }} and {{ secret('TOKEN') }} and {{ inputs }}"),
        task("fail", "execution.Fail", errorMessage="{{ inputs.key }} broke"),
        shell("script", "{{ inputs.key }}", interpreter=["{{ secret('TOKEN') }}"]),
        shell("exit", "echo {{ inputs.key }} >&2; exit 3"),
        task("http", "http.Request", uri="http://127.0.0.1:1/{{ inputs.key | urlencode }}?t={{ secret('TOKEN') }}"),
        task("sql", "io.kestra.plugin.jdbc.sqlite.Query", url="jdbc:sqlite:", sql="SELECT '{{ inputs.key }}' FROM no"),
    ]
    shown = run(cli, *({**each, "allowFailure": True} for each in tasks))
    assert leaks(shown) == []
    assert shown.count("**masked*") >= 10


def test_an_output_that_holds_a_secret_is_masked_in_the_logs_that_show_it(cli: Cli) -> None:
    give = task("give", "debug.Return", format="{{ inputs.key }}")
    assert leaks(run(cli, give, log("x", "{{ outputs.give.value }} {{ outputs }}"))) == []


@pytest.mark.parametrize("expression", FAILING)
def test_an_expression_that_fails_on_a_secret_is_masked(expression: str, cli: Cli) -> None:
    shown = run(cli, log("x", f"x{expression}", allowFailure=True))
    assert leaks(shown) == []


@pytest.mark.parametrize(
    "kind",
    [
        {"id": "x", "type": "io.kestra.plugin.core.log.Log", "message": "x", "runIf": "WHAT"},
        {"id": "x", "type": "io.kestra.plugin.core.flow.ForEach", "values": "WHAT", "tasks": [log("in")]},
        {"id": "x", "type": "io.kestra.plugin.core.flow.Switch", "value": "WHAT", "cases": {"a": [log("in")]}},
    ],
    ids=["runIf", "ForEach", "Switch"],
)
def test_an_expression_that_fails_in_the_planner_is_masked(kind: dict[str, Any], cli: Cli) -> None:
    tasks = []
    for number, expression in enumerate(FAILING):
        each = {name: expression if value == "WHAT" else value for name, value in kind.items()}
        inner = [log(f"in{number}")]
        within = {"tasks": inner, "cases": {"a": inner}}
        named = {name: value for name, value in within.items() if name in each}
        tasks.append({**each, **named, "id": f"x{number}", "allowFailure": True})
    assert leaks(run(cli, *tasks)) == []


def test_an_output_of_the_flow_that_fails_on_a_secret_is_masked(cli: Cli) -> None:
    outputs = [{"id": "n", "type": "INT", "value": "{{ inputs.key }}"}]
    assert leaks(run(cli, log("x"), code=1, outputs=outputs)) == []


def test_a_subflow_that_is_named_by_a_secret_is_masked(cli: Cli) -> None:
    call = task("x", "flow.Subflow", namespace="tests", flowId="{{ inputs.key }}", allowFailure=True)
    assert leaks(run(cli, call)) == []


def test_an_input_and_an_output_that_are_secret_are_kept_and_shown_encrypted(cli: Cli) -> None:
    outputs = [{"id": "out", "type": "SECRET", "value": "{{ inputs.key }}"}]
    shown = run(cli, log("x", "{{ inputs.key }}"), outputs=outputs)
    assert leaks(shown) == []
    assert shown.count("io.kestra.datatype:aes_encrypted") >= 2
    for file in cli.store.rglob("*"):
        if file.is_file():
            assert not any(text.encode() in file.read_bytes() for text in HIDDEN), file


def test_a_secret_that_its_rule_refuses_is_not_repeated(cli: Cli) -> None:
    path = cli.file("a.yaml", flow(log("x"), inputs=[{"id": "key", "type": "SECRET", "validator": "[0-9]+"}]))
    said = cli.on_store("run", path, "--input", f"key={INPUT}")
    assert said.code == 2
    assert "`key`" in said.err
    assert INPUT not in said.err


@pytest.mark.parametrize("made_of", ["{{ inputs.key }}", "{{ secret('TOKEN') }}", "x{{ inputs.key }}"])
def test_an_input_whose_default_is_made_of_a_secret_does_not_repeat_it(made_of: str, cli: Cli) -> None:
    number = {"id": "n", "type": "INT", "defaults": made_of, "dependsOn": {"inputs": ["key"]}}
    path = cli.file("a.yaml", flow(log("x"), inputs=[*INPUTS, number]))
    said = cli.on_store("run", path, "--input", f"key={INPUT}")
    assert said.code == 2
    assert "`n`, Expected `INT`" in said.err
    assert leaks(said.err) == []


def test_a_check_sees_a_secret_and_does_not_repeat_it(cli: Cli) -> None:
    holds = {"condition": "{{ inputs.key == '" + INPUT + "' }}", "message": "another key is wanted"}
    run(cli, log("x"), checks=[holds])
    wrong = {**holds, "condition": "{{ inputs[inputs.key] }}"}
    path = cli.file("a.yaml", flow(log("x"), inputs=INPUTS, checks=[wrong]))
    said = cli.on_store("run", path, "--input", f"key={INPUT}")
    assert said.code == 2
    assert "another key is wanted" in said.err
    assert leaks(said.err) == []


def test_a_part_of_a_secret_is_text_or_json(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = b'{"text": "plain", "number": 5, "map": {"a": [1, "\xc3\xa4"]}}'
    monkeypatch.setenv("SECRET_PARTS", base64.b64encode(secret).decode())
    parts = " ".join("{{ secret('PARTS', subkey='" + name + "') }}" for name in ("text", "number", "map"))
    execution = cli.json("run", cli.file("a.yaml", flow(task("x", "debug.Return", format=parts))))
    assert execution["taskRunList"][0]["outputs"] == {"value": 'plain 5 {"a":[1,"ä"]}'}
