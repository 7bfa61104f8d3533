"""What is refused of the inputs that a Pause asks for: the same as of the flow's own, and where it stands."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from flowfile.conftest import forget
from flowfile.refusals import HEAD, Expected, Rows, assert_refused
from tiercel.flowfile import parse_flow
from tiercel.plugin_names import PLUGINS

PAUSE = "io.kestra.plugin.core.flow.Pause"


@pytest.fixture(autouse=True)
def _real_pause(monkeypatch: pytest.MonkeyPatch, _fakes: None) -> Iterator[None]:
    monkeypatch.setitem(PLUGINS, PAUSE, "tiercel.flowables.execution:Pause")
    forget()
    yield
    monkeypatch.undo()
    forget()


def asking(*entries: str) -> str:
    """Return a flow whose only task asks for inputs, one a line from line 7 on."""
    return HEAD + f"tasks:\n- id: p\n  type: {PAUSE}\n  onResume:\n" + "".join(f"  - {entry}\n" for entry in entries)


ROWS: Rows = [
    ("a type", asking("{id: a, type: INTT}"), [("did you mean 'INT'?", "tasks[0].onResume[0].type", 7, 19)]),
    ("no type", asking("{id: a}"), [("Invalid type", "tasks[0].onResume[0].type", 7, 5)]),
    (
        "a property",
        asking("{id: a, type: INT}", "{id: b, type: INT, maximum: 3}"),
        [('Unrecognized field "maximum" (input of type INT)', "tasks[0].onResume[1].maximum", 8, 24)],
    ),
    (
        "a value",
        asking("{id: a, type: INT, max: many}"),
        [("must be an integer, found 'many'", "tasks[0].onResume[0].max", 7, 29)],
    ),
    (
        "an id twice",
        asking("{id: a, type: INT}", "{id: b, type: INT}", "{id: a, type: STRING}"),
        [("Duplicate input with name [a]: 'a' on lines 7, 9", "tasks[0].onResume[2].id", 9, 10)],
    ),
    (
        "an input that is not there",
        asking("{id: a, type: INT, dependsOn: {inputs: [b]}}"),
        [("depends on a non-existent input 'b'", "tasks[0].onResume[0].dependsOn", 7, 35)],
    ),
    ("no input at all", asking("a"), [("must be a map, found 'a'", "tasks[0].onResume[0]", 7, 5)]),
]


@pytest.mark.parametrize(("name", "text", "wanted"), ROWS, ids=[row[0] for row in ROWS])
def test_inputs_that_cannot_be_asked_for_are_refused_in_their_place(
    name: str, text: str, wanted: list[Expected]
) -> None:
    assert_refused(text, wanted)


def test_inputs_that_can_be_asked_for_are_taken_and_what_is_old_in_them_is_noticed() -> None:
    flow = parse_flow(
        asking("{id: a, type: BOOLEAN, defaults: true}", "{id: b, type: STRING, dependsOn: {inputs: [a]}}")
    )
    assert [notice.path for notice in flow.notices] == ["tasks[0].onResume[0].type"]


def test_an_id_that_stands_twice_in_a_form_is_refused() -> None:
    form = "{id: f, type: FORM, inputs: [{id: x, type: INT}, {id: x, type: INT}]}"
    assert_refused(asking(form), [("Duplicate input with name [x]", "tasks[0].onResume[0].inputs[1].id", 7, 59)])
