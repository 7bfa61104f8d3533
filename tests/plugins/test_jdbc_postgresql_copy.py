"""PostgreSQL's CopyIn, CopyOut and Batch on a real server."""

from __future__ import annotations

import json
import threading
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fake_context import FakeContext
from pydantic import ValidationError

from postgres import PostgresServer
from tiercel.errors import TaskError
from tiercel.tasks.jdbc.postgresql import Batch, Queries, Query
from tiercel.tasks.jdbc.postgresql_copy import CopyIn, CopyOut

CSV = 'id,"First Name",amount\n1,Ann,1.50\n2,"Bob, ""the"" builder",\n'


class Database:
    """A server, and a task's properties to reach it."""

    def __init__(self, server: PostgresServer, ctx: FakeContext) -> None:
        self.ctx = ctx
        self.login = {"url": server.url, "username": server.user, "password": server.password}

    def run(self, plugin: type[Any], **properties: object) -> dict[str, Any]:
        return self.ctx.run(plugin, **{**self.login, **properties})

    def rows(self, sql: str = "TABLE t") -> list[dict[str, Any]]:
        found = self.run(Query, sql=sql, fetchType="FETCH")["rows"]
        assert isinstance(found, list)
        return found


@pytest.fixture
def db(postgres: PostgresServer, tmp_path: Path) -> Database:
    database = Database(postgres, FakeContext(tmp_path))
    database.run(Queries, sql="DROP SCHEMA IF EXISTS public CASCADE; CREATE SCHEMA public")
    return database


@pytest.fixture
def table(db: Database) -> Database:
    db.run(Queries, sql="CREATE TABLE t (Id int, Name text, Amount numeric)")
    return db


# ------------------------------------------------------------------ CopyIn


def test_a_csv_with_a_header_and_mixed_case_columns_comes_in(table: Database) -> None:
    uri = table.ctx.put("in.csv", CSV)
    columns = ["Id", "Name", "Amount"]
    assert table.run(CopyIn, **{"from": uri}, table="public.t", columns=columns, format="CSV", header=True) == {
        "rowCount": 2
    }
    wanted = {"id": 1, "name": "Ann", "amount": Decimal("1.50")}
    assert table.rows() == [wanted, {"id": 2, "name": 'Bob, "the" builder', "amount": None}]
    assert (table.ctx.metrics[0].name, table.ctx.metrics[0].value) == ("rows", 2)


def test_a_month_of_trips_is_staged_and_merged(db: Database) -> None:
    csv = "VendorID,pickup,PULocationID,fare\n1,2021-01-01 00:15:56,43,5.5\n2,2021-01-01 00:22:39,166,10\n"
    create = (
        "(unique_row_id text, filename text, VendorID text, pickup timestamp, PULocationID text, fare double precision)"
    )
    columns = ["VendorID", "pickup", "PULocationID", "fare"]
    for inserted in (2, 2):
        db.run(Queries, sql=f"CREATE TABLE IF NOT EXISTS trips {create}; CREATE TABLE IF NOT EXISTS staging {create}")
        db.run(Queries, sql="TRUNCATE TABLE staging;")
        login = {"from": db.ctx.put("trips.csv", csv), "table": "staging", "columns": columns}
        db.run(CopyIn, **login, format="CSV", header=True)
        sql = """
            UPDATE staging SET unique_row_id = md5(COALESCE(CAST(VendorID AS text), '') || pickup), filename = 'x.csv';
            MERGE INTO trips AS T USING staging AS S ON T.unique_row_id = S.unique_row_id
            WHEN NOT MATCHED THEN
                INSERT VALUES (S.unique_row_id, S.filename, S.VendorID, S.pickup, S.PULocationID, S.fare);
        """
        assert db.run(Queries, sql=sql) == {"outputs": []}
        assert len(db.rows("TABLE trips")) == inserted


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("3,c", 'missing data for column "amount"; COPY t, line 4: "3,c"'),
        ("3,c,1,extra", "extra data after last expected column; COPY t, line 4"),
        ("x,c,1", 'invalid input syntax for type integer: "x"; COPY t, line 4, column id: "x"'),
    ],
)
def test_a_broken_line_is_named_and_leaves_the_table_as_it_was(table: Database, line: str, message: str) -> None:
    table.run(Queries, sql="INSERT INTO t VALUES (0, 'before', 0)")
    uri = table.ctx.put("in.csv", CSV + line + "\n")
    with pytest.raises(TaskError) as error:
        table.run(CopyIn, **{"from": uri}, table="t", format="CSV", header=True)
    assert message in str(error.value)
    assert "statement: COPY t FROM STDIN WITH (FORMAT CSV, HEADER TRUE)" in str(error.value)
    assert len(table.rows()) == 1


def test_a_file_that_ends_in_an_error_leaves_the_table_as_it_was(table: Database) -> None:
    class Broken:
        def __enter__(self) -> Broken:
            self.blocks = iter([b"1,a,1\n" * 1000])
            return self

        def __exit__(self, *error: object) -> None:
            pass

        def read(self, size: int) -> bytes:
            for block in self.blocks:
                return block
            raise TaskError("the storage is gone")

    table.ctx.open = lambda uri: Broken()  # type: ignore[assignment, method-assign, return-value]
    with pytest.raises(TaskError, match="the storage is gone"):
        table.run(CopyIn, **{"from": "kestra:///x"}, table="t", format="CSV")
    assert table.rows() == []


def test_a_cancelled_copy_leaves_the_table_as_it_was(table: Database) -> None:
    class Endless:
        def __enter__(self) -> Endless:
            return self

        def __exit__(self, *error: object) -> None:
            pass

        def read(self, size: int) -> bytes:
            time.sleep(0.01)
            return b"1,a,1\n" * 1000

    table.ctx.open = lambda uri: Endless()  # type: ignore[assignment, method-assign, return-value]
    timer = threading.Timer(0.3, table.ctx.cancel)
    timer.start()
    with pytest.raises(TaskError, match="cancel"):
        table.run(CopyIn, **{"from": "kestra:///x"}, table="t", format="CSV")
    timer.join()
    table.ctx._cancelled.clear()
    assert table.rows() == []


def test_options_are_written_as_copy_wants_them(db: Database) -> None:
    def options(**given: object) -> str:
        login = {"id": "x", "type": "x", "url": "u", "from": "f", "table": "t"}
        return CopyIn.model_validate({**login, **given}).options()

    assert options() == ""
    assert options(header=False) == " WITH (HEADER FALSE)"
    assert options(format="CSV", delimiter="'", nullString="", quote='"', escape="\\", encoding="latin1") == (
        """ WITH (FORMAT CSV, DELIMITER '''', NULL '', QUOTE '"', ESCAPE '\\', ENCODING 'latin1')"""
    )
    assert options(forceNotNull=["a", "b"], forceNull=["c"], forceQuote=["*"], freeze=True) == (
        " WITH (FREEZE TRUE, FORCE_QUOTE *, FORCE_NOT_NULL (a, b), FORCE_NULL (c))"
    )
    with pytest.raises(ValidationError):
        options(format="csv")


# ------------------------------------------------------------------ CopyOut


@pytest.mark.parametrize(("format_", "suffix"), [("TEXT", ".txt"), ("CSV", ".csv"), ("BINARY", ".bin")])
def test_what_goes_out_comes_in_again(table: Database, format_: str, suffix: str) -> None:
    table.run(Queries, sql="INSERT INTO t VALUES (1, E'tab\\there', 1.50), (2, NULL, NULL); CREATE TABLE u (LIKE t)")
    out = table.run(CopyOut, sql="SELECT * FROM t ORDER BY id;", format=format_)
    assert out["rowCount"] == 2
    assert out["uri"].endswith(suffix)
    assert table.run(CopyIn, **{"from": out["uri"]}, table="u", format=format_) == {"rowCount": 2}
    assert table.rows("TABLE u") == table.rows("TABLE t")


def test_a_table_goes_out_with_a_header(table: Database) -> None:
    table.run(Queries, sql="INSERT INTO t VALUES (1, 'a,b', 1.50)")
    out = table.run(CopyOut, table="t", columns=["Name", "Id"], format="CSV", header=True)
    assert table.ctx.content(out["uri"]) == b'name,id\n"a,b",1\n'


def test_a_copy_that_fails_on_its_way_stores_nothing(table: Database) -> None:
    with pytest.raises(TaskError, match="division by zero"):
        table.run(CopyOut, sql="SELECT 1 / (5000 - n) FROM generate_series(1, 9999) n")
    assert table.ctx.files == {}
    assert list(table.ctx.working_dir.iterdir()) == []
    with pytest.raises(TaskError, match="sql and table are both missing"):
        table.run(CopyOut)


# ------------------------------------------------------------------ Batch


def lines(*rows: object) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_maps_find_the_columns_of_the_table(table: Database) -> None:
    uri = table.ctx.put("in.ion", '{"amount":1.50,"id":1,"more":true}\n{"id":2,"name":"b"}\n')
    assert table.run(Batch, **{"from": uri}, table="t", chunk=1) == {"rowCount": 2, "updatedCount": 2}
    wanted = {"id": 1, "name": None, "amount": Decimal("1.50")}
    assert table.rows() == [wanted, {"id": 2, "name": "b", "amount": None}]
    assert {metric.name: metric.value for metric in table.ctx.metrics if metric.name != "fetch.size"} == {
        "records": 2,
        "updated": 2,
        "query": 2,
    }


def test_lists_and_chosen_columns_fill_the_marks(table: Database) -> None:
    sql = "INSERT INTO t (id, name) VALUES (?, ? || '?')"
    table.run(Batch, **{"from": table.ctx.put("a.ion", lines([1, "a"], [2, None]))}, sql=sql)
    table.run(Batch, **{"from": table.ctx.put("b.ion", lines({"n": "c", "i": 3}))}, sql=sql, columns=["i", "n"])
    assert [(row["id"], row["name"]) for row in table.rows()] == [(1, "a?"), (2, None), (3, "c?")]
    assert table.run(Batch, **{"from": table.ctx.put("c.ion", "")}, sql=sql) == {"rowCount": 0, "updatedCount": 0}


def test_values_become_what_the_parameter_is(db: Database) -> None:
    kinds = {
        "d": ("date", "2024-01-02", "2024-01-02"),
        "ts": ("timestamptz", "2024-01-02T03:04:05Z", "2024-01-02T03:04:05Z"),
        "i": ("interval", "P1DT2H", "P0Y0M1DT2H0M0S"),
        "j": ("jsonb", {"a": [1, 2.5]}, {"a": [1, 2.5]}),
        "jt": ("json", "text", "text"),
        "ia": ("int[]", [1, None], [1, None]),
        "ta": ("text[]", ['a"b', "c,d", "\\"], ['a"b', "c,d", "\\"]),
        "b": ("bytea", "AP8=", "AP8="),
        "u": ("uuid", "11111111-1111-1111-1111-111111111111", "11111111-1111-1111-1111-111111111111"),
        "f": ("boolean", False, False),
        "x": ("float8", 1.5, 1.5),
        "n": ("text", None, None),
    }
    db.run(Queries, sql=f"CREATE TABLE t ({', '.join(f'{name} {kind[0]}' for name, kind in kinds.items())})")
    row = {name: kind[1] for name, kind in kinds.items()}
    db.run(Batch, **{"from": db.ctx.put("in.ion", lines(row))}, table="t")
    [found] = db.run(Query, sql="TABLE t", fetchType="FETCH", timeZoneId="UTC")["rows"]
    assert found == {name: kind[2] for name, kind in kinds.items()}


def test_a_chunk_that_fails_is_named_and_those_before_it_stay(table: Database) -> None:
    uri = table.ctx.put("in.ion", lines(*({"id": n if n < 5 else "x"} for n in range(1, 7))))
    with pytest.raises(TaskError, match=r'integer: "x".*rows 5 to 6 of .* were not written, the 4 before them stay'):
        table.run(Batch, **{"from": uri}, table="t", chunk=2)
    assert len(table.rows()) == 4
    with pytest.raises(TaskError, match="row 1 has 3 values; the statement wants 1"):
        table.run(Batch, **{"from": table.ctx.put("b.ion", lines([1, 2, 3]))}, sql="INSERT INTO t (id) VALUES (?)")
    with pytest.raises(TaskError, match='relation "nope" does not exist'):
        table.run(Batch, **{"from": uri}, table="nope")
