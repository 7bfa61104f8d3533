"""Inputs that depend on others."""

from __future__ import annotations

import itertools

import pytest
from made_up import MEANS, A, N, depending, faults, resolve

from tiercel.inputs import InvalidInputsError, resolve_inputs
from tiercel.model.inputs import parse_inputs


@pytest.mark.parametrize(
    ("condition", "enabled"),
    [
        ('{{ inputs.a == "v" }}', True),
        ('{{ inputs.a == "w" }}', False),
        ("{{ true }}", True),
        ('{{ "true" }}', True),
        ("true", True),
        (True, True),
        (False, False),
        ("{{ 1 }}", False),
        ("{{ null }}", False),
        ("", False),
        (None, True),
    ],
)
def test_an_input_is_asked_for_when_its_condition_is_true(condition: object, enabled: bool) -> None:
    values = resolve(A, depending("b", "a", condition=condition), a="v", b="x")
    assert values == ({"a": "v", "b": "x"} if enabled else {"a": "v"})


CHAIN = (
    A,
    depending("b", "a", condition='{{ inputs.a == "v" }}', defaults="{{ inputs.a }}1"),
    depending("c", "b", condition='{{ inputs.b == "v1" }}', defaults="{{ inputs.b }}2"),
    depending("d", "c", "a", defaults="{{ inputs.c }}{{ inputs.a }}"),
)


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_the_order_of_declaration_changes_nothing(order: tuple[int, ...]) -> None:
    inputs = [CHAIN[place] for place in order]
    assert resolve(*inputs, a="v") == {"a": "v", "b": "v1", "c": "v12", "d": "v12v"}
    assert list(resolve(*inputs, a="v")) == [one["id"] for one in inputs]
    assert resolve(*inputs, a="v", b="x") == {"a": "v", "b": "x"}
    assert resolve(*inputs, a="w", d="ignored") == {"a": "w"}


def test_only_the_named_inputs_are_visible() -> None:
    hidden = depending("c", "a", condition='{{ inputs.b == "1" }}')
    found = faults(A, {"id": "b", "type": "STRING"}, hidden, a="v", b="1")
    assert found == ["Invalid input for `c`, Invalid condition: 'inputs.b' is not defined, but received `null`"]


def test_a_condition_sees_a_secret_as_text_and_nested_inputs_nested() -> None:
    secret = {"id": "s", "type": "SECRET"}
    values = resolve(secret, depending("b", "s", condition='{{ inputs.s == "x" }}'), s="x", b="seen")
    assert values["b"] == "seen"
    nested = {"id": "x.y", "type": "INT"}
    assert resolve(nested, depending("b", "x.y", defaults="{{ inputs.x.y }}"), x={"y": 5}) == {"x": {"y": 5}, "b": "5"}


def test_an_unknown_dependency_is_ignored() -> None:
    inputs, problems = parse_inputs([depending("b", "nope", condition="true")])
    assert problems
    assert inputs
    assert resolve_inputs(inputs, {"b": "x"}, MEANS).values == {"b": "x"}


def test_a_cycle_is_an_error_and_never_hangs() -> None:
    inputs, problems = parse_inputs([depending("a", "b"), depending("b", "a"), depending("c", "a"), dict(N)])
    assert problems
    with pytest.raises(InvalidInputsError, match="Cycle dependency detected for input with id a") as caught:
        resolve_inputs(inputs, {"n": 1}, MEANS)
    assert {name for name, _ in caught.value.violations} == {"a", "b"}


def test_a_thousand_inputs_in_a_chain_are_resolved() -> None:
    chain = [depending(f"i{n}", *([f"i{n - 1}"] if n else []), condition="true") for n in range(1000)]
    inputs, _ = parse_inputs(chain)
    resolved = resolve_inputs(inputs, {f"i{n}": "x" for n in range(1000)}, MEANS)
    assert len(resolved.values) == 1000
