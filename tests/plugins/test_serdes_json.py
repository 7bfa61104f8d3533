"""JSON to records and back (plugin specification, 7.2)."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_context import FakeContext

from tiercel.errors import TaskError
from tiercel.tasks.serdes.json import IonToJson, JsonToIon, JsonToJsonl


@pytest.fixture
def ctx(tmp_path: Path) -> FakeContext:
    return FakeContext(tmp_path)


def test_each_line_is_a_document(ctx: FakeContext) -> None:
    uri = ctx.put("in.json", b'\xef\xbb\xbf{"a": 1.50, "b": "\\u00fc"}\r\n\n[1, 12345678901234567890123]\nnull\n')
    outputs = ctx.run(JsonToIon, **{"from": uri})
    assert ctx.content(outputs["uri"]).decode() == '{"a":1.50,"b":"ü"}\n[1,12345678901234567890123]\n'
    assert outputs["size"] == 2
    assert [(metric.name, metric.value) for metric in ctx.metrics] == [("records", 2)]


def test_a_line_that_is_no_document_is_named(ctx: FakeContext) -> None:
    with pytest.raises(TaskError, match=r"line 2 of .* is not JSON .*newLine: false"):
        ctx.run(JsonToIon, **{"from": ctx.put("in.json", '{"a":1}\n{"a":\n2}\n')})


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        ('[\n  {"a": 1},\n  {"a": 2}\n]', '{"a":1}\n{"a":2}\n'),
        ('{\n  "a": 1\n}\n', '{"a":1}\n'),
        ("[]", ""),
        (" \n", ""),
    ],
)
def test_a_file_that_is_one_document(ctx: FakeContext, content: str, rows: str) -> None:
    uri = ctx.put("in.json", content)
    outputs = ctx.run(JsonToIon, **{"from": uri, "newLine": False})
    assert ctx.content(outputs["uri"]).decode() == rows
    assert outputs["size"] == rows.count("\n")
    lines = ctx.run(JsonToJsonl, **{"from": uri})["uri"]
    assert str(lines).endswith(".jsonl")
    assert ctx.content(lines).decode() == rows


def test_several_documents_are_not_one(ctx: FakeContext) -> None:
    with pytest.raises(TaskError, match=r"is not JSON .*newLine: true"):
        ctx.run(JsonToIon, **{"from": ctx.put("in.json", "{}\n{}\n"), "newLine": False})


@pytest.mark.parametrize(
    ("rows", "new_line", "document"),
    [
        ("", True, ""),
        ("", False, "[]"),
        ('{"a":1.50}\n', True, '{"a":1.50}\n'),
        ('{"a":1.50}\n', False, '{"a":1.50}'),
        ('{"a":1}\nnull\n{"a":2}\n', True, '{"a":1}\n{"a":2}\n'),
        ('{"a":1}\n{"a":2}\n{"a":3}\n', False, '[{"a":1},{"a":2},{"a":3}]'),
        ("{t:2024-01-02T03:04:05Z}\n", True, '{"t":"2024-01-02T03:04:05Z"}\n'),
    ],
)
def test_records_become_lines_or_one_document(ctx: FakeContext, rows: str, new_line: bool, document: str) -> None:
    outputs = ctx.run(IonToJson, **{"from": ctx.put("in.ion", rows), "newLine": new_line})
    assert ctx.content(outputs["uri"]).decode() == document
    assert str(outputs["uri"]).endswith(".jsonl" if new_line else ".json")


def test_another_encoding(ctx: FakeContext) -> None:
    uri = ctx.put("in.ion", '{"a":"ü"}\n')
    written = ctx.run(IonToJson, **{"from": uri, "charset": "ISO-8859-1"})["uri"]
    assert ctx.content(written) == b'{"a":"\xfc"}\n'
    assert (
        ctx.content(ctx.run(JsonToIon, **{"from": written, "charset": "ISO-8859-1"})["uri"]).decode() == '{"a":"ü"}\n'
    )
    with pytest.raises(TaskError, match="cannot be written as ISO-8859-1; set charset: UTF-8"):
        ctx.run(IonToJson, **{"from": ctx.put("in.ion", '{"a":"€"}\n'), "charset": "ISO-8859-1"})
