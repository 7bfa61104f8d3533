"""From what is supplied to what an execution stores."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up import MEANS, A, N, declare, depending, evaluate, faults, render, resolve

from tiercel.errors import InputError
from tiercel.inputs import InvalidInputsError, Means, examine_inputs, resolve_inputs
from tiercel.model.inputs import InputBase, parse_inputs


@pytest.mark.parametrize(
    ("definition", "supplied", "value"),
    [
        (N, {"n": "42"}, 42),
        (N | {"defaults": 7}, {}, 7),
        (N | {"defaults": 7}, {"n": None}, 7),
        (N | {"defaults": 7}, {"n": 0}, 0),
        (N | {"defaults": "7"}, {}, 7),
        (N | {"defaults": "{{ 7 }}"}, {}, 7),
        (N | {"prefill": 7, "required": False}, {}, None),
        (N | {"required": False}, {}, None),
        ({"id": "n", "type": "STRING", "defaults": ""}, {}, ""),
        ({"id": "n", "type": "STRING", "defaults": "{{ [1] }} and {{ 2 }}"}, {}, "[1] and 2"),
        ({"id": "n", "type": "BOOL", "defaults": False}, {}, False),
        ({"id": "n", "type": "ARRAY", "itemType": "INT", "defaults": ["{{ 1 }}", 2]}, {}, [1, 2]),
        ({"id": "n", "type": "YAML", "defaults": {"a": ["{{ 1 }}"]}}, {}, {"a": ["1"]}),
        ({"id": "n", "type": "SELECT", "values": ["x", "y"], "autoSelectFirst": True}, {}, "x"),
        ({"id": "n", "type": "SELECT", "values": ["x"], "autoSelectFirst": True, "defaults": "x"}, {}, "x"),
        ({"id": "n", "type": "MULTISELECT", "values": ["x", "y"], "autoSelectFirst": True}, {}, ["x"]),
        ({"id": "n", "type": "SELECT", "expression": "{{ [1, null, true] }}"}, {"n": "true"}, "true"),
        ({"id": "n", "type": "MULTISELECT", "expression": '{{ ["a"] }}', "values": ["b"]}, {"n": ["a"]}, ["a"]),
        ({"id": "n", "type": "FILE", "defaults": "nsfile:///a.csv"}, {}, "nsfile:///a.csv"),
        ({"id": "n", "type": "FILE"}, {"n": "kestra:///x"}, "kestra:///x"),
    ],
)
def test_a_value_is_supplied_or_the_default_or_null(
    definition: Mapping[str, object], supplied: dict[str, Any], value: object
) -> None:
    assert resolve(definition, **supplied) == {"n": value}


@pytest.mark.parametrize(
    ("definition", "supplied", "fault"),
    [
        (N, {}, "missing required input, but received `null`"),
        (N, {"n": None}, "missing required input, but received `null`"),
        (N | {"min": 10}, {"n": "9"}, "it must be more than `10`, but received `9`"),
        (N | {"min": 10, "defaults": 9}, {}, "it must be more than `10`, but received `9`"),
        (A | {"id": "n", "validator": "x"}, {"n": ["a"]}, 'it must match the pattern `x`, but received `["a"]`'),
        (
            N,
            {"n": "x"},
            "Expected `INT` but received `x` with errors: a whole number is wanted, such as 42, but received `x`",
        ),
        (
            {"id": "n", "type": "ARRAY", "itemType": "INT"},
            {"n": '["s1"]'},
            'Unable to parse array element as `INT` on `s1`, but received `["s1"]`',
        ),
        (
            {"id": "n", "type": "SELECT", "expression": "{{ 1 }}"},
            {"n": "a"},
            "Invalid expression result. Expected a list of strings, but received Integer, but received `a`",
        ),
        (
            {"id": "n", "type": "SELECT", "expression": "{{ null }}"},
            {},
            "Invalid expression result. Expected a list of strings, but received <null>, but received `null`",
        ),
        (
            {"id": "n", "type": "MULTISELECT", "expression": "{{ nope }}"},
            {"n": []},
            "Cannot render 'expression'. Cause: cannot render nope, but received `[]`",
        ),
        (
            N | {"defaults": "{{ nope }}"},
            {},
            "Cannot render 'defaults'. Cause: cannot render nope, but received `null`",
        ),
        (
            {"id": "n", "type": "SECRET", "validator": "x"},
            {"n": "hidden"},
            "it must match the pattern `x`, but received `******`",
        ),
    ],
)
def test_what_is_wrong_is_said(definition: Mapping[str, object], supplied: dict[str, Any], fault: str) -> None:
    assert faults(definition, **supplied) == [f"Invalid input for `n`, {fault}"]


def test_everything_wrong_is_raised_together_in_the_order_of_the_flow() -> None:
    found = faults(N, A, {"id": "e", "type": "EMAIL"}, n="x", e="@")
    assert [re.findall("`(.*?)`", text)[0] for text in found] == ["n", "a", "e"]
    assert issubclass(InvalidInputsError, InputError)


def test_a_long_value_is_cut_in_the_message() -> None:
    assert len(faults(N, n="x" * 100_000)[0]) < 3000


NESTED = ({"id": "nested.string", "type": "STRING"}, {"id": "nested.more.int", "type": "INT", "required": False})


@pytest.mark.parametrize(
    "supplied",
    [
        {"nested.string": "a", "nested.more.int": "1"},
        {"nested": {"string": "a", "more": {"int": 1}}},
        {"nested": {"string": "a"}, "nested.more": {"int": 1}},
        {"nested": {"string": "a", "more.int": 1}},
    ],
)
def test_dotted_ids_nest_however_they_are_supplied(supplied: dict[str, object]) -> None:
    resolved = resolve_inputs(declare(*NESTED), supplied, MEANS)
    assert resolved.values == {"nested": {"string": "a", "more": {"int": 1}}}
    assert resolved.unknown == ()


@pytest.mark.parametrize(
    ("supplied", "unknown"),
    [
        ({"a": "x", "b": 1}, ("b",)),
        ({"a": {"b": 1}}, ()),
        (
            {"a": "x", "nested": {"string": "s", "typo": 1, "more": {"int": 1, "x": {}}}},
            ("nested.typo", "nested.more.x"),
        ),
        ({"a": "x", "nested": 5}, ("nested",)),
        ({"a": "x", "": 1, "a.b": 2}, ("", "a.b")),
    ],
)
def test_what_no_input_takes_is_reported(supplied: dict[str, object], unknown: tuple[str, ...]) -> None:
    optional = [dict(one) | {"required": False} for one in NESTED]
    assert resolve_inputs(declare(A, *optional), supplied, MEANS).unknown == unknown


def test_ids_that_lie_inside_each_other_fail() -> None:
    inside, _ = parse_inputs([{"id": "a.b", "type": "INT"}])
    for inputs in ((*declare(A), *inside), (*inside, *declare(A))):
        with pytest.raises(InvalidInputsError, match="it lies inside another input, or around one"):
            resolve_inputs(inputs, {"a": "{}", "a.b": 1}, MEANS)


def test_a_form_holds_its_inputs_under_its_name() -> None:
    form = {
        "id": "form",
        "type": "FORM",
        "dependsOn": {"inputs": ["a"], "condition": '{{ inputs.a == "on" }}'},
        "inputs": [
            N | {"defaults": 1},
            {"id": "m", "type": "INT", "defaults": "{{ inputs.form.n }}", "dependsOn": {"inputs": ["n"]}},
        ],
    }
    assert resolve(A, form, a="on", form={"n": 5}) == {"a": "on", "form": {"n": 5, "m": 5}}
    assert resolve(form, A, a="on") == {"a": "on", "form": {"n": 1, "m": 1}}
    assert resolve(A, form, a="off", form={"n": "x"}) == {"a": "off"}
    after = {"id": "z", "type": "INT", "defaults": "{{ inputs.form.n }}", "dependsOn": {"inputs": ["form"]}}
    assert resolve(after, form, A, a="on") == {"z": 1, "form": {"n": 1, "m": 1}, "a": "on"}
    assert resolve(after, form, A, a="off") == {"a": "off"}


def test_the_report_tells_each_input() -> None:
    inputs = declare(
        A,
        N | {"defaults": 7},
        depending("b", "a", condition="false"),
        {"id": "s", "type": "SELECT", "expression": '{{ ["x"] }}'},
        {"id": "secret", "type": "SECRET"},
    )
    found = examine_inputs(inputs, {"a": "v", "s": "y", "secret": "hidden"}, MEANS)
    reports = [report.as_json() for report in found.reports]
    json.dumps(reports)
    assert [(report["value"], report["enabled"], report["isDefault"]) for report in reports] == [
        ("v", True, False),
        (7, True, True),
        (None, False, False),
        (None, True, False),
        ("******", True, False),
    ]
    assert reports[3]["errors"] == [
        {"message": "Invalid input for `s`, it must match the values `[x]`, but received `y`"}
    ]
    assert isinstance(reports[3]["input"], dict)
    assert reports[3]["input"]["values"] == ["x"]
    assert reports[0]["input"] == {"id": "a", "type": "STRING", "required": True}


DECLARED = declare(
    A | {"required": False},
    N | {"defaults": 5},
    {"id": "f", "type": "FLOAT", "required": False},
    {"id": "b", "type": "BOOL", "required": False},
    {"id": "d.date", "type": "DATE", "required": False},
    {"id": "d.time", "type": "TIME", "required": False},
    {"id": "d.instant", "type": "DATETIME", "required": False},
    {"id": "d.duration", "type": "DURATION", "required": False},
    {"id": "list", "type": "ARRAY", "itemType": "FLOAT", "required": False},
    {"id": "table", "type": "OBJECT", "required": False, "properties": [{"id": "x", "type": "INT"}]},
    {"id": "s", "type": "SECRET", "required": False},
    {"id": "form", "type": "FORM", "inputs": [{"id": "x", "type": "INT", "required": False}]},
    depending("last", "a", condition="{{ inputs.a }}", required=False),
)
NAMES = ["a", "n", "f", "b", "d.date", "d.time", "d.instant", "d.duration", "list", "table", "s", "form.x", "last", "?"]
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["2024-01-01", "10:11:12.5", "2024-01-01T00:00:00+01:00", "PT1.5S", "[1]", '{"x":1}', "true"])
)
raws = leaves | st.lists(leaves, max_size=3) | st.dictionaries(st.sampled_from(["x", "date", "?"]), leaves, max_size=2)


@given(st.dictionaries(st.sampled_from([*NAMES, "d", "form"]), raws, max_size=8))
def test_broken_values_give_an_input_error_and_good_ones_resolve_to_themselves(supplied: dict[str, object]) -> None:
    try:
        first = resolve_inputs(DECLARED, supplied, MEANS)
    except InputError:
        return
    stored = json.loads(json.dumps(first.values, allow_nan=False))
    assert stored == first.values
    second = resolve_inputs(DECLARED, stored, MEANS)
    assert second.values == first.values
    assert second.unknown == ()


@given(st.permutations(DECLARED), st.dictionaries(st.sampled_from(NAMES), raws, max_size=5))
def test_the_order_of_any_inputs_changes_nothing(shuffled: list[InputBase], supplied: dict[str, object]) -> None:
    means = Means(evaluate, render, encrypt=lambda text: text)
    one = examine_inputs(DECLARED, supplied, means)
    other = examine_inputs(shuffled, supplied, means)
    assert one.values == other.values
    assert {r.id: r.errors for r in one.reports} == {r.id: r.errors for r in other.reports}
