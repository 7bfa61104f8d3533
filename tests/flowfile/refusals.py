"""What the tests of validation share: short ways to write a wrong flow, and to say what is wrong with it."""

from __future__ import annotations

import pytest

from tiercel.errors import FlowError, Problem
from tiercel.flowfile import parse_flow

LOG = "io.kestra.plugin.core.log.Log"
HEAD = "id: f\nnamespace: a.b\n"
TASKS = f"tasks:\n- {{id: t, type: {LOG}, message: m}}\n"


def problems(text: str) -> list[Problem]:
    with pytest.raises(FlowError) as caught:
        parse_flow(text, source="f.yaml")
    return caught.value.problems


def task(text: str) -> str:
    return HEAD + f"tasks:\n- {{id: t, {text}}}\n"


def many(text: str) -> str:
    return task(f"type: io.kestra.plugin.test.Many, {text}")


def child(name: str) -> str:
    return f"{{id: {name}, type: {LOG}, message: m}}"


Expected = tuple[str, str, int, int]
"""A part of the message, the path, the line, the column."""
Rows = list[tuple[str, str, list[Expected]]]
"""A name, a flow, and everything that is said about it."""


def assert_refused(text: str, wanted: list[Expected]) -> None:
    """Assert that exactly these problems are found, each in its place."""
    found = problems(text)
    places = [(problem.path, problem.line, problem.column) for problem in found]
    assert sorted(places) == sorted((path, line, column) for _, path, line, column in wanted), found
    for message, path, line, column in wanted:
        there = [each.message for each in found if (each.path, each.line, each.column) == (path, line, column)]
        assert any(message in text for text in there), there
