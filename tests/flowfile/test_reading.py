"""YAML text to values: scalars, positions, documents, and everything that is refused."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tiercel.errors import FlowError, Problem
from tiercel.flowfile import parse_flow, parse_flows
from tiercel.flowfile.reading import MAX_BYTES, decode, read

SCALARS: list[tuple[str, object]] = [
    ("true", True),
    ("True", True),
    ("FALSE", False),
    ("yes", True),
    ("No", False),
    ("on", True),
    ("off", False),
    ("y", True),
    ("n", False),
    ("null", None),
    ("~", None),
    ("", None),
    ("0", 0),
    ("12", 12),
    ("-7", -7),
    ("+7", 7),
    ("1_000", 1000),
    ("0x1F", 31),
    ("0b11", 3),
    ("0o17", 15),
    ("017", 15),
    ("09", "09"),
    ("1.5", 1.5),
    ("-.5", -0.5),
    ("1.", 1.0),
    ("1.0e+3", 1000.0),
    ("1.10", 1.1),
    ("1e3", "1e3"),
    (".inf", ".inf"),
    (".nan", ".nan"),
    ("1.0e999", "1.0e999"),
    ("9" * 400, "9" * 400),
    ("2024-01-01", "2024-01-01"),
    ("2024-01-01T10:00:00Z", "2024-01-01T10:00:00Z"),
    ("12:30", "12:30"),
    ("14:19:00", "14:19:00"),
    ("190:20:30", "190:20:30"),
    ("1.2.3", "1.2.3"),
    ("'12'", "12"),
    ('"true"', "true"),
    ("yesterday", "yesterday"),
    ("!!str 12", "12"),
    ("!!str yes", "yes"),
    ("!!int 12", 12),
    ("!!float 12", 12.0),
    ("! 12", "12"),
    ("0x_", "0x_"),
    ("-", [None]),
]


@pytest.mark.parametrize(("text", "wanted"), SCALARS)
def test_a_scalar_is_what_it_looks_like_and_dates_are_text(text: str, wanted: object) -> None:
    value = read(f"a:\n  {text}\n")[0].value["a"]
    assert value == wanted
    assert type(value) is type(wanted)


@pytest.mark.parametrize("key", ["true", "1", "null", "1.10", "yes", "2024-01-01", "~"])
def test_a_key_is_always_text(key: str) -> None:
    assert read(f"{key}: x")[0].value == {key: "x"}


def test_json_is_yaml() -> None:
    assert read('{"a": [1, 2.5, true, null, "x"]}')[0].value == {"a": [1, 2.5, True, None, "x"]}


def test_anchors_aliases_and_merge_keys_are_expanded_to_values_of_their_own() -> None:
    text = "base: &b {x: 1, y: [2]}\none: {<<: *b, x: 3}\ntwo: *b\nlist: {<<: [{p: 1}, *b]}\nword: &w yes\n*w : *w\n"
    value = read(text)[0].value
    assert value["one"] == {"x": 3, "y": [2]}
    assert value["two"] == {"x": 1, "y": [2]}
    assert value["list"] == {"p": 1, "x": 1, "y": [2]}
    assert value["yes"] is True
    assert value["two"]["y"] is not value["base"]["y"]


def _bomb(levels: int) -> str:
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{level}: &a{level} [{','.join([f'*a{level - 1}'] * 10)}]" for level in range(1, levels)]
    return "\n".join(lines)


def _deep_aliases() -> str:
    inner = "[" * 60 + "]" * 60
    return f"a: &a {inner}\nb: {'[' * 60}*a{']' * 60}\n"


REFUSED: list[tuple[str, str | bytes, str, int | None, int | None]] = [
    ("brackets", "[" * 4_900_000, "nested deeper than 100 levels", 1, 101),
    ("dashes", "- " * 2_400_000, "nested deeper than 100 levels", 1, 201),
    ("braces", "{a: " * 1_000_000, "nested deeper than 100 levels", 1, 401),
    ("indentation", "\n".join(" " * n + "a:" for n in range(150)), "nested deeper than 100 levels", 101, 101),
    ("ten megabytes", "[" * 10_000_000, "10,000,000 bytes; a flow may have 5,000,000", None, None),
    ("ten megabytes of bytes", b"[" * 10_000_000, "10,000,000 bytes", None, None),
    ("many values", "- a\n" * 1_200_000, "more than 300,000 keys and values", 300_000, 3),
    ("many documents", "---\n" * 1_200_000, "more than 1,000 documents", 1001, 1),
    ("alias bomb", _bomb(9), "aliases stand for more than 100,000 values", 5, 38),
    (
        "merge bomb",
        "a: &a {" + ", ".join(f"k{n}: 1" for n in range(1000)) + "}\n" + "b: [" + ",".join(["{<<: *a}"] * 200) + "]",
        "aliases stand for more than 100,000 values",
        2,
        None,
    ),
    ("deep aliases", _deep_aliases(), "aliases nest deeper than 100 levels", 2, 64),
    ("alias in itself", "&a [*a]", "stands inside its own anchor", 1, 5),
    ("unknown alias", "a: *b", "no anchor '&b' before it", 1, 4),
    ("tab", "a:\n\tb: 1", "a tab cannot indent: use spaces", 2, 1),
    ("mapping in mapping", "a: b: c", "mapping values are not allowed", 1, 5),
    ("open quote", 'a: "b', "close the quote", 1, None),
    ("open quote long before the end", "a:\n- 'b\n- c\n- d\n", "the quote that opens here is never closed", 2, 3),
    ("quote that another closes", 'a: "b\nc: "d"\n', "the quote that opens on line 1 closes here", 2, None),
    ("open bracket", "a: [b,\n c\nd: e\n", "that begins on line 1", 3, None),
    ("bad indentation", "a:\n  - b\n c: d", "not YAML", 3, None),
    ("at sign", "a: @b", "needs quotes", 1, 4),
    ("NUL", "a: b\nc: \0d", "NUL byte", 2, 4),
    ("control character", "a: \x01", "a character that YAML does not allow", 1, None),
    ("surrogate", "a: \ud800", "surrogate", 1, None),
    ("not UTF-8", b"a: b\nc: \xff", "0xff, which is not UTF-8;", 2, 4),
    ("not UTF-16", b"\xff\xfea", "not UTF-16", 1, None),
    ("structure as key", "? [a]\n: b", "as the name of a property", 1, 3),
    ("tag", "a: !!python/object/apply:os.system [x]", "which no flow needs", 1, 4),
    ("tag of a scalar", "a: !foo b", "found the tag '!foo'", 1, 4),
    ("tag that does not fit", "a: !!int b", "found 'b' after the tag !!int", 1, 4),
    ("merge of a text", "a: {<<: b}", "the merge key '<<' wants a map", 1, 4),
]


@pytest.mark.parametrize(("name", "text", "message", "line", "column"), REFUSED, ids=[each[0] for each in REFUSED])
def test_what_is_no_flow_is_refused_quickly_with_its_place(
    name: str, text: str | bytes, message: str, line: int | None, column: int | None
) -> None:
    began = time.perf_counter()
    with pytest.raises(FlowError) as caught:
        parse_flow(text, source="f.yaml")
    assert time.perf_counter() - began < 5
    problem = caught.value.problems[0]
    assert message in problem.message
    assert problem.line == line
    assert column is None or problem.column == column
    assert len(problem.message) < 500
    assert str(caught.value).startswith("f.yaml:")


@pytest.mark.parametrize(
    ("text", "found"), [("", "nothing"), ("# only\n", "nothing"), ("- a", "a list"), ("text", "'text'"), ("12", "12")]
)
def test_a_document_that_is_no_map_is_refused(text: str, found: str) -> None:
    with pytest.raises(FlowError, match=f"must be a flow: a map .* found {found}"):
        parse_flow(text)


def test_a_key_that_stands_twice_is_reported_and_reading_goes_on() -> None:
    document = read("a: 1\nb:\n  c.d: 1\n  c.d: 2\na: 3")[0]
    assert document.value == {"a": 1, "b": {"c.d": 1}}
    assert document.problems == [
        Problem("Duplicate field 'c.d': the same property stands twice in one map; remove one", 'b["c.d"]', 4, 3),
        Problem("Duplicate field 'a': the same property stands twice in one map; remove one", "a", 5, 1),
    ]


def test_places_of_values_and_keys() -> None:
    document = read("a:\n  - x: 1\n    y: [2,  3]\nb: &b {z: 4}\nc: *b\n")[0]
    for path, key, wanted in [
        (("a",), True, (0, 0)),
        (("a", 0), False, (1, 4)),
        (("a", 0, "x"), False, (1, 7)),
        (("a", 0, "x"), True, (1, 4)),
        (("a", 0, "y", 1), False, (2, 12)),
        (("a", 0, "nowhere", "deeper"), False, (1, 4)),
        (("c", "z"), False, (3, 10)),
        ((), False, (0, 0)),
    ]:
        mark = document.locate(path, key=key)
        assert mark is not None
        assert (mark.line, mark.column) == wanted, path


def test_the_written_text_is_kept_where_the_value_is_written_differently() -> None:
    document = read("a: yes\nb: 1.10\nc: 12\nd: &d 007\ne: *d\n")[0]
    texts = [document.text(document.value, key, value) for key, value in document.value.items()]
    assert texts == ["yes", "1.10", "12", "007", "007"]


def test_bytes_are_utf_8_or_utf_16_with_a_mark() -> None:
    for data in ("a: é".encode(), "\ufeffa: é".encode(), "a: é".encode("utf-16")):
        assert read(decode(data))[0].value == {"a": "é"}
    assert decode("\ufeffa") == "a"
    assert len(decode("x" * MAX_BYTES)) == MAX_BYTES


FLOW = "id: {}\nnamespace: a.b\ntasks:\n  - {{id: t, type: io.kestra.plugin.core.log.Log, message: hi}}\n"


def test_a_file_may_hold_several_flows_each_with_its_own_text_and_the_files_lines() -> None:
    text = FLOW.format("one") + "---\n" + FLOW.format("two") + "---\nid: three\n---\n"
    one, two, three = parse_flows(text, "f.yaml")
    assert not isinstance(one, FlowError)
    assert one.source == FLOW.format("one")
    assert not isinstance(two, FlowError)
    assert two.source == FLOW.format("two")
    assert isinstance(three, FlowError)
    assert {problem.line for problem in three.problems} == {11}
    with pytest.raises(FlowError, match=r"found 3 documents \(the second begins on line 5\)"):
        parse_flow(text)
    assert parse_flow("---\n" + FLOW.format("one") + "---\n").id == "one"


def test_a_file_that_is_no_yaml_is_one_error() -> None:
    (error,) = parse_flows("a: [", "f.yaml")
    assert isinstance(error, FlowError)
    assert error.source == "f.yaml"


def test_the_slow_loader_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    import yaml

    from tiercel.flowfile import reading

    text = "a: &a {b: [1, yes]}\nc: *a\nd: |\n  text\n"
    fast: Any = read(text)[0].value
    monkeypatch.setattr(reading, "_Loader", yaml.SafeLoader)
    assert read(text)[0].value == fast
    for _, broken, _, line, _ in REFUSED:
        if isinstance(broken, str) and len(broken) < 100_000 and "\0" not in broken:
            with pytest.raises(FlowError) as caught:
                read(broken)
            assert caught.value.problems[0].line == line
