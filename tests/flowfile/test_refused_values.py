"""What is refused of a property's value, and what is not (flow specification, section 2): what is said, and where."""

from __future__ import annotations

import pytest

from flowfile.refusals import Expected, Rows, assert_refused, many, task
from tiercel.flowfile import parse_flow

VALUES: Rows = [
    ("a number", many("number: x"), [("must be an integer, found 'x'", "tasks[0].number", 4, 53)]),
    ("a fraction for an integer", many("number: 1.5"), [("must be an integer, found 1.5", "tasks[0].number", 4, 53)]),
    ("a number too small", many("number: 0"), [("must be greater than 0, found 0", "tasks[0].number", 4, 53)]),
    ("a fraction", many("ratio: [1]"), [("must be a number, found a list", "tasks[0].ratio", 4, 52)]),
    ("a switch", many("flag: maybe"), [("must be true or false, found 'maybe'", "tasks[0].flag", 4, 51)]),
    (
        "a duration",
        many("wait: 5 minutes"),
        [("'5 minutes' is not a duration; write ISO-8601", "tasks[0].wait", 4, 51)],
    ),
    ("a choice", many("colour: BLUE"), [("must be one of 'RED' or 'GREEN', found 'BLUE'", "tasks[0].colour", 4, 53)]),
    ("a choice in lower case", many("colour: red"), [("found 'red'; did you mean 'RED'?", "tasks[0].colour", 4, 53)]),
    (
        "a static choice with an expression",
        many("mode: '{{ x }}'"),
        [("expressions are not rendered in this property", "tasks[0].mode", 4, 51)],
    ),
    (
        "a static number with an expression",
        many("size: '{{ x }}'"),
        [("must be an integer, found '{{ x }}'; expressions", "tasks[0].size", 4, 51)],
    ),
    ("a list", many("texts: {a: b}"), [("must be a list, found a map", "tasks[0].texts", 4, 52)]),
    ("an empty list", many("texts: []"), [("must not be empty", "tasks[0].texts", 4, 52)]),
    ("an element", many("texts: [a, {b: c}]"), [("must be a text, found a map", "tasks[0].texts[1]", 4, 56)]),
    ("a null element", many("texts: [a, null]"), [("must not be null, wanted a text", "tasks[0].texts[1]", 4, 56)]),
    ("a map", many("env: [a]"), [("must be a map, found a list", "tasks[0].env", 4, 50)]),
    ("either of two", many("either: {a: b}"), [("wanted a text or a list, found a map", "tasks[0].either", 4, 53)]),
    ("an element of either", many("either: [a, [b]]"), [("must be a text, found a list", "tasks[0].either[1]", 4, 57)]),
    (
        "inside a structure",
        many("point: {name: a, at: -1}"),
        [("must be greater than or equal to 0, found -1", "tasks[0].point.at", 4, 66)],
    ),
    ("missing in a structure", many("points: [{at: 1}]"), [("must not be null", "tasks[0].points[0].name", 4, 54)]),
    ("a structure in text", many("points: '[{\"at\": 1}]'"), [("must not be null", "tasks[0].points[0].name", 4, 53)]),
    (
        "more than one of two",
        task("type: io.kestra.plugin.test.Data, fromUri: a, fromList: [b]"),
        [("only one of fromUri and fromList may be set", "tasks[0]", 4, 3)],
    ),
    (
        "several at once",
        many("number: x, flag: maybe"),
        [("an integer", "tasks[0].number", 4, 53), ("true or false", "tasks[0].flag", 4, 62)],
    ),
    ("a timeout", many("timeout: soon"), [("'soon' is not a duration", "tasks[0].timeout", 4, 54)]),
    (
        "a log level",
        many("logLevel: LOUD"),
        [("must be one of 'TRACE', 'DEBUG', 'INFO', 'WARN' or 'ERROR', found 'LOUD'", "tasks[0].logLevel", 4, 55)],
    ),
    (
        "disabled",
        many("disabled: '{{ x }}'"),
        [("must be true or false, found '{{ x }}'; expressions are not rendered", "tasks[0].disabled", 4, 55)],
    ),
    (
        "the old name",
        many("oldText: [{a: b}], legacy: [x]"),
        [("must be a text, found a list", "tasks[0].legacy", 4, 72)],
    ),
]


@pytest.mark.parametrize(("name", "text", "wanted"), VALUES, ids=[each[0] for each in VALUES])
def test_a_flow_is_refused_with_what_was_found_wanted_and_where(name: str, text: str, wanted: list[Expected]) -> None:
    assert_refused(text, wanted)


ACCEPTED = [
    "number: '{{ x }}'",
    "number: 5",
    "number: '5'",
    "ratio: '{{ x }}'",
    "flag: 'true'",
    "flag: '{% if x %}true{% endif %}'",
    "wait: PT5S",
    "wait: '{{ x }}'",
    "wait: 5",
    "colour: '{{ x }}'",
    "texts: '{{ x }}'",
    "texts: '[\"a\"]'",
    "texts: ['{{ x }}']",
    "env: '{{ x }}'",
    "env: {A: '{{ x }}', '{{ b }}': 1}",
    "points: '{{ x }}'",
    "points: [{name: a, at: '{{ x }}'}]",
    "either: a",
    "either: [a]",
    "either: '{{ x }}'",
    "anything: [{a: null}]",
    "text: {a: 1}",
    "text: null",
    "number: null",
    "point: {name: '{{ literal }}'}",
    "disabled: true",
    "disabled: 'true'",
    "retry: null",
    "timeout: '{{ x }}'",
]


@pytest.mark.parametrize("text", ACCEPTED)
def test_expressions_and_whatever_can_become_the_right_type_are_accepted(text: str) -> None:
    assert parse_flow(many(text)).id == "f"


def test_a_rule_over_several_properties_waits_for_the_expressions() -> None:
    text = "type: io.kestra.plugin.test.Data, fromUri: '{{ x }}', fromList: [b]"
    assert parse_flow(task(text)).nodes["t"].properties["fromUri"] == "{{ x }}"
