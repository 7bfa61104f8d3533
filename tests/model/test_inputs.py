"""Inputs as flows define them: what is taken, what is refused, and where."""

from __future__ import annotations

import json

import pytest

from tiercel.errors import Problem
from tiercel.model.input_schema import input_schema
from tiercel.model.inputs import (
    INPUT_TYPES,
    FlowOutput,
    InputBase,
    check_inputs,
    check_outputs,
    input_notices,
    parse_input,
    parse_inputs,
)

NEEDED: dict[str, dict[str, object]] = {
    "SELECT": {"values": ["a"]},
    "ENUM": {"values": ["a"]},
    "MULTISELECT": {"values": ["a"]},
    "ARRAY": {"itemType": "INT"},
    "FORM": {"inputs": [{"id": "c", "type": "INT"}]},
    "OBJECT": {"properties": [{"id": "c", "type": "INT"}]},
    "TABLE": {"columns": [{"id": "c", "type": "INT"}]},
}


def wrongs(*inputs: object) -> list[str]:
    return [str(problem) for problem in parse_inputs(list(inputs))[1]]


@pytest.mark.parametrize("kind", INPUT_TYPES)
def test_every_type_is_parsed_by_its_name(kind: str) -> None:
    common = {
        "id": "a.b-c_1",
        "type": kind,
        "description": "text",
        "displayName": "x" * 64,
        "required": False,
        "dependsOn": {"inputs": ["z"], "condition": "{{ inputs.z }}"},
    }
    parsed = parse_input(common | NEEDED.get(kind, {}))
    assert isinstance(parsed, INPUT_TYPES[kind])
    dumped = parsed.model_dump(mode="json", by_alias=True, exclude_none=True)
    assert json.loads(json.dumps(dumped)) == dumped
    assert parse_input(dumped) == parsed
    assert parse_input(parsed) is parsed


@pytest.mark.parametrize("kind", INPUT_TYPES)
def test_every_property_of_every_type_is_described(kind: str) -> None:
    properties = input_schema(kind)["properties"]
    assert isinstance(properties, dict)
    assert all(item["description"] for item in properties.values())


@pytest.mark.parametrize("kind", INPUT_TYPES)
def test_unknown_properties_are_refused(kind: str) -> None:
    found = wrongs({"id": "a", "type": kind, "display_name": "x", **NEEDED.get(kind, {})})
    assert found == ["inputs[0].display_name: Unrecognized field: this input has no such property"]


@pytest.mark.parametrize(
    ("definition", "problem"),
    [
        ({"id": "a", "type": "FOO"}, "inputs[0].type: Invalid type: FOO; "),
        ({"id": "a", "type": "STRNG"}, "inputs[0].type: Invalid type: STRNG; nearest is STRING"),
        ({"id": "a", "type": "int"}, "inputs[0].type: Invalid type: int; nearest is INT"),
        ({"id": "a"}, "inputs[0].type: Invalid type: null; known are "),
        ({"id": "a", "type": None}, "inputs[0].type: Invalid type: null; "),
        ({"id": "a", "type": ["INT"]}, 'inputs[0].type: Invalid type: ["INT"]; '),
        ("text", "inputs[0]: a map is wanted"),
        (None, "inputs[0]: a map is wanted"),
        ({"type": "INT"}, "inputs[0].id: Field required"),
        ({"id": "wrong one", "type": "INT"}, "inputs[0].id: String should match pattern"),
        ({"id": ".a", "type": "INT"}, "inputs[0].id: String should match pattern"),
        ({"id": "a", "type": "INT", "displayName": "x" * 65}, "inputs[0].displayName: String should have at most 64"),
        ({"id": "a", "type": "INT", "dependsOn": {"input": ["b"]}}, "inputs[0].dependsOn.input: Unrecognized field"),
        ({"id": "a", "type": "STRING", "validator": "\\"}, "inputs[0].validator: invalid pattern [\\]"),
        ({"id": "a", "type": "SECRET", "validator": "(a"}, "inputs[0].validator: invalid pattern [(a]"),
        (
            {"id": "a", "type": "FILE", "defaults": "x"},
            "inputs[0].defaults: no defaults can be set for inputs of type",
        ),
        ({"id": "a", "type": "ARRAY", "itemType": "ARRAY"}, "inputs[0].itemType: itemType cannot be ARRAY"),
        ({"id": "a", "type": "ARRAY", "itemType": "FOO"}, "inputs[0].itemType: Invalid type: FOO"),
        ({"id": "a", "type": "ARRAY"}, "inputs[0].itemType: Field required"),
        (
            {"id": "a", "type": "MULTISELECT", "itemType": "ARRAY", "values": []},
            "inputs[0].itemType: itemType cannot be ARRAY",
        ),
        ({"id": "a", "type": "SELECT"}, "inputs[0]: it has nothing to choose from"),
        ({"id": "a", "type": "MULTISELECT"}, "inputs[0]: it has nothing to choose from"),
        (
            {"id": "a", "type": "INT", "defaults": 1, "prefill": 2},
            "inputs[0].prefill: 'prefill' and",
        ),
        ({"id": "a", "type": "INT", "min": "low"}, "inputs[0].min: Input should be a valid integer"),
        ({"id": "a", "type": "DATE", "after": "soon"}, "inputs[0].after: a date is wanted"),
        ({"id": "a", "type": "DURATION", "max": "soon"}, "inputs[0].max: 'soon' is not a duration"),
        (
            {
                "id": "a",
                "type": "FORM",
                "inputs": [{"id": "b", "type": "FORM", "inputs": [{"id": "c", "type": "INT"}]}],
            },
            "inputs[0].inputs: a FORM cannot hold another FORM",
        ),
        (
            {"id": "a", "type": "FORM", "inputs": [{"id": "b", "type": "FOO"}]},
            "inputs[0].inputs[0].type: Invalid type: FOO",
        ),
        (
            {"id": "a", "type": "OBJECT", "properties": [{"id": "b", "type": "FILE"}]},
            "inputs[0].properties: property 'b'",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_place(definition: object, problem: str) -> None:
    found = wrongs(definition)
    assert len(found) == 1
    assert found[0].startswith(problem)


def test_everything_that_is_wrong_is_found_at_once() -> None:
    found = wrongs({"id": "!", "type": "STRING", "validator": "(", "x": 1}, {"id": "b", "type": "FOO"})
    assert [problem.split(":")[0] for problem in found] == [
        "inputs[0].id",
        "inputs[0].validator",
        "inputs[0].x",
        "inputs[1].type",
    ]


@pytest.mark.parametrize(
    "definition",
    [
        {"name": "old", "type": "STRING"},
        {"id": "a", "type": "FILE", "extension": ".csv"},
        {"id": "a", "type": "FILE", "defaults": "nsfile:///a.csv"},
        {"id": "a", "type": "MULTISELECT", "options": ["a"]},
        {"id": "a", "type": "MULTISELECT", "options": ["a"], "values": ["b"]},
        {"id": "a", "type": "SELECT", "values": [1, True, "x"], "allowInput": True},
        {"id": "a", "type": "SELECT", "values": ["[not a pattern"]},
        {"id": "a", "type": "INT", "required": False, "defaults": None},
        {"id": "a", "type": "INT", "required": False, "defaults": 1},
        {"id": "a", "type": "BOOL", "dependsOn": {"condition": True}},
        {"id": "1st", "type": "FLOAT", "min": 1},
    ],
)
def test_old_and_loose_spellings_are_taken(definition: object) -> None:
    assert wrongs(definition) == []


def test_an_optional_input_with_a_default_is_only_noticed() -> None:
    optional = {"id": "b", "type": "INT", "required": False, "defaults": 1}
    inputs, _ = parse_inputs([{"id": "a", "type": "FORM", "inputs": [optional]}, optional, {"id": "c", "type": "INT"}])
    assert [notice.path for notice in input_notices(inputs)] == ["inputs[0].inputs[0].required", "inputs[1].required"]


def make(*inputs: tuple[str, list[str]]) -> tuple[InputBase, ...]:
    parsed, problems = parse_inputs([{"id": "x", "type": "INT"}])
    assert not problems
    return tuple(
        parsed[0].model_copy(
            update={"id": name, "depends_on": None if not needs else parse_dependencies(needs)},
        )
        for name, needs in inputs
    )


def parse_dependencies(needs: list[str]) -> object:
    parsed = parse_input({"id": "a", "type": "INT", "dependsOn": {"inputs": needs}})
    assert isinstance(parsed, InputBase)
    return parsed.depends_on


@pytest.mark.parametrize(
    ("inputs", "problems"),
    [
        ([], []),
        ([("a", []), ("b", ["a"]), ("c", ["a", "b"])], []),
        ([("b", ["a"]), ("a", [])], []),
        ([("a", []), ("b", []), ("a", [])], [Problem("Duplicate input with name [a]", "inputs[2].id")]),
        ([("a", []), ("b", []), ("b", []), ("a", [])], [Problem("Duplicate input with name [a, b]", "inputs[3].id")]),
        (
            [("a", ["x", "y"])],
            [
                Problem("Input with id 'a' depends on a non-existent input 'x'.", "inputs[0].dependsOn"),
                Problem("Input with id 'a' depends on a non-existent input 'y'.", "inputs[0].dependsOn"),
            ],
        ),
        ([("a", ["a"])], [Problem("Cycle dependency detected for input with id a", "inputs[0].dependsOn")]),
        (
            [("a", ["b"]), ("b", ["c"]), ("c", ["b"])],
            [
                Problem("Cycle dependency detected for input with id b", "inputs[1].dependsOn"),
                Problem("Cycle dependency detected for input with id c", "inputs[2].dependsOn"),
            ],
        ),
        (
            [("a.b", []), ("a", [])],
            [Problem("Input 'a.b' conflicts with input 'a': it would lie inside it; rename one", "inputs[0].id")],
        ),
        ([("a.b", []), ("a.bc", []), ("ab", [])], []),
    ],
)
def test_a_list_is_checked_as_a_whole(inputs: list[tuple[str, list[str]]], problems: list[Problem]) -> None:
    assert check_inputs(make(*inputs)) == problems


def test_the_children_of_a_form_are_checked() -> None:
    children = [
        {"id": "b", "type": "INT"},
        {"id": "c", "type": "INT", "dependsOn": {"inputs": ["b", "form.b", "x"]}},
        {"id": "b", "type": "INT"},
    ]
    found = wrongs({"id": "form", "type": "FORM", "inputs": children})
    assert found == [
        "inputs[0].inputs[2].id: Duplicate input with name [b]",
        "inputs[0].dependsOn: Input with id 'form.c' depends on a non-existent input 'form.x'.",
    ]


def test_a_long_chain_of_dependencies_is_checked() -> None:
    chain = [("i0", []), *((f"i{n}", [f"i{n - 1}"]) for n in range(1, 500))]
    assert check_inputs(make(*chain)) == []


def test_the_list_must_be_one() -> None:
    assert parse_inputs(None) == ((), [])
    assert parse_inputs({"a": 1}, "onResume")[1] == [Problem("a list of inputs is wanted", "onResume")]


def test_outputs_have_a_known_type_and_a_name_of_their_own() -> None:
    output = FlowOutput.model_validate({"id": "a.b", "value": ["{{ x }}"], "displayName": "A", "required": False})
    assert output.type is None
    other = FlowOutput.model_validate({"id": "c", "type": "ARRAY", "value": 1})
    assert check_outputs([output, other]) == []
    assert check_outputs([other, other]) == [Problem("Duplicate output with name [c]", "outputs[1].id")]
    with pytest.raises(ValueError, match=r"Invalid type: FOO"):
        FlowOutput.model_validate({"id": "a", "type": "FOO", "value": 1})
    with pytest.raises(ValueError, match=r"value\n  Field required"):
        FlowOutput.model_validate({"id": "a", "type": "INT"})
