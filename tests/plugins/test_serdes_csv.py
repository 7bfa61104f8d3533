"""CSV to records and back (plugin specification, 7.1)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fake_context import FakeContext

from tiercel.errors import TaskError
from tiercel.model.states import Level
from tiercel.tasks.serdes.csv_reading import CsvToIon
from tiercel.tasks.serdes.csv_writing import IonToCsv


@pytest.fixture
def ctx(tmp_path: Path) -> FakeContext:
    return FakeContext(tmp_path)


def read(ctx: FakeContext, content: str | bytes, **properties: object) -> list[Any]:
    outputs = ctx.run(CsvToIon, **{"from": ctx.put("in.csv", content), **properties})
    rows = [json.loads(line) for line in ctx.content(outputs["uri"]).decode().splitlines()]
    assert outputs["size"] == len(rows)
    assert str(outputs["uri"]).endswith(".ion")
    assert [(metric.name, metric.value) for metric in ctx.metrics] == [("records", len(rows))]
    return rows


def write(ctx: FakeContext, *rows: object, **properties: object) -> str:
    content = "".join(json.dumps(row) + "\n" for row in rows)
    outputs = ctx.run(IonToCsv, **{"from": ctx.put("in.ion", content), **properties})
    assert outputs["size"] == len(rows)
    return ctx.content(outputs["uri"]).decode()


# ------------------------------------------------------------------ reading


def test_values_are_texts_whatever_they_look_like(ctx: FakeContext) -> None:
    assert read(ctx, "a,b,c\n1,true,\n\\N,2024-01-02,1.50\n") == [
        {"a": "1", "b": "true", "c": ""},
        {"a": None, "b": "2024-01-02", "c": "1.50"},
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_quoted_fields_hold_separators_delimiters_and_line_ends(ctx: FakeContext, end: str) -> None:
    assert read(ctx, f'a,b{end}"x,""y""{end}z",2') == [{"a": f'x,"y"{end}z', "b": "2"}]


def test_a_byte_order_mark_is_left_out(ctx: FakeContext) -> None:
    assert read(ctx, b'\xef\xbb\xbf"a"\n1\n') == [{"a": "1"}]


def test_without_a_header_records_are_lists(ctx: FakeContext) -> None:
    assert read(ctx, "a;b\n\\N;2\n", header=False, fieldSeparator=";") == [["a", "b"], [None, "2"]]


def test_rows_are_skipped_before_the_header(ctx: FakeContext) -> None:
    assert read(ctx, "made by us\na,b\n1,2\n", skipRows=1) == [{"a": "1", "b": "2"}]


def test_another_encoding_and_another_delimiter(ctx: FakeContext) -> None:
    assert read(
        ctx, "ü|b\n'x|y'|2\n".encode("latin-1"), charset="ISO-8859-1", fieldSeparator="|", textDelimiter="'"
    ) == [{"ü": "x|y", "b": "2"}]


def test_an_empty_file_has_no_records(ctx: FakeContext) -> None:
    assert read(ctx, "") == []


@pytest.mark.parametrize("line", ["1", "1,2,3", ""])
def test_a_row_with_another_number_of_fields_fails(ctx: FakeContext, line: str) -> None:
    with pytest.raises(TaskError, match=rf"line 3 of .* has {len(line.split(','))} fields, expected 2"):
        read(ctx, f"a,b\n1,2\n{line}\n")


@pytest.mark.parametrize(("policy", "warnings"), [("WARN", 1), ("SKIP", 0)])
def test_a_row_with_another_number_of_fields_is_left_out(ctx: FakeContext, policy: str, warnings: int) -> None:
    assert read(ctx, "a,b\n1\n1,2\n", onBadLines=policy) == [{"a": "1", "b": "2"}]
    assert len(ctx.messages(Level.WARN)) == warnings


def test_the_old_form_keeps_what_has_a_name(ctx: FakeContext) -> None:
    assert read(ctx, "a,b\n1\n1,2,3\n", errorOnDifferentFieldCount=False) == [{"a": "1"}, {"a": "1", "b": "2"}]


def test_empty_rows_are_left_out_on_demand(ctx: FakeContext) -> None:
    assert read(ctx, "a,b\n\n1,2\n\n", skipEmptyRows=True) == [{"a": "1", "b": "2"}]


@pytest.mark.parametrize(
    ("policy", "row"), [("DROP", {"a": "1", "c": "3"}), ("RENAME", {"a": "1", "col_2": "2", "c": "3"})]
)
def test_empty_names_are_dropped_or_replaced(ctx: FakeContext, policy: str, row: dict[str, str]) -> None:
    assert read(ctx, "a,,c\n1,2,3\n", onEmptyHeader=policy) == [row]


def test_of_two_columns_of_one_name_the_last_stays_and_the_log_says_so(ctx: FakeContext) -> None:
    assert read(ctx, "a,a\n1,2\n") == [{"a": "2"}]
    assert "more than once" in ctx.messages(Level.WARN)[0]


def test_text_after_a_closing_delimiter_fails_or_is_kept(ctx: FakeContext) -> None:
    with pytest.raises(TaskError, match=r"line 2 .* is no CSV .*allowExtraCharsAfterClosingQuote"):
        read(ctx, 'a,b\n"1"x,2\n')
    assert read(ctx, 'a,b\n"1"x,2\n', allowExtraCharsAfterClosingQuote=True) == [{"a": "1x", "b": "2"}]


def test_what_cannot_be_read_says_why(ctx: FakeContext) -> None:
    with pytest.raises(TaskError, match=r"is not UTF-8 .* set charset"):
        read(ctx, b"a\n\xff\n")
    with pytest.raises(TaskError, match="charset is 'UTF-9', which is unknown"):
        read(ctx, "a\n", charset="UTF-9")
    with pytest.raises(TaskError, match="more than 3 characters; raise maxFieldSize"):
        read(ctx, "a\nlong\n", maxFieldSize=3)
    with pytest.raises(TaskError, match="fieldSeparator is '::'; wanted one character"):
        read(ctx, "a\n", fieldSeparator="::")


def test_a_field_longer_than_the_library_takes_by_itself_is_read(ctx: FakeContext) -> None:
    assert read(ctx, "a\n" + "x" * 200_000 + "\n") == [{"a": "x" * 200_000}]


# ------------------------------------------------------------------ writing


def test_the_header_is_that_of_the_first_record_and_values_stand_below_their_name(ctx: FakeContext) -> None:
    assert write(ctx, {"a": 1, "b": "x"}, {"b": "y", "c": 3, "a": 2}, {"a": 4}, {"c": 5}) == "a,b\n1,x\n2,y\n4,\n,\n"
    assert len(ctx.messages(Level.WARN)) == 1, "one warning a name"


def test_each_kind_of_value_has_its_text(ctx: FakeContext) -> None:
    uri = ctx.put(
        "in.ion", '{"a":null,"b":true,"c":1.50,"d":1e-7,"e":12345678901234567890123,"f":{"k":[1,"ü"]},"g":""}\n'
    )
    written = ctx.content(ctx.run(IonToCsv, **{"from": uri, "header": False})["uri"]).decode()
    assert written == ',true,1.50,0.0000001,12345678901234567890123,"{""k"":[1,""ü""]}",\n'


def test_fields_are_quoted_where_they_must_be(ctx: FakeContext) -> None:
    assert write(ctx, {"a": 'x"y', "b": "1,2", "c": "l\nm", "d": "n"}) == 'a,b,c,d\n"x""y","1,2","l\nm",n\n'


@pytest.mark.parametrize(
    ("properties", "row"),
    [
        ({"alwaysDelimitText": True}, '"x","1",""'),
        ({"quoteMode": "ALWAYS"}, '"x","1",""'),
        ({"quoteMode": "REQUIRED"}, "x,1,"),
        ({"quoteMode": "NON_NUMERIC"}, '"x",1,'),
    ],
)
def test_the_quote_mode_says_which_fields_are_quoted(ctx: FakeContext, properties: dict[str, Any], row: str) -> None:
    assert write(ctx, {"a": "x", "b": 1, "c": None}, header=False, **properties) == row + "\n"


def test_separators_and_line_ends_are_those_that_were_asked_for(ctx: FakeContext) -> None:
    assert write(ctx, {"a": 1, "b": "x;y"}, fieldSeparator=";", lineDelimiter="\r\n") == 'a;b\r\n1;"x;y"\r\n'


def test_lists_have_no_header(ctx: FakeContext) -> None:
    assert write(ctx, [1, "x"], [2, None], header=False) == "1,x\n2,\n"
    with pytest.raises(TaskError, match="is a list and has no names; set header: false"):
        write(ctx, [1, "x"])
    with pytest.raises(TaskError, match=r"record 2 .* is a list, wanted a map"):
        write(ctx, {"a": 1}, [2])


def test_no_records_make_an_empty_file(ctx: FakeContext) -> None:
    assert write(ctx) == ""


def test_moments_of_a_foreign_file_are_written_by_their_formats(ctx: FakeContext) -> None:
    uri = ctx.put("in.ion", "{t:2024-01-02T03:04:05.100+01:00}\n")
    written = ctx.content(ctx.run(IonToCsv, **{"from": uri, "header": False})["uri"]).decode()
    assert written == "2024-01-02T02:04:05.100Z\n"
    written = ctx.content(ctx.run(IonToCsv, **{"from": uri, "dateTimeFormat": "dd.MM.yyyy"})["uri"]).decode()
    assert written == "t\n02.01.2024\n"


def test_what_is_written_reads_back(ctx: FakeContext) -> None:
    rows = [{"a": 'x"\r\n,y', "b": "ü"}, {"a": "", "b": " z "}]
    assert read(ctx_of(ctx), write(ctx, *rows)) == rows


def ctx_of(ctx: FakeContext) -> FakeContext:
    return FakeContext(ctx.root)
