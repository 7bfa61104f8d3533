"""SQLite's Query, Queries and Batch on real files."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from decimal import Decimal
from pathlib import Path

import pytest
from fake_context import FakeContext

from tiercel.errors import TaskError
from tiercel.tasks.jdbc.sqlite import Batch, Queries, Query


@pytest.fixture
def ctx(tmp_path: Path) -> FakeContext:
    return FakeContext(tmp_path)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"jdbc:sqlite:{tmp_path}/test.db"


ENDLESS = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT max(n) FROM c"


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_each_fetch_type_gives_its_outputs(ctx: FakeContext, rows: int) -> None:
    sql = f"WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c LIMIT {rows}"
    wanted = [{"n": n + 1} for n in range(rows)]
    assert ctx.run(Query, sql=sql) == {}
    assert ctx.run(Query, sql=sql, fetchType="FETCH") == {"rows": wanted, "size": rows}
    assert ctx.run(Query, sql=sql, fetchType="FETCH_ONE") == {"row": wanted[0] if rows else None, "size": min(rows, 1)}
    stored = ctx.run(Query, sql=sql, fetchType="STORE")
    assert [json.loads(line) for line in ctx.content(stored["uri"]).splitlines()] == wanted


def test_a_relative_path_starts_in_the_working_directory(ctx: FakeContext) -> None:
    ctx.run(Queries, url="jdbc:sqlite:sub/test.db", sql="CREATE TABLE t (a)")
    assert (ctx.working_dir / "sub/test.db").exists()


def test_the_declared_type_decides(ctx: FakeContext, url: str) -> None:
    sql = """
        CREATE TABLE t (d DATE, ts TIMESTAMP, dt DATETIME, tm TIME, b BLOB, n, m INTEGER, x BOOLEAN, z DATE);
        INSERT INTO t VALUES ('2024-01-02', '2024-01-02 03:04:05', '2024-07-02T03:04:05.5', '03:04:05', x'00ff', 1.5, 7,
                              1, NULL), (1704164645000, 1704164645000, 'never', 'soon', NULL, 'a', 'b', 0, NULL);
        SELECT * FROM t
    """
    [found] = ctx.run(Queries, url=url, sql=sql, fetchType="FETCH", timeZoneId="Europe/Berlin")["outputs"]
    first = {"d": "2024-01-02", "ts": "2024-01-02T02:04:05Z", "dt": "2024-07-02T01:04:05.500Z", "tm": "03:04:05"}
    second = {"d": "2024-01-02", "ts": "2024-01-02T03:04:05Z", "dt": "never", "tm": "soon"}
    assert found["rows"] == [
        {**first, "b": "AP8=", "n": 1.5, "m": 7, "x": 1, "z": None},
        {**second, "b": None, "n": "a", "m": "b", "x": 0, "z": None},
    ]


def test_parameters_are_values(ctx: FakeContext) -> None:
    sql = "SELECT :n AS n, :t AS t, ':n' AS s, :d AS d, :l AS l, :z AS z"
    given = {"n": 1, "t": "it's", "d": {"a": 1}, "l": [1, 2], "z": None}
    row = ctx.run(Query, sql=sql, parameters=given, fetchType="FETCH_ONE")["row"]
    assert row == {"n": 1, "t": "it's", "s": ":n", "d": '{"a":1}', "l": "[1,2]", "z": None}


def test_a_transaction_leaves_nothing_when_it_fails(ctx: FakeContext, url: str) -> None:
    with pytest.raises(TaskError, match=r"SQLite at .*test.db: no such table: nope; statement: SELECT \* FROM nope"):
        ctx.run(Queries, url=url, sql="CREATE TABLE t (a); INSERT INTO t VALUES (1); SELECT * FROM nope")
    ctx.run(Queries, url=url, sql="CREATE TABLE t (a)")
    with pytest.raises(TaskError):
        ctx.run(Queries, url=url, sql="INSERT INTO t VALUES (1); SELECT * FROM nope", transaction=False)
    with pytest.raises(TaskError):
        ctx.run(Query, url=url, sql="INSERT INTO t VALUES (2)", afterSQL="SELECT * FROM nope")
    assert ctx.run(Query, url=url, sql="SELECT * FROM t", fetchType="FETCH")["rows"] == [{"a": 1}]
    assert ctx.run(Query, url=url, sql="UPDATE t SET a = 5") == {"updateCount": 1}
    assert ctx.run(Queries, url=url, sql="UPDATE t SET a = 1; BEGIN; DELETE FROM t; COMMIT; SELECT 1", fetch=True) == {
        "outputs": [{"rows": [{"1": 1}], "size": 1}]
    }


def test_triggers_and_query_of_one_statement(ctx: FakeContext, url: str) -> None:
    trigger = "CREATE TRIGGER r AFTER INSERT ON t BEGIN UPDATE t SET a = 2; DELETE FROM t WHERE a = 9; END;"
    ctx.run(Queries, url=url, sql=f"CREATE TABLE t (a); {trigger} INSERT INTO t VALUES (1)")
    assert ctx.run(Query, url=url, sql="SELECT a FROM t; -- one", fetchType="FETCH")["rows"] == [{"a": 2}]
    with pytest.raises(TaskError, match="sql holds 2 statements"):
        ctx.run(Query, url=url, sql="SELECT 1; SELECT 2")


def test_a_returning_statement_runs_to_its_end(ctx: FakeContext, url: str) -> None:
    ctx.run(Queries, url=url, sql="CREATE TABLE t (a)")
    sql = "INSERT INTO t VALUES (1), (2), (3) RETURNING a"
    assert ctx.run(Query, url=url, sql=sql, fetchType="FETCH_ONE")["row"] == {"a": 1}
    assert ctx.run(Query, url=url, sql="SELECT count(*) AS n FROM t", fetchType="FETCH_ONE")["row"] == {"n": 3}


def test_a_database_goes_out_and_comes_in(ctx: FakeContext) -> None:
    sql = "CREATE TABLE t (a); INSERT INTO t VALUES (7)"
    out = ctx.run(Queries, sql=sql, outputDbFile=True)
    assert out["databaseUri"].endswith(".db")
    again = {"sqliteFile": out["databaseUri"], "fetchType": "FETCH"}
    assert ctx.run(Query, sql="SELECT a FROM t", **again)["rows"] == [{"a": 7}]
    assert list(ctx.working_dir.iterdir()) == []
    with pytest.raises(TaskError, match="leave the path out of url"):
        ctx.run(Query, sql="SELECT 1", sqliteFile=out["databaseUri"], url="jdbc:sqlite:/somewhere/x.db")
    with pytest.raises(TaskError, match="is no file"):
        ctx.run(Query, sql="SELECT 1", outputDbFile=True, url="jdbc:sqlite::memory:")


def test_the_sql_knows_the_folder(ctx: FakeContext) -> None:
    row = ctx.run(Query, sql="SELECT '{{ workingDir }}' AS w, '{{ flow.id }}' AS f", fetchType="FETCH_ONE")["row"]
    assert row == {"w": str(ctx.working_dir), "f": "flow"}


def test_a_busy_or_unreadable_database_is_an_error(ctx: FakeContext, tmp_path: Path, url: str) -> None:
    (tmp_path / "text.db").write_text("this is no database, and long enough to be read as one" * 20)
    with pytest.raises(TaskError, match=r"text.db: file is not a database"):
        ctx.run(Query, url=f"jdbc:sqlite:{tmp_path}/text.db", sql="SELECT * FROM t")
    with pytest.raises(TaskError, match="cannot be opened"):
        ctx.run(Query, url=f"jdbc:sqlite:{tmp_path}", sql="SELECT 1")
    with pytest.raises(TaskError, match="does not start with 'jdbc:sqlite:'"):
        ctx.run(Query, url="jdbc:postgresql://h/db", sql="SELECT 1")
    other = sqlite3.connect(tmp_path / "test.db")
    other.execute("CREATE TABLE t (a)")
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(TaskError, match="database is locked"):
        ctx.run(Query, url=f"{url}?busy_timeout=50&unknown=1", sql="SELECT * FROM t")
    other.close()


def test_a_cancelled_attempt_stops_its_statement(ctx: FakeContext) -> None:
    timer = threading.Timer(0.3, ctx.cancel)
    timer.start()
    started = time.monotonic()
    with pytest.raises(TaskError, match="interrupted"):
        ctx.run(Query, sql=ENDLESS)
    timer.join()
    assert time.monotonic() - started < 5


def test_batches_write_maps_and_lists(ctx: FakeContext, url: str) -> None:
    ctx.run(Queries, url=url, sql='CREATE TABLE t (a INTEGER PRIMARY KEY, "B b" TEXT)')
    uri = ctx.put("in.ion", '{"B b":"x","a":1,"more":0}\n{"a":2}\n{"a":3,"B b":{"k":[1]}}\n')
    assert ctx.run(Batch, url=url, table="t", chunk=2, **{"from": uri}) == {"rowCount": 3, "updatedCount": 3}
    lists = ctx.put("b.ion", "[4, 1.50]\n")
    ctx.run(Batch, url=url, sql="INSERT INTO t VALUES (?, ?)", **{"from": lists})
    rows = ctx.run(Query, url=url, sql="SELECT * FROM t", fetchType="FETCH")["rows"]
    assert [row["B b"] for row in rows] == ["x", None, '{"k":[1]}', "1.50"]
    with pytest.raises(TaskError, match=r"UNIQUE constraint failed: t.a; .*rows 1 to 1 of .*, the 0 before them stay"):
        ctx.run(Batch, url=url, sql="INSERT INTO t VALUES (?, ?)", **{"from": lists})
    with pytest.raises(TaskError, match="has no table 'nope'"):
        ctx.run(Batch, url=url, table="nope", **{"from": lists})


def test_decimals_of_records_stay_exact(ctx: FakeContext) -> None:
    row = ctx.run(Query, sql="SELECT :d AS d", parameters={"d": Decimal("1.10")}, fetchType="FETCH_ONE")["row"]
    assert row == {"d": "1.10"}
