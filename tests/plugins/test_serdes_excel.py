"""Records to Excel and back (plugin specification, 7.4)."""

from __future__ import annotations

import io
import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from fake_context import FakeContext

from tiercel.errors import TaskError
from tiercel.model.states import Level
from tiercel.tasks.serdes.excel_reading import ExcelToIon
from tiercel.tasks.serdes.excel_writing import IonToExcel, excel_format


@pytest.fixture
def ctx(tmp_path: Path) -> FakeContext:
    return FakeContext(tmp_path)


def put(ctx: FakeContext, *rows: object) -> str:
    return ctx.put("in.ion", "".join(json.dumps(row) + "\n" for row in rows))


def written(ctx: FakeContext, **properties: object) -> Any:
    return openpyxl.load_workbook(io.BytesIO(ctx.content(ctx.run(IonToExcel, **properties)["uri"])))


def read(ctx: FakeContext, book: Any, **properties: object) -> dict[str, list[Any]]:
    whole = io.BytesIO()
    book.save(whole)
    outputs = ctx.run(ExcelToIon, **{"from": ctx.put("in.xlsx", whole.getvalue()), **properties})
    found = {
        title: [json.loads(line) for line in ctx.content(uri).decode().splitlines()]
        for title, uri in outputs["uris"].items()
    }
    assert outputs["size"] == sum(map(len, found.values()))
    return found


def book_of(**sheets: list[list[Any]]) -> Any:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    return book


# ------------------------------------------------------------------ writing


def test_records_become_rows_below_the_names_of_the_first(ctx: FakeContext) -> None:
    outputs = ctx.run(IonToExcel, **{"from": put(ctx, {"a": 1, "b": "x"}, {"b": None, "a": 2.5}, {"a": True})})
    book = openpyxl.load_workbook(io.BytesIO(ctx.content(outputs["uri"])))
    assert outputs["size"] == 3
    assert str(outputs["uri"]).endswith(".xlsx")
    assert book.sheetnames == ["Sheet"]
    assert list(book["Sheet"].values) == [("a", "b"), (1, "x"), (2.5, None), (True, None)]


def test_each_file_of_a_map_is_a_sheet(ctx: FakeContext) -> None:
    given = {"one": put(ctx, {"a": 1}), "two": ctx.put("b.ion", '{"b":2}\n{"b":3}\n')}
    for form in (given, json.dumps(given)):
        book = written(ctx, **{"from": form, "header": False})
        assert {sheet.title: list(sheet.values) for sheet in book} == {"one": [(1,)], "two": [(2,), (3,)]}
    with pytest.raises(TaskError, match="is no name of a sheet"):
        ctx.run(IonToExcel, **{"from": {"a/b": put(ctx, {"a": 1})}})


def test_text_is_text_unless_it_says_that_it_is_a_formula(ctx: FakeContext) -> None:
    sheet = written(
        ctx, **{"from": put(ctx, ["=1+1", "Formula:=A1", "Formula: SUM(B1:B2)", "a\x00b"]), "header": False}
    )
    cells = [(cell.value, cell.data_type) for cell in next(sheet.active.iter_rows())]
    assert cells == [("=1+1", "s"), ("=A1", "f"), ("=SUM(B1:B2)", "f"), ("ab", "s")]


def test_what_excel_would_spoil_is_text(ctx: FakeContext) -> None:
    row = ["x" * 40_000, 12345678901234567890, {"k": [1, "ü"]}]
    values = next(written(ctx, **{"from": put(ctx, row), "header": False}).active.values)
    assert values == ("x" * 32_767, "12345678901234567890", '{"k":[1,"ü"]}')
    assert "is cut to 32767" in ctx.messages(Level.WARN)[0]


def test_moments_have_the_format_that_was_asked_for(ctx: FakeContext) -> None:
    uri = ctx.put("in.ion", "{t:2024-01-02T03:04:05Z}\n")
    cell = written(ctx, **{"from": uri, "header": False, "dateTimeFormat": "dd.MM.yyyy HH:mm"}).active["A1"]
    assert (cell.value, cell.number_format) == (datetime(2024, 1, 2, 3, 4, 5), "dd.mm.yyyy hh:mm")  # noqa: DTZ001
    assert excel_format("yyyy-MM-dd'T'HH:mm:ss.SSS[XXX]") == 'yyyy-mm-dd"T"hh:mm:ss.000'


# ------------------------------------------------------------------ reading


def test_all_sheets_are_read_or_those_that_are_named(ctx: FakeContext) -> None:
    book = book_of(one=[["a", None, "c"], [1, 2, "x"], [None, None, 1.5]], two=[["b"], [True]])
    assert read(ctx, book) == {"one": [{"a": 1, "c": "x"}, {"a": None, "c": 1.5}], "two": [{"b": True}]}
    assert read(ctx, book, sheetsTitle=["two"], header=False) == {"two": [["b"], [True]]}
    with pytest.raises(TaskError, match=r"has no sheet \['three'\]; it has \['one', 'two'\]"):
        read(ctx, book, sheetsTitle=["three"])


def test_rows_are_skipped(ctx: FakeContext) -> None:
    book = book_of(one=[["made by us"], ["a"], [None], [1]])
    assert read(ctx, book, skipRows=1, skipEmptyRows=True) == {"one": [{"a": 1}]}
    assert read(ctx, book, skipRows=1) == {"one": [{"a": None}, {"a": 1}]}


@pytest.mark.parametrize(
    ("properties", "row"),
    [
        ({}, ["2024-01-02", "2024-01-02T12:00:00", 1234.5, 3]),
        ({"dateTimeRender": "SERIAL_NUMBER"}, [45293, 45293.5, 1234.5, 3]),
        ({"dateTimeRender": "FORMATTED_STRING"}, ["2024-01-02", "2024-01-02 12:00:00", 1234.5, 3]),
        ({"valueRender": "FORMATTED_VALUE"}, ["2024-01-02", "2024-01-02 12:00:00", "1,234.50", "3"]),
    ],
)
def test_values_are_read_as_they_are_or_as_they_are_shown(
    ctx: FakeContext, properties: dict[str, str], row: list[Any]
) -> None:
    book = book_of(one=[[date(2024, 1, 2), datetime(2024, 1, 2, 12), 1234.5, 3.0]])  # noqa: DTZ001
    book["one"]["C1"].number_format = "#,##0.00"
    assert read(ctx, book, header=False, **properties) == {"one": [row]}


def test_formulas_are_read_on_demand(ctx: FakeContext) -> None:
    book = book_of(one=[[1, "=A1+1"]])
    assert read(ctx, book, header=False, valueRender="FORMULA") == {"one": [[1, "=A1+1"]]}


def test_what_is_no_excel_file_is_named(ctx: FakeContext) -> None:
    with pytest.raises(TaskError, match=r"is no Excel file .*wanted the .xlsx form"):
        ctx.run(ExcelToIon, **{"from": ctx.put("in.xlsx", b"no")})


def test_what_is_written_reads_back(ctx: FakeContext) -> None:
    rows = [{"a": 1, "b": "x", "c": 1.25}, {"a": 2, "b": "=y", "c": None}]
    uri = ctx.run(IonToExcel, **{"from": put(ctx, *rows)})["uri"]
    back = ctx.run(ExcelToIon, **{"from": uri})["uris"]["Sheet"]
    assert [json.loads(line) for line in ctx.content(back).decode().splitlines()] == rows
