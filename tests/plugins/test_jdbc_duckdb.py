"""DuckDB's Query and Queries on real files; nothing is downloaded."""

from __future__ import annotations

import importlib.util
import json
import threading
import time
from decimal import Decimal
from pathlib import Path

import pytest
from fake_context import FakeContext

from tiercel.errors import TaskError
from tiercel.model.states import Level
from tiercel.tasks.jdbc.duckdb import Queries, Query

needs_pytz = pytest.mark.skipif(importlib.util.find_spec("pytz") is None, reason="the driver asks for pytz")


@pytest.fixture
def ctx(tmp_path: Path) -> FakeContext:
    return FakeContext(tmp_path)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"jdbc:duckdb:{tmp_path}/deep/test.db"


@pytest.mark.parametrize("rows", [0, 1, 5000])
def test_each_fetch_type_gives_its_outputs(ctx: FakeContext, rows: int) -> None:
    sql = f"SELECT n, 'x' AS t FROM range({rows}) AS r(n)"
    wanted = [{"n": n, "t": "x"} for n in range(rows)]
    assert ctx.run(Query, sql=sql) == {}
    assert ctx.run(Query, sql=sql, fetchType="FETCH") == {"rows": wanted, "size": rows}
    assert ctx.run(Query, sql=sql, fetchType="FETCH_ONE") == {"row": wanted[0] if rows else None, "size": min(rows, 1)}
    stored = ctx.run(Query, sql=sql, fetchType="STORE")
    assert stored["size"] == rows
    assert [json.loads(line) for line in ctx.content(stored["uri"]).splitlines()] == wanted
    assert list(ctx.working_dir.iterdir()) == []


TYPES = {
    "1::INTEGER": 1,
    "170141183460469231731687303715884105727::HUGEINT": "170141183460469231731687303715884105727",
    "18446744073709551615::UBIGINT": "18446744073709551615",
    "1.50::DECIMAL(10,2)": Decimal("1.50"),
    "'nan'::DOUBLE": "NaN",
    "true": True,
    "DATE '2024-01-02'": "2024-01-02",
    "TIME '03:04:05'": "03:04:05",
    "TIMESTAMP '2024-01-02 03:04:05'": "2024-01-02T03:04:05+01:00",
    "TIMESTAMP '2024-07-02 03:04:05.5'": "2024-07-02T03:04:05.500+02:00",
    "TIMESTAMP_S '2024-07-02 03:04:05'": "2024-07-02T03:04:05+02:00",
    "TIMESTAMP_NS '2024-07-02 03:04:05.123456789'": "2024-07-02T03:04:05.123456+02:00",
    "INTERVAL '1 day 2 hours'": "P1DT2H0M0S",
    "'11111111-1111-1111-1111-111111111111'::UUID": "11111111-1111-1111-1111-111111111111",
    "'a'::ENUM('a', 'b')": "a",
    "'101'::BIT": "101",
    "'\\x00\\xFF'::BLOB": "AP8=",
    "[1, NULL]": [1, None],
    "[TIMESTAMP '2024-01-02 03:04:05']": ["2024-01-02T03:04:05+01:00"],
    "array_value(1, 2)": [1, 2],
    "{'a': 1::HUGEINT, 'b': [DATE '2024-01-02']}": {"a": "1", "b": ["2024-01-02"]},
    "MAP {'k': 1::HUGEINT}": {"k": "1"},
    "MAP {1: 'x'}": {"1": "x"},
    "'{\"a\": [1, 2.5]}'::JSON": {"a": [1, 2.5]},
    "'[1]'::JSON": [1],
    "NULL": None,
}


def test_each_column_type_becomes_its_output_value(ctx: FakeContext) -> None:
    sql = "SELECT " + ", ".join(f"{text} AS c{number}" for number, text in enumerate(TYPES))
    [row] = ctx.run(Query, sql=sql, fetchType="FETCH", timeZoneId="Europe/Berlin")["rows"]
    assert dict(zip(TYPES, row.values(), strict=True)) == TYPES
    stored = ctx.run(Query, sql=sql, fetchType="STORE")
    assert '"c3":1.50,"c4":"NaN"' in ctx.content(stored["uri"]).decode()


@needs_pytz
def test_timestamps_with_a_zone_are_utc(ctx: FakeContext) -> None:
    sql = "SELECT TIMESTAMPTZ '2024-01-02 03:04:05+02' AS t, [TIMESTAMPTZ '2024-01-02 03:04:05+02'] AS l"
    row = ctx.run(Query, sql=sql, fetchType="FETCH_ONE")["row"]
    assert row == {"t": "2024-01-02T01:04:05Z", "l": ["2024-01-02T01:04:05Z"]}


def test_writing_statements_have_no_rows(ctx: FakeContext, url: str) -> None:
    sql = """
        CREATE TABLE t AS SELECT 1 AS n UNION ALL SELECT 2; -- no output
        INSERT INTO t VALUES (3); INSERT INTO t VALUES (4) RETURNING n;
        UPDATE t SET n = n WHERE n > 9; SELECT count(*) AS n FROM t; PIVOT t ON n USING sum(n);
    """
    found = ctx.run(Queries, url=url, sql=sql, fetchType="FETCH")["outputs"]
    assert [output["rows"] for output in found[:2]] == [[{"n": 4}], [{"n": 4}]]
    assert len(found) == 3
    assert ctx.run(Query, url=url, sql="DELETE FROM t WHERE n > 2", fetchType="FETCH") == {"updateCount": 2}


def test_parameters_are_values_in_every_statement(ctx: FakeContext) -> None:
    sql = "SELECT :n + 1 AS n, '12:30 :n' AS t; SELECT :t AS t, '5'::INT AS c, x[1:2] AS s FROM (SELECT [1, 2] AS x)"
    found = ctx.run(Queries, sql=sql, parameters={"n": 1, "t": "it's"}, fetchType="FETCH_ONE")["outputs"]
    assert [output["row"] for output in found] == [{"n": 2, "t": "12:30 :n"}, {"t": "it's", "c": 5, "s": [1, 2]}]


def test_a_transaction_leaves_nothing_when_it_fails(ctx: FakeContext, url: str) -> None:
    with pytest.raises(TaskError, match=r"DuckDB at .*test.db: Catalog Error: Table with name nope does not exist"):
        ctx.run(Queries, url=url, sql="CREATE TABLE t (a INTEGER); SELECT * FROM nope")
    ctx.run(Queries, url=url, sql="CREATE TABLE t (a INTEGER)")
    with pytest.raises(TaskError, match="Conversion Error"):
        ctx.run(Queries, url=url, sql="INSERT INTO t VALUES (1); INSERT INTO t VALUES ('x')", transaction=False)
    with pytest.raises(TaskError):
        ctx.run(Query, url=url, sql="INSERT INTO t VALUES (2)", afterSQL="SELECT * FROM nope")
    assert ctx.run(Query, url=url, sql="FROM t", fetchType="FETCH", afterSQL="DELETE FROM t")["rows"] == [{"a": 1}]
    sql = "INSERT INTO t VALUES (1); BEGIN; INSERT INTO t VALUES (2); COMMIT; INSERT INTO t VALUES (3); SELECT 1"
    assert ctx.run(Queries, url=url, sql=sql) == {"outputs": [{}]}
    assert ctx.run(Query, url=url, sql="FROM t", fetchType="FETCH")["size"] == 3


def test_query_takes_exactly_one_statement(ctx: FakeContext) -> None:
    with pytest.raises(TaskError, match=r"holds 2 statements.*use the type Queries"):
        ctx.run(Query, sql="SELECT 1; SELECT 2")
    assert ctx.run(Query, sql="-- hello;\nSELECT 1; -- bye", fetchType="FETCH")["size"] == 1
    with pytest.raises(TaskError, match='syntax error at or near "selec"'):
        ctx.run(Query, sql="selec 1")


# ------------------------------------------------------------------ files


def test_files_are_read_and_written_by_their_names(ctx: FakeContext) -> None:
    ctx.names["company.team"] = {"names.csv": b"n\n7\n", "left.txt": b""}
    stored = ctx.put("rows.ion", '{"n":1,"t":"a"}\n{"n":2,"t":"b"}\n')
    sql = """
        CREATE TABLE t AS SELECT n FROM read_csv('in.csv') UNION ALL SELECT n FROM read_json_auto('rows.json')
            UNION ALL SELECT n FROM read_csv('names.csv');
        COPY t FROM 'in.csv'; DELETE FROM t WHERE rowid > 3;
        COPY t TO 'plain.csv' (HEADER);
        COPY (SELECT sum(n) AS total, 'TO ''x''' AS s FROM t) TO '{{ outputFiles.out.csv }}' (FORMAT CSV);
        SELECT sum(n)::INTEGER AS total FROM t;
        ATTACH 'side.db' AS side; CREATE TABLE side.u AS SELECT 1 AS a
    """.replace("{{ outputFiles.out.csv }}", "{{ outputFiles['out.csv'] }}")
    found = ctx.run(
        Queries,
        sql=sql,
        fetchType="FETCH",
        inputFiles={"in.csv": "n\n{{ five }}\n".replace("{{ five }}", "5"), "rows.json": stored},
        namespaceFiles={"include": ["*.csv"]},
        outputFiles=["out.csv"],
        transaction=False,
    )
    assert found["outputs"] == [{"rows": [{"total": 15}], "size": 1}]
    assert ctx.content(found["outputFiles"]["out.csv"]).startswith(b"total,s\n15,")
    assert (ctx.working_dir / "plain.csv").read_text().startswith("n\n")
    assert (ctx.working_dir / "side.db").exists()
    assert not (ctx.working_dir / "left.txt").exists()


def test_an_output_file_that_is_not_written_is_an_error(ctx: FakeContext) -> None:
    with pytest.raises(TaskError, match=r"the output file 'x.csv' was not written; wanted the SQL to write to"):
        ctx.run(Query, sql="SELECT 1", outputFiles=["x.csv"])


def test_a_database_goes_out_and_comes_in(ctx: FakeContext) -> None:
    out = ctx.run(Queries, sql="CREATE TABLE t AS SELECT 7 AS a", outputDbFile=True)
    again = ctx.run(Query, sql="SELECT a FROM t", databaseUri=out["databaseUri"], fetchType="FETCH")
    assert again["rows"] == [{"a": 7}]


@pytest.mark.parametrize("path", ["test.db", "./test.db", "../test.db"])
def test_a_relative_path_is_refused(ctx: FakeContext, path: str) -> None:
    with pytest.raises(TaskError, match="in url is relative; wanted an absolute one"):
        ctx.run(Query, sql="SELECT 1", url=f"jdbc:duckdb:{path}")


def test_a_folder_or_another_file_is_refused(ctx: FakeContext, tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="is a folder; wanted the path of a database file"):
        ctx.run(Query, sql="SELECT 1", url=f"jdbc:duckdb:{tmp_path}")
    (tmp_path / "text.db").write_text("no database" * 100)
    with pytest.raises(TaskError, match="cannot be opened"):
        ctx.run(Query, sql="SELECT 1", url=f"jdbc:duckdb:{tmp_path}/text.db")
    with pytest.raises(TaskError, match=r"the path '\.\./x' is refused"):
        ctx.run(Query, sql="SELECT 1", inputFiles={"../x": "a"})


def test_built_in_extensions_are_there_and_others_are_tried(ctx: FakeContext) -> None:
    found = ctx.run(Queries, sql="INSTALL json; LOAD json; SELECT 1 AS a", fetchType="FETCH")
    assert found == {"outputs": [{"rows": [{"a": 1}], "size": 1}]}
    assert ctx.messages(Level.WARN) == []
    found = ctx.run(Queries, sql="CREATE TABLE t (a INTEGER); LOAD no_such_thing; SELECT 1 AS a", fetchType="FETCH")
    assert found["outputs"][0]["size"] == 1
    assert any("no_such_thing" in line and "going on without" in line for line in ctx.messages(Level.WARN))


def test_a_cancelled_attempt_stops_its_statement(ctx: FakeContext) -> None:
    timer = threading.Timer(0.3, ctx.cancel)
    timer.start()
    started = time.monotonic()
    with pytest.raises(TaskError, match=r"(?i)interrupt"):
        ctx.run(
            Query, sql="SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE (a.range * b.range) % 7 = 1"
        )
    timer.join()
    assert time.monotonic() - started < 10
