"""One word of a flow's source is changed, and nothing else."""

from __future__ import annotations

import pytest

from tiercel.errors import FlowError
from tiercel.flowfile import parse_flow
from tiercel.flowfile.rewriting import with_disabled, with_namespace

TASKS = "tasks: [{id: a, type: io.kestra.plugin.core.log.Log, message: hi}]"
SOURCES = {
    "absent": (f"# head\nid: a # c\nnamespace: b  # n\n\n{TASKS}\n", "namespace: b  # n\ndisabled: true\n\n"),
    "written": (f"id: a\ndisabled: no\n{TASKS}\nnamespace: b", "id: a\ndisabled: true\ntasks"),
    "empty": (f"id: a\nnamespace: b\ndisabled:\n{TASKS}\n", "disabled: true\ntasks"),
    "windows": (f"id: a\r\nnamespace: b\r\n{TASKS}\r\n", "namespace: b\r\ndisabled: true\r\ntasks"),
    "last": (f"---\nid: a\n{TASKS}\nnamespace: b", "\nnamespace: b\ndisabled: true\n"),
    "quoted": (f"id: a\nnamespace: 'b'\ndisabled:   'true'  # why\n{TASKS}", "disabled:   true  # why\n"),
    "json": (
        '{"id":"a","namespace":"b","tasks":[{"id":"a","type":"core.log.Log","message":"x"}]}',
        '{"disabled": true, "id":"a",',
    ),
    "beyond ASCII": (f"description: Ж\U0001f600\nid: a\nnamespace: b\n{TASKS}\n", "b\ndisabled: true\ntasks"),
}


@pytest.mark.parametrize(("source", "wanted"), SOURCES.values(), ids=SOURCES)
def test_a_switch_is_set_where_it_stands(source: str, wanted: str) -> None:
    changed = with_disabled(source, True)
    assert wanted in changed
    assert parse_flow(changed).disabled is True
    back = with_disabled(changed, False)
    assert parse_flow(back).disabled is False
    assert back == changed.replace("true", "false", 1)


@pytest.mark.parametrize("source", [source for source, _ in SOURCES.values()], ids=SOURCES)
def test_a_namespace_is_replaced(source: str) -> None:
    assert parse_flow(with_namespace(source, "other.one")).namespace == "other.one"


def test_an_alias_is_left_to_its_author() -> None:
    source = f"id: a\nvariables: {{q: &x true}}\ndisabled: *x\nnamespace: b\n{TASKS}\n"
    with pytest.raises(FlowError, match="change it there"):
        with_disabled(source, False)
