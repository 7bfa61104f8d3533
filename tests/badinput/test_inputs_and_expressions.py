"""A missing or ill-typed input: its name and the rule. An expression that fails: itself, and what is known there."""

from __future__ import annotations

import json

import pytest

from badinput.flows import errors, flow, log, shell, states, task
from cli.calling import Cli

INPUTS = [
    {"id": "name", "type": "STRING", "validator": "[a-z]+", "defaults": "x"},
    {"id": "count", "type": "INT", "min": 1, "max": 9, "defaults": 1},
    {"id": "on", "type": "DATE", "required": False},
    {"id": "colour", "type": "SELECT", "values": ["red", "blue"], "defaults": "red"},
    {"id": "j", "type": "JSON", "required": False},
    {"id": "file", "type": "FILE", "required": False},
]


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ("count=many", "Expected `INT` but received `many`"),
        ("count=10", "`9`"),
        ("name=UPPER", "`[a-z]+`"),
        ("on=yesterday", "DATE"),
        ("colour=green", "it must match the values `[red, blue]`"),
        ("j={", "JSON"),
        ("file=/nowhere/at/all", "/nowhere/at/all"),
    ],
)
def test_an_ill_typed_input_is_refused_with_its_name_and_rule(given: str, rule: str, cli: Cli) -> None:
    said = cli.on_store("run", cli.file("a.yaml", flow(log("x"), inputs=INPUTS)), "--input", given)
    assert (said.code, said.out) == (2, "")
    assert given.partition("=")[0] in said.err
    assert rule in said.err
    assert cli.json("executions", "list") == []


def test_a_missing_input_is_refused_with_its_name(cli: Cli) -> None:
    path = cli.file("a.yaml", flow(log("x"), inputs=[{"id": "who", "type": "STRING"}]))
    said = cli.on_store("run", path)
    assert said.code == 2
    assert "`who`, missing required input" in said.err
    assert cli.json("executions", "list") == []


@pytest.mark.parametrize("text", ["[" * 3_000_000, json.dumps("x" * 3_000_000)[:-1]])
def test_a_huge_bad_value_is_refused_in_a_few_words(text: str, cli: Cli) -> None:
    inputs = cli.file("inputs.json", json.dumps({"j": text}))
    said = cli.on_store("run", cli.file("a.yaml", flow(log("x"), inputs=INPUTS)), "--inputs-file", inputs)
    assert said.code == 2
    assert "`j`" in said.err
    assert len(said.err) < 10_000
    said = cli.on_store("run", cli.file("a.yaml", flow(log("x"), inputs=INPUTS)), "--inputs-file", cli.file("x", text))
    assert said.code == 2
    assert len(said.err) < 10_000


@pytest.mark.parametrize(
    ("expression", "found", "known"),
    [
        ("{{ inputs.nmae }}", "Unable to find `nmae`", "(known here: name, count"),
        ("{{ outputs.frist.value }}", "Unable to find `frist`", "(known here: first"),
        ("{{ vars.x }}", "Unable to find `x`", "(known here: greeting)"),
        ("{{ nothing.here }}", "Unable to find `nothing`", "(known here: flow, execution, task"),
        ("{{ 1 + }}", "found the end, expected an expression", ""),
        ("{{ 'x' | uper }}", "uper", "upper"),
        ("{{ inputs.name.__class__ }}", "__class__", ""),
    ],
)
def test_an_expression_that_fails_is_told_with_the_names_that_are_known(
    expression: str, found: str, known: str, cli: Cli
) -> None:
    first = task("first", "debug.Return", format="x")
    text = flow(first, log("x", f"say {expression}"), log("y"), inputs=INPUTS[:2], variables={"greeting": "hello"})
    execution = cli.json("run", cli.file("a.yaml", text), code=1)
    assert states(execution) == {"first": "SUCCESS", "x": "FAILED"}
    (error,) = errors(execution, "x")
    assert found in error
    assert expression in error
    assert known in error


@pytest.mark.parametrize(
    "broken",
    [
        log("x", runIf="{{ inputs.nmae }}"),
        task("x", "flow.ForEach", values="{{ inputs.nmae }}", tasks=[log("in")]),
        task("x", "flow.Switch", value="{{ inputs.nmae }}", cases={"a": [log("in")]}),
        task("x", "flow.If", condition="{{ inputs.nmae }}", then=[log("in")]),
        shell("x", "true", timeout="{{ inputs.nmae }}"),
        shell("x", "true", env={"A": "{{ inputs.nmae }}"}),
    ],
    ids=["runIf", "ForEach", "Switch", "If", "timeout", "env"],
)
def test_an_expression_that_fails_wherever_it_stands_fails_its_task(broken: dict[str, object], cli: Cli) -> None:
    execution = cli.json("run", cli.file("a.yaml", flow(broken, inputs=INPUTS[:1])), code=1)
    assert states(execution) == {"x": "FAILED"}
    assert "Unable to find `nmae`" in errors(execution, "x")[0]
