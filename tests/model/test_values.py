"""Every type's values: good ones, bad ones with the exact reason, limits at the bound and one past it."""

from __future__ import annotations

import json
import time as clock
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiercel.model.inputs import InputBase, checked, parse_input
from tiercel.model.patterns import full_match
from tiercel.model.structures import MAX_DEPTH
from tiercel.model.values import TYPES, convert, shown
from tiercel.model.yaml_values import parse_yaml

DEEP = "[" * (MAX_DEPTH + 2) + "]" * (MAX_DEPTH + 2)


def declared(kind: str, **properties: object) -> InputBase:
    found = parse_input({"id": "x", "type": kind, **properties})
    assert isinstance(found, InputBase)
    return found


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        ("STRING", "text", "text"),
        ("STRING", "", ""),
        ("STRING", 42, 42),
        ("STRING", True, True),
        ("STRING", {"a": [1]}, '{"a":[1]}'),
        ("STRING", date(2024, 1, 2), "2024-01-02"),
        ("SELECT", 1, "1"),
        ("INT", "42", 42),
        ("INT", "+5", 5),
        ("INT", "-007", -7),
        ("INT", 42, 42),
        ("INT", 2147483647, 2147483647),
        ("INT", "-2147483648", -2147483648),
        ("FLOAT", "1.123", 1.123),
        ("FLOAT", 42, 42.0),
        ("FLOAT", " 1e3 ", 1000.0),
        ("FLOAT", ".5f", 0.5),
        ("BOOLEAN", "TRUE", True),
        ("BOOL", True, True),
        ("BOOL", "yes", False),
        ("BOOL", 1, False),
        ("BOOL", None, False),
        ("BOOL", {}, False),
        ("DATETIME", "2019-10-06T18:27:49Z", "2019-10-06T18:27:49Z"),
        ("DATETIME", "2019-10-06T18:27:49+02:00", "2019-10-06T16:27:49Z"),
        ("DATETIME", "2019-10-06T18:27:49.1Z", "2019-10-06T18:27:49.100Z"),
        ("DATETIME", "2019-10-06T18:27:49.123456789Z", "2019-10-06T18:27:49.123456789Z"),
        ("DATETIME", "2019-10-06T18:27:49.000z", "2019-10-06T18:27:49Z"),
        ("DATETIME", datetime(2019, 10, 6, 18, 27, 49, 5000, UTC), "2019-10-06T18:27:49.005Z"),
        ("DATE", "2019-10-06", "2019-10-06"),
        ("DATE", date(2019, 10, 6), "2019-10-06"),
        ("TIME", "18:27", "18:27:00"),
        ("TIME", "18:27:49", "18:27:49"),
        ("TIME", "18:27:49.5", "18:27:49.500"),
        ("DURATION", "PT5M6S", "PT5M6S"),
        ("DURATION", "pt90s", "PT1M30S"),
        ("DURATION", "P1DT2H", "PT26H"),
        ("DURATION", 306.0, "PT5M6S"),
        ("DURATION", timedelta(seconds=1.5), "PT1.5S"),
        ("FILE", "kestra:///a/b.txt", "kestra:///a/b.txt"),
        ("JSON", '{"a": [1, null, 1.5]}', {"a": [1, None, 1.5]}),
        ("JSON", {"a": (1, 2), 3: None}, {"a": [1, 2], "3": None}),
        ("JSON", '"text"', "text"),
        ("JSON", "null", None),
        ("YAML", "a: [1, yes, 2024-01-01, 12:30:00, ~]", {"a": [1, True, "2024-01-01", "12:30:00", None]}),
        ("YAML", "[0x1F, 017, 08, 1_000, 1e3, 1.5e3, tRUE]", [31, 15, "08", 1000, "1e3", 1500.0, "tRUE"]),
        ("YAML", "[!!str 12, !!float 1, ! 3, '4']", ["12", 1.0, "3", "4"]),
        ("YAML", "- &x {a: 1}\n- *x", [{"a": 1}, {"a": 1}]),
        ("YAML", "true: 1\n1: a", {"true": 1, "1": "a"}),
        ("YAML", "", None),
        ("YAML", {"a": 1}, {"a": 1}),
        ("URI", "https://www.google.com", "https://www.google.com"),
        ("URI", "ftp://host.io:80/a?b=c#d", "ftp://host.io:80/a?b=c#d"),
        ("EMAIL", "me@example.org", "me@example.org"),
        ("OBJECT", '{"a": 1}', {"a": 1}),
        ("TABLE", '[{"a": 1}]', [{"a": 1}]),
        ("ARRAY", "[1, 2]", [1, 2]),
        ("ARRAY", ("a", None), ["a", None]),
    ],
)
def test_good_values(kind: str, raw: object, value: object) -> None:
    found = convert(kind, raw)
    assert found == value
    assert type(found) is type(value)
    assert json.loads(json.dumps(found)) == found


@pytest.mark.parametrize(
    ("kind", "raw", "reason"),
    [
        ("STRING", Path("/x"), "a text is wanted, not PosixPath"),
        ("STRING", "\ud800", "the character at 0 is half of a surrogate pair"),
        ("SELECT", ["a"], "a text is wanted, not ArrayList"),
        ("SELECT", None, "a text is wanted, not <null>"),
        ("INT", "12.5", "a whole number is wanted, such as 42"),
        ("INT", " 1", "a whole number is wanted, such as 42"),
        ("INT", "", "a whole number is wanted, such as 42"),
        ("INT", "٣", "a whole number is wanted, such as 42"),
        ("INT", 1.0, "a whole number is wanted, such as 42"),
        ("INT", True, "a whole number is wanted, such as 42"),
        ("INT", None, "a whole number is wanted, such as 42"),
        ("INT", 2147483648, "it does not fit into 32 bits (-2147483648 to 2147483647)"),
        ("INT", "-2147483649", "it does not fit into 32 bits (-2147483648 to 2147483647)"),
        ("FLOAT", "abc", "a number is wanted, such as 4.2"),
        ("FLOAT", "1_0", "a number is wanted, such as 4.2"),
        ("FLOAT", "NaN", "a number is wanted, such as 4.2"),
        ("FLOAT", False, "a number is wanted, such as 4.2"),
        ("FLOAT", "1e999", "inf is not a finite number"),
        ("FLOAT", float("nan"), "nan is not a finite number"),
        ("FLOAT", 10**400, "int too large to convert to float"),
        ("DATETIME", "2019-10-06T18:27:49", "an instant with its zone is wanted, such as 2019-10-06T18:27:49Z"),
        ("DATETIME", "2019-10-06", "an instant with its zone is wanted, such as 2019-10-06T18:27:49Z"),
        ("DATETIME", "2019-13-06T18:27:49Z", "month must be in 1..12"),
        ("DATETIME", "0001-01-01T00:00:00+05:00", "date value out of range"),
        ("DATETIME", 5, "a text is wanted, not Integer"),
        ("DATE", "20191006", "a date is wanted, such as 2019-10-06"),
        ("DATE", "2019-02-29", "day is out of range for month"),
        ("TIME", "24:00", "hour must be in 0..23"),
        ("TIME", "18:27:49Z", "a time is wanted, such as 18:27:49"),
        ("TIME", "18:27.5", "a time is wanted, such as 18:27:49"),
        ("DURATION", "30", "an ISO-8601 duration is wanted, such as PT30S, PT1H or P1D"),
        ("DURATION", "P1W", "'P1W' is not a duration; write ISO-8601 with days to seconds, such as PT30S, PT1H or P1D"),
        ("DURATION", True, "a duration is wanted, such as PT5M6S"),
        ("DURATION", "P99999999999D", None),
        ("DURATION", float("nan"), None),
        ("JSON", "{", None),
        ("JSON", "", None),
        ("JSON", "NaN", "NaN is not a JSON value"),
        ("JSON", DEEP, f"it is nested more than {MAX_DEPTH} deep"),
        ("JSON", "[" * 100_000, f"it is nested more than {MAX_DEPTH} deep"),
        ("JSON", '"\\ud800"', "the character at 0 is half of a surrogate pair"),
        ("YAML", "[" * 100_000, f"it is nested more than {MAX_DEPTH} deep"),
        ("YAML", "!!int x", "found 'x' after the tag !!int, which it is not; remove the tag or mend the value"),
        ("YAML", "a: *b", None),
        ("YAML", "&a [*a]", None),
        ("YAML", "? [a]\n: b", "a map's key must be a scalar"),
        ("YAML", "a\n---\nb", None),
        ("YAML", "a: b: c", None),
        ("YAML", "\0", None),
        ("URI", "http:/bla", "a URL is wanted, such as https://kestra.io/path"),
        ("URI", "http://localhost", "a URL is wanted, such as https://kestra.io/path"),
        ("URI", "kestra.io", "a URL is wanted, such as https://kestra.io/path"),
        ("TABLE", "{}", "a list is wanted, not LinkedHashMap"),
        ("ARRAY", "1", "a list is wanted, not Integer"),
        ("ARRAY", "a", None),
        ("ARRAY", None, "a list is wanted, not <null>"),
    ],
)
def test_bad_values(kind: str, raw: object, reason: str | None) -> None:
    with pytest.raises(ValueError, match=f"^Expected `{kind}` but received `") as caught:
        convert(kind, raw)
    if reason is not None:
        assert str(caught.value) == f"Expected `{kind}` but received `{shown(raw)}` with errors: {reason}"


def test_a_secret_is_never_shown() -> None:
    for raw in (["hidden"], ("hidden",), {"a": "hidden"}):
        with pytest.raises(ValueError, match=r"Expected `SECRET` but received `\*{6}`") as caught:
            convert("SECRET", raw)
        assert "hidden" not in str(caught.value)
    with pytest.raises(ValueError, match="Unable to parse array element") as caught:
        convert("ARRAY", [["hidden"]], item="SECRET")
    assert "hidden" not in str(caught.value)
    with pytest.raises(ValueError, match="Expected `ARRAY`") as caught:
        convert("ARRAY", "[hidden", item="SECRET")
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        ("INT", '["1", 2]', [1, 2]),
        ("BOOL", ["true", "x"], [True, False]),
        ("DATE", ["2024-01-01"], ["2024-01-01"]),
        ("JSON", ['{"a":1}', {"b": 2}], [{"a": 1}, {"b": 2}]),
        ("STRING", [], []),
    ],
)
def test_elements_are_converted_one_by_one(kind: str, raw: object, value: object) -> None:
    assert convert("ARRAY", raw, item=kind) == value


def test_a_wrong_element_is_named() -> None:
    with pytest.raises(ValueError, match=r"^Unable to parse array element as `INT` on `s1`$"):
        convert("ARRAY", '[1, "s1"]', item="INT")


@pytest.mark.parametrize(
    ("kind", "properties", "good", "bad", "fault"),
    [
        (
            "STRING",
            {"validator": r"A\d+"},
            ["A1", "A123"],
            ["A", "xA1", "A1x", "A٣"],
            r"it must match the pattern `A\d+`",
        ),
        ("SECRET", {"validator": "[a-z]{3}"}, ["abc"], ["abcd"], "it must match the pattern `[a-z]{3}`"),
        ("SELECT", {"values": ["A", "B"]}, ["A", "B"], ["C", "a", ""], "it must match the values `[A, B]`"),
        ("SELECT", {"values": ["A"], "allowCustomValue": True}, ["A", "C"], [], ""),
        ("SELECT", {"values": ["A"], "required": False}, ["A", "C"], [], ""),
        ("ENUM", {"values": [1, 2]}, ["1", 2], ["3"], "it must match the values `[1, 2]`"),
        (
            "MULTISELECT",
            {"values": ["A", "B"]},
            [[], ["A"], '["B","A"]'],
            [["A", "C"]],
            "it must match the values `[A, B]`",
        ),
        ("MULTISELECT", {"options": ["A"]}, [["A"]], [["C"]], "it must match the values `[A]`"),
        ("MULTISELECT", {"values": [1], "itemType": "INT"}, [["1"], [1]], [[2]], "it must match the values `[1]`"),
        (
            "MULTISELECT",
            {"values": ["A"], "options": ["A"]},
            [],
            [["A"]],
            "you can't define both `values` and `options`",
        ),
        ("INT", {"min": 10}, ["10", 11], ["9", -1], "it must be more than `10`"),
        ("INT", {"max": 20}, ["20", -5], ["21"], "it must be less than `20`"),
        ("INT", {"min": 0}, [0], [-1], "it must be more than `0`"),
        ("FLOAT", {"min": 0.1}, ["0.1", 1], ["0.09"], "it must be more than `0.1`"),
        ("FLOAT", {"max": 1}, [1, "1.0"], ["1.01"], "it must be less than `1.0`"),
        (
            "DATE",
            {"after": "2023-01-01"},
            ["2023-01-01", "2024-01-01"],
            ["2022-12-31"],
            "it must be after `2023-01-01`",
        ),
        ("DATE", {"before": "2023-12-31"}, ["2023-12-31"], ["2024-01-01"], "it must be before `2023-12-31`"),
        (
            "DATETIME",
            {"after": "2023-01-01T00:00:00Z"},
            ["2023-01-01T00:00:00Z", "2023-01-01T01:00:00+01:00", "2023-01-01T00:00:00.000000001Z"],
            ["2022-12-31T23:59:59.999999999Z"],
            "it must be after `2023-01-01T00:00:00Z`",
        ),
        (
            "DATETIME",
            {"before": "2023-01-01T00:00:00.5Z"},
            ["2023-01-01T00:00:00.500Z", "2023-01-01T00:00:00Z"],
            ["2023-01-01T00:00:00.51Z"],
            "it must be before `2023-01-01T00:00:00.500Z`",
        ),
        ("TIME", {"after": "01:00"}, ["01:00:00", "01:00:00.1"], ["00:59:59.9"], "it must be after `01:00:00`"),
        ("TIME", {"before": "11:59:59"}, ["11:59:59"], ["11:59:59.001", "12:00"], "it must be before `11:59:59`"),
        ("DURATION", {"min": "PT10S"}, ["PT10S", "P1D"], ["PT9.99S", "-PT1H"], "It must be more than `PT10S`"),
        ("DURATION", {"max": "PT20S"}, ["PT20S", 20], ["PT20.001S", "PT1M"], "It must be less than `PT20S`"),
        (
            "FILE",
            {"allowedFileExtensions": [".csv", "TXT"]},
            ["kestra:///a.csv", "kestra:///a.Txt"],
            ["kestra:///a.json", "kestra:///csv"],
            "it must have one of the extensions `[.csv, TXT]`",
        ),
        ("FILE", {"extension": ".csv"}, ["kestra:///a.json"], [], ""),
        ("EMAIL", {}, ["", "a@b", "a.b+c@d-e.org"], ["a", "@b", "a@", "a b@c"], "The input must be a valid email"),
    ],
)
def test_limits(kind: str, properties: dict[str, object], good: list[object], bad: list[object], fault: str) -> None:
    found = declared(kind, **properties)
    assert [checked(found, raw)[1] for raw in good] == [None] * len(good)
    assert [checked(found, raw)[1] for raw in bad] == [fault] * len(bad)


def test_the_properties_of_objects_and_tables_are_checked() -> None:
    properties = [{"id": "n", "type": "INT", "max": 3}, {"id": "s", "type": "STRING", "required": False}]
    assert checked(declared("OBJECT", properties=properties), '{"n": "3", "more": 1}') == ({"n": 3, "s": None}, None)
    fault = checked(declared("OBJECT", properties=properties), {"n": 4})[1]
    assert fault == "property `n`: it must be less than `3`, but received `4`"
    assert "missing required property" in str(checked(declared("OBJECT", properties=properties), {})[1])
    assert checked(declared("OBJECT", properties=properties), [])[1] == "an object is wanted, not ArrayList"
    table = declared("TABLE", columns=properties, rows={"min": 1, "max": 2})
    assert checked(table, [{"n": 1, "s": "a"}]) == ([{"n": 1, "s": "a"}], None)
    assert checked(table, [])[1] == "it must have at least `1` rows"
    assert checked(table, [{"n": 1}] * 3)[1] == "it must have at most `2` rows"
    assert checked(table, [{"n": 1}, 5])[1] == "row 1: an object is wanted, not Integer"


def test_a_pattern_that_explodes_is_stopped() -> None:
    found = declared("STRING", validator="(a|aa)+$")
    begin = clock.monotonic()
    value, fault = checked(found, "a" * 60 + "b")
    assert value == "a" * 60 + "b"
    assert str(fault).startswith("the pattern `(a|aa)+$` takes over 1 s")
    assert clock.monotonic() - begin < 5


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        (r"\p{L}+", "é", "1"),
        (r"\d+", "3", "٣"),
        (r"[\d.]+", "1.2", "٣"),
        (r"\w+", "a_1", "é"),
        (r"\W", "é", "a"),
        (r"\S+", "é", " "),
        (r"(?<x>ab)\k<x>", "abab", "ab"),
        (r"\Qa.b\E+", "a.bb", "axb"),
        (r"\Q[x", "[x", "x"),
        (r"[a-z&&[^aeiou]]+", "xyz", "a"),
        (r"[\w&&[^\d]]", "a", "1"),
        (r"\x{1F600}", "\U0001f600", "x"),
        (r"a++b", "aab", "b"),
        (r"a{2}", "aa", "a"),
        (r"(?i)abc", "ABC", "abd"),
        (r"[]a]+", "]a", "b"),
        (r"^a$", "a", "ba"),
    ],
)
def test_patterns_are_those_of_java(pattern: str, good: str, bad: str) -> None:
    assert full_match(pattern, good)
    assert not full_match(pattern, bad)


def test_aliases_cannot_explode() -> None:
    bomb = "a: &a [1,1,1,1,1,1,1,1,1,1]\n"
    for above, name in zip("abcdefgh", "bcdefghi", strict=True):
        bomb += f"{name}: &{name} [{','.join(['*' + above] * 10)}]\n"
    with pytest.raises(ValueError, match="it holds more than 1000000 values"):
        parse_yaml(bomb)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)
anything = (
    json_values
    | st.text(st.characters())
    | st.floats()
    | st.datetimes(timezones=st.just(UTC))
    | st.dates()
    | st.times()
    | st.timedeltas()
    | st.binary()
    | json_values.map(json.dumps)
    | st.from_regex(r"[-+0-9.:TZPDHMSe]{1,20}", fullmatch=True)
)


@given(st.sampled_from(TYPES), st.sampled_from([None, *TYPES[:-2]]), anything)
def test_whatever_is_supplied_a_value_is_stored_or_refused(kind: str, item: str | None, raw: object) -> None:
    try:
        value = convert(kind, raw, item=item)
    except ValueError:
        return
    text = json.dumps(value, allow_nan=False)
    text.encode()
    if kind not in ("JSON", "YAML", "OBJECT") and item not in ("JSON", "YAML", "OBJECT"):
        assert convert(kind, json.loads(text), item=item) == value


@given(st.text("abc:-[]{}&*!|>'\"#,?\n\t 019.~", max_size=40))
def test_any_text_is_yaml_or_refused(text: str) -> None:
    try:
        value = parse_yaml(text)
    except ValueError:
        return
    assert json.loads(json.dumps(value, allow_nan=False)) == value
