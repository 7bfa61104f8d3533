"""YAML and XML to records and back (plugin specification, 7.5)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fake_context import FakeContext

from tiercel.errors import TaskError
from tiercel.tasks.serdes.xml import IonToXml, XmlToIon
from tiercel.tasks.serdes.yaml import IonToYaml, JsonToYaml, YamlToIon, YamlToJson


@pytest.fixture
def ctx(tmp_path: Path) -> FakeContext:
    return FakeContext(tmp_path)


def rows(ctx: FakeContext, kind: Any, content: str | bytes, **properties: object) -> list[Any]:
    outputs = ctx.run(kind, **{"from": ctx.put("in", content), **properties})
    found = [json.loads(line) for line in ctx.content(outputs["uri"]).decode().splitlines()]
    assert outputs["size"] == len(found)
    return found


def text(ctx: FakeContext, kind: Any, content: str, **properties: object) -> str:
    return ctx.content(ctx.run(kind, **{"from": ctx.put("in", content), **properties})["uri"]).decode()


# ------------------------------------------------------------------ YAML


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("a: 1\nb: [x, 1.5]\n", [{"a": 1, "b": ["x", 1.5]}]),
        ("a: 1\n---\na: 2\n", [{"a": 1}, {"a": 2}]),
        ("- a: 1\n- a: 2\n", [{"a": 1}, {"a": 2}]),
        ("x: &x {k: 1}\n---\ny: 1\n", [{"x": {"k": 1}}, {"y": 1}]),
        ("", []),
        ("---\n---\na: 1\n", [{"a": 1}]),
    ],
)
def test_documents_become_records(ctx: FakeContext, content: str, found: list[Any]) -> None:
    assert rows(ctx, YamlToIon, content) == found


def test_yaml_that_is_none_is_refused_and_none_runs_code(ctx: FakeContext) -> None:
    for content in ("a: [", "x: &x 1\n---\ny: *x\n"):
        with pytest.raises(TaskError, match="is not YAML"):
            rows(ctx, YamlToIon, content)
    assert rows(ctx, YamlToIon, "a: !!python/object/apply:os.system [ls]\n") == [{"a": ["ls"]}]
    bomb = "a: &a [x, x]\n" + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{f'*{chr(97 + n)}, ' * 9}]\n" for n in range(9))
    with pytest.raises(TaskError, match="holds more than"):
        rows(ctx, YamlToIon, bomb)


def test_records_become_documents_and_come_back(ctx: FakeContext) -> None:
    given = [{"b": "ü: x\ny", "a": 1.5}, {"t": "2024-01-02", "n": None, "yes": "no"}]
    content = text(ctx, IonToYaml, "".join(json.dumps(row) + "\n" for row in given))
    assert content.startswith("b:")
    assert "ü" in content
    assert rows(ctx, YamlToIon, content) == given


def test_yaml_becomes_json_and_json_becomes_yaml(ctx: FakeContext) -> None:
    assert text(ctx, YamlToJson, "a: [1, {b: ü}]\n") == '{"a":[1,{"b":"ü"}]}'
    assert text(ctx, YamlToJson, "a: 1\n---\na: 2\n") == '[{"a":1},{"a":2}]'
    assert text(ctx, JsonToYaml, '[{"a": 1},\n {"a": 1.50}]') == "- a: 1\n- a: 1.5\n"
    assert text(ctx, JsonToYaml, '{"a": 1}\n{"a": 2}\n', jsonl=True) == "a: 1\n---\na: 2\n"
    with pytest.raises(TaskError, match="jsonl: true"):
        text(ctx, JsonToYaml, '{"a": 1}\n{"a": 2}\n')


# ------------------------------------------------------------------ XML

CATALOG = """<?xml version="1.0"?>
<catalog>
  <book id="1"><title lang="en">One &amp; all</title><price>1.50</price><tag>a</tag><tag>b</tag></book>
  <book id="02"><title>Two</title><price/><tag>c</tag></book>
</catalog>"""
BOOKS = [
    {"id": 1, "title": {"lang": "en", "content": "One & all"}, "price": 1.5, "tag": ["a", "b"]},
    {"id": "02", "title": "Two", "price": "", "tag": "c"},
]


def test_a_root_that_only_holds_a_list_gives_its_elements(ctx: FakeContext) -> None:
    assert rows(ctx, XmlToIon, CATALOG) == BOOKS


@pytest.mark.parametrize("query", ["/catalog/book", "//book", "catalog/*"])
def test_a_path_says_which_elements_become_records(ctx: FakeContext, query: str) -> None:
    assert rows(ctx, XmlToIon, CATALOG, query=query) == BOOKS
    assert rows(ctx, XmlToIon, CATALOG, query="/catalog/none") == []


def test_an_element_that_comes_once_is_a_list_on_demand(ctx: FakeContext) -> None:
    configuration = {"forceList": ["tag"]}
    assert rows(ctx, XmlToIon, CATALOG, query="//book", parserConfiguration=configuration)[1]["tag"] == ["c"]


def test_another_root_is_one_record(ctx: FakeContext) -> None:
    content = '<n:a xmlns:n="u" n:k="true">x<b/>y</n:a>'
    assert rows(ctx, XmlToIon, content) == [{"a": {"k": True, "b": "", "content": "xy"}}]
    assert rows(ctx, XmlToIon, "<a>\xfc</a>".encode("latin-1"), charset="ISO-8859-1") == [{"a": "ü"}]


def test_xml_that_is_none_or_reaches_out_is_refused(ctx: FakeContext, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hidden")
    entity = f'<!DOCTYPE a [<!ENTITY x SYSTEM "file://{tmp_path}/secret">]><a>&x;</a>'
    bomb = "<!DOCTYPE a [<!ENTITY a0 'xxxxxxxxxx'>" + "".join(
        f"<!ENTITY a{n + 1} '{f'&a{n};' * 10}'>" for n in range(9)
    )
    for content in ("<a>", "", entity, bomb + "]><a>&a9;</a>"):
        with pytest.raises(TaskError, match="is not XML"):
            rows(ctx, XmlToIon, content)


def test_records_become_elements(ctx: FakeContext) -> None:
    content = text(ctx, IonToXml, '{"a b":"<&","n":null,"l":[1,2],"m":{"1":true}}\n', rootName="rows")
    assert content == (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rows>\n'
        "<item><a_b>&lt;&amp;</a_b><n/><l>1</l><l>2</l><m><_1>true</_1></m></item>\n</rows>\n"
    )
    again = text(ctx, IonToXml, '{"a":1}\n{"a":"x"}\n')
    assert rows(ctx, XmlToIon, again) == [{"a": 1}, {"a": "x"}]
