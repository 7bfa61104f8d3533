"""PostgreSQL's Query and Queries on a real server."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fake_context import FakeContext

from postgres import PostgresServer
from tiercel.errors import TaskError
from tiercel.tasks.jdbc.postgresql import Queries, Query, Trigger


class Database:
    """One schema of the server, and the tasks' properties to reach it."""

    def __init__(self, server: PostgresServer, ctx: FakeContext) -> None:
        self.server = server
        self.ctx = ctx
        self.login = {"url": server.url, "username": server.user, "password": server.password}

    def run(self, plugin: type[Any], **properties: object) -> dict[str, Any]:
        return self.ctx.run(plugin, **{**self.login, **properties})

    def fetch(self, sql: str, **properties: object) -> list[dict[str, Any]]:
        rows = self.run(Query, sql=sql, **{"fetchType": "FETCH", **properties})["rows"]
        assert isinstance(rows, list)
        return rows

    def sql(self, sql: str) -> None:
        self.run(Queries, sql=sql)


@pytest.fixture
def db(postgres: PostgresServer, tmp_path: Path) -> Iterator[Database]:
    database = Database(postgres, FakeContext(tmp_path))
    database.sql("DROP SCHEMA IF EXISTS public CASCADE; CREATE SCHEMA public")
    yield database
    with psycopg.connect(host=postgres.host, port=postgres.port, user="postgres", password=postgres.password) as left:
        text = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tiercel' AND state <> 'idle'"
        assert left.execute(text).fetchone() == (0,), "a session was left behind"


# ------------------------------------------------------------------ what comes out


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_each_fetch_type_gives_its_outputs(db: Database, rows: int) -> None:
    sql = f"SELECT n, 'x' AS t FROM generate_series(1, {rows}) AS n ORDER BY n"
    wanted = [{"n": n + 1, "t": "x"} for n in range(rows)]
    first = wanted[0] if rows else None
    assert db.run(Query, sql=sql) == {}
    assert db.run(Query, sql=sql, fetchType="FETCH") == {"rows": wanted, "size": rows}
    assert db.run(Query, sql=sql, fetchType="FETCH_ONE") == {"row": first, "size": min(1, rows)}
    stored = db.run(Query, sql=sql, fetchType="STORE")
    assert stored["size"] == rows
    assert [json.loads(line) for line in db.ctx.content(stored["uri"]).splitlines()] == wanted


@pytest.mark.parametrize(("old", "output"), [("fetch", "rows"), ("fetchOne", "row"), ("store", "uri")])
def test_the_old_switches_still_work(db: Database, old: str, output: str) -> None:
    assert output in db.run(Query, sql="SELECT 1", **{old: True})


def test_the_size_is_measured(db: Database) -> None:
    db.run(Query, sql="SELECT 1 UNION SELECT 2", fetchType="STORE")
    [metric] = db.ctx.metrics
    assert (metric.name, metric.value, metric.tags) == ("fetch.size", 2, {"fetch": "false", "store": "true"})


def test_a_label_that_occurs_twice_keeps_the_last_value(db: Database) -> None:
    assert db.fetch("SELECT 1 AS a, 2 AS b, 3 AS a") == [{"a": 3, "b": 2}]


def test_writing_statements_tell_how_many_rows_changed(db: Database) -> None:
    db.sql("CREATE TABLE t (a int)")
    assert db.run(Query, sql="INSERT INTO t VALUES (1), (2)", fetchType="FETCH") == {"updateCount": 2}
    assert db.run(Query, sql="CREATE TABLE u (a int)", fetchType="STORE") == {}
    returned = db.run(Query, sql="UPDATE t SET a = a + 1 RETURNING a", fetchType="FETCH_ONE")
    assert returned == {"row": {"a": 2}, "size": 1}
    assert db.fetch("SELECT sum(a) AS s FROM t") == [{"s": 5}]
    assert (
        db.run(Query, sql="WITH d AS (DELETE FROM t RETURNING a) SELECT count(*) AS n FROM d", store=True)["size"] == 1
    )
    assert db.fetch("TABLE t") == []
    assert db.fetch("SHOW server_version_num")[0].keys() == {"server_version_num"}


def test_queries_that_write_are_kept(db: Database) -> None:
    assert db.run(Query, sql="SELECT 1 AS a INTO t", fetchType="FETCH") == {"updateCount": 1}
    assert db.run(Query, sql="WITH x AS (SELECT 2 AS a) INSERT INTO t SELECT a FROM x") == {"updateCount": 1}
    assert db.fetch("TABLE t") == [{"a": 1}, {"a": 2}]
    db.run(Queries, sql="SELECT 1 AS b INTO u; WITH x AS (SELECT 2 AS b) INSERT INTO u SELECT b FROM x; SELECT FROM u")
    assert db.fetch("TABLE u") == [{"b": 1}, {"b": 2}]


TYPES = {
    "1::smallint": 1,
    "2147483647": 2147483647,
    "9223372036854775807": 9223372036854775807,
    "1.50::numeric(10,2)": Decimal("1.50"),
    "'NaN'::numeric": "NaN",
    "1.5::float4": 1.5,
    "'Infinity'::float8": "Infinity",
    "'-$1,234.50'::money": -1234.5,
    "true": True,
    "'a'::text": "a",
    "'a'::char(3)": "a  ",
    "'n'::name": "n",
    "'11111111-1111-1111-1111-111111111111'::uuid": "11111111-1111-1111-1111-111111111111",
    "'{\"a\": [1, 2.5, null]}'::jsonb": {"a": [1, 2.5, None]},
    "'[1, 2]'::json": [1, 2],
    "'\\x00ff'::bytea": "AP8=",
    "pg_sleep(0)": None,
    "DATE '2024-01-02'": "2024-01-02",
    "DATE '0044-03-15 BC'": "0044-03-15 BC",
    "DATE 'infinity'": "infinity",
    "TIME '03:04:05'": "03:04:05",
    "TIME '03:04:05.5'": "03:04:05.500",
    "TIMETZ '12:00:00+00'": "13:00:00",
    "TIMESTAMP '2024-01-02 03:04:05'": "2024-01-02T03:04:05",
    "TIMESTAMP '2024-01-02 03:04:05.123456'": "2024-01-02T03:04:05.123456",
    "TIMESTAMP '2024-01-02 03:04:05.12'": "2024-01-02T03:04:05.120",
    "TIMESTAMPTZ '2024-01-02 03:04:05Z'": "2024-01-02T04:04:05+01:00",
    "TIMESTAMPTZ '2024-07-02 03:04:05.5Z'": "2024-07-02T05:04:05.500+02:00",
    "INTERVAL '10 years 4 months 5 days 10 seconds'": "P10Y4M5DT0H0M10S",
    "INTERVAL '-1 hour -2.5 seconds'": "P0Y0M0DT-1H0M-2.5S",
    "ARRAY[1, NULL, 3]": [1, None, 3],
    "ARRAY[[1.0, 2.50]]": [[Decimal("1.0"), Decimal("2.50")]],
    "ARRAY[TIMESTAMPTZ '2024-01-02 03:04:05Z']": ["2024-01-02T04:04:05+01:00"],
    "ARRAY['a,b', 'c\"d', NULL]": ["a,b", 'c"d', None],
    "'192.168.0.1/24'::inet": "192.168.0.1/24",
    "'08:00:2b:01:02:03'::macaddr": "08:00:2b:01:02:03",
    "ROW(1, 'x')": "(1,x)",
    "int4range(1, 5)": "[1,5)",
    "'a b'::tsvector": "'a' 'b'",
    "B'101'": "101",
    "'(1,2)'::point": "(1,2)",
    "NULL": None,
}


def test_each_column_type_becomes_its_output_value(db: Database) -> None:
    sql = "SELECT " + ", ".join(f"{text} AS c{number}" for number, text in enumerate(TYPES))
    [row] = db.fetch(sql, timeZoneId="Europe/Berlin")
    assert dict(zip(TYPES, row.values(), strict=True)) == TYPES
    stored = db.run(Query, sql=sql, timeZoneId="Europe/Berlin", fetchType="STORE")
    line = db.ctx.content(stored["uri"]).decode()
    assert '"c3":1.50,' in line
    assert "+01:00" in line


def test_types_of_the_database_itself_are_known_too(db: Database) -> None:
    db.sql(
        "CREATE TYPE mood AS ENUM ('ok', 'not, ok'); CREATE DOMAIN positive AS int; CREATE TYPE pair AS (a int, b text)"
    )
    sql = """SELECT 'ok'::mood AS m, ARRAY['ok', 'not, ok', NULL]::mood[] AS ms, 5::positive AS p,
             ROW(1, 'x')::pair AS pair, ARRAY[ROW(1, 'x y')]::pair[] AS pairs, '{}'::mood[] AS none"""
    row = {"m": "ok", "ms": ["ok", "not, ok", None], "p": 5, "pair": "(1,x)", "pairs": ['(1,"x y")'], "none": []}
    assert db.fetch(sql) == [row]


# ------------------------------------------------------------------ what goes in


def test_parameters_keep_their_types_and_leave_casts_and_texts_alone(db: Database) -> None:
    sql = "SELECT :n + 1 AS n, :t || '12:30 :n' AS t, '5'::int AS c, :b AND true AS b, :z::text AS z, :d::date AS d"
    given = {"n": 41, "t": "x", "b": True, "z": None, "d": "2024-01-02"}
    [row] = db.fetch(sql, parameters=given)
    assert row == {"n": 42, "t": "x12:30 :n", "c": 5, "b": True, "z": None, "d": "2024-01-02"}
    assert db.fetch("SELECT 100 % 7 AS m, 'a%sb' AS p") == [{"m": 2, "p": "a%sb"}]
    assert db.fetch(
        "SELECT 2 = ANY(:ids) AS found, :doc::jsonb AS doc", parameters={"ids": [1, 2], "doc": {"a": 1}}
    ) == [{"found": True, "doc": {"a": 1}}]


def test_an_unknown_parameter_is_named(db: Database) -> None:
    with pytest.raises(TaskError, match="the parameter ':m' in line 1"):
        db.fetch("SELECT :m", parameters={"n": 1})


def test_sql_may_stand_in_a_file(db: Database) -> None:
    db.ctx.names["company.team"] = {"query.sql": b"SELECT '{{ flow.id }}' AS f"}
    assert db.fetch("nsfile:///query.sql") == [{"f": "flow"}]
    uri = db.ctx.put("x.sql", "SELECT '{{ flow.id }}' AS f")
    assert db.fetch(uri) == [{"f": "{{ flow.id }}"}]


def test_query_takes_exactly_one_statement(db: Database) -> None:
    with pytest.raises(TaskError, match=r"holds 2 statements.*use the type Queries"):
        db.run(Query, sql="SELECT 1; SELECT 2")
    with pytest.raises(TaskError, match="holds 0 statements"):
        db.run(Query, sql="-- nothing")
    body = "CREATE FUNCTION f() RETURNS int AS $$ BEGIN; RETURN 1; END; $$ LANGUAGE plpgsql".replace("BEGIN;", "BEGIN")
    assert db.run(Query, sql=f"{body}; -- a comment") == {}
    assert db.fetch("SELECT f() AS f;") == [{"f": 1}]


# ------------------------------------------------------------------ transactions


def test_after_sql_shares_the_transaction(db: Database) -> None:
    db.sql("CREATE TABLE t (a int, done bool); INSERT INTO t VALUES (1, false)")
    with pytest.raises(TaskError, match='relation "nope" does not exist'):
        db.run(Query, sql="UPDATE t SET a = 9 RETURNING a", fetchType="FETCH", afterSQL="SELECT * FROM nope")
    assert db.fetch("TABLE t") == [{"a": 1, "done": False}]
    assert db.fetch("SELECT a FROM t WHERE NOT done", afterSQL="UPDATE t SET done = true; SELECT 1") == [{"a": 1}]
    assert db.fetch("TABLE t") == [{"a": 1, "done": True}]


def test_queries_give_an_output_for_each_statement_with_rows(db: Database) -> None:
    sql = (
        "CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2); SELECT a FROM t ORDER BY a; SELECT a FROM t WHERE a > 9"
    )
    assert db.run(Queries, sql=sql, fetchType="FETCH") == {
        "outputs": [{"rows": [{"a": 1}, {"a": 2}], "size": 2}, {"rows": [], "size": 0}]
    }
    last = "SELECT a FROM t WHERE a > :a"
    assert db.run(Queries, sql=last, fetchType="FETCH_ONE", parameters={"a": 9}) == {
        "outputs": [{"row": None, "size": 1}]
    }
    assert db.run(Queries, sql="SELECT 1; SELECT 2") == {"outputs": [{}, {}]}


def test_queries_roll_everything_back_on_the_first_error(db: Database) -> None:
    with pytest.raises(TaskError, match="division by zero"):
        db.run(Queries, sql="CREATE TABLE t (a int); INSERT INTO t VALUES (1); SELECT 1/0")
    assert db.fetch("SELECT to_regclass('t') AS t") == [{"t": None}]


def test_without_a_transaction_earlier_statements_stay(db: Database) -> None:
    with pytest.raises(TaskError, match="division by zero"):
        db.run(Queries, sql="CREATE TABLE t (a int); INSERT INTO t VALUES (1); SELECT 1/0", transaction=False)
    assert db.fetch("TABLE t") == [{"a": 1}]
    assert db.run(Queries, sql="VACUUM t; SELECT 1", transaction=False) == {"outputs": [{}]}


def test_transactions_of_the_author_run_as_they_are(db: Database) -> None:
    sql = "CREATE TABLE t (a int); BEGIN; INSERT INTO t VALUES (1); COMMIT; INSERT INTO t VALUES (2); SELECT * FROM t"
    assert db.run(Queries, sql=sql, fetchType="FETCH")["outputs"][0]["size"] == 2
    with pytest.raises(TaskError):
        db.run(Queries, sql="BEGIN; DELETE FROM t; COMMIT; INSERT INTO t VALUES (3); SELECT 1/0")
    assert db.fetch("TABLE t") == []


def test_a_deferred_constraint_fails_the_query(db: Database) -> None:
    db.sql("CREATE TABLE t (a int PRIMARY KEY, b int REFERENCES t DEFERRABLE INITIALLY DEFERRED)")
    with pytest.raises(TaskError, match="violates foreign key"):
        db.run(Query, sql="INSERT INTO t VALUES (1, 5) RETURNING a", fetchType="FETCH")
    assert db.fetch("TABLE t") == []


# ------------------------------------------------------------------ what goes wrong


def test_a_statement_error_names_database_statement_and_position(db: Database) -> None:
    with pytest.raises(TaskError) as error:
        db.run(Query, sql="SELECT 1,\n  nope FROM pg_class")
    text = str(error.value)
    assert f"PostgreSQL at 127.0.0.1:{db.server.port}/postgres: " in text
    assert 'column "nope" does not exist [42703] (line 2, column 3); statement: SELECT 1,' in text
    assert db.server.password not in text


def test_an_error_while_rows_stream_stores_nothing(db: Database) -> None:
    with pytest.raises(TaskError, match="division by zero"):
        db.run(Query, sql="SELECT 1 / (5000 - n) FROM generate_series(1, 9999) n", fetchType="STORE")
    assert db.ctx.files == {}


def test_a_wrong_password_is_named_but_not_shown(db: Database) -> None:
    with pytest.raises(TaskError) as error:
        db.run(Query, sql="SELECT 1", password="wr0ng-secret")
    assert "as postgres: " in str(error.value)
    assert "password authentication failed" in str(error.value)
    assert "wr0ng-secret" not in str(error.value)


def test_a_server_that_is_down_is_named(db: Database) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(
            TaskError, match=f"cannot connect to PostgreSQL at 127.0.0.1:{port}/x as postgres: .*refused"
        ):
            db.run(Query, sql="SELECT 1", url=f"jdbc:postgresql://127.0.0.1:{port}/x")


def test_an_unknown_zone_is_refused(db: Database) -> None:
    with pytest.raises(TaskError, match="timeZoneId 'Mars/Olympus' is unknown; wanted an IANA name"):
        db.run(Query, sql="SELECT 1", timeZoneId="Mars/Olympus")


def test_options_of_the_url_reach_the_server(db: Database) -> None:
    db.sql("CREATE SCHEMA other; CREATE TABLE other.t AS SELECT 1 AS a")
    url = f"{db.server.url}?currentSchema=other,public&ApplicationName=mine&sslmode=disable&tcpKeepAlive=true"
    [row] = db.fetch("SELECT a, current_setting('application_name') AS name FROM t", url=url)
    assert row == {"a": 1, "name": "mine"}
    assert any("tcpKeepAlive" in message for message in db.ctx.messages())
    inside = db.server.url + f"?user=postgres&password={db.server.password}"
    assert db.ctx.run(Query, url=inside, sql="SELECT 1 AS a", fetchType="FETCH")["rows"] == [{"a": 1}]


def test_encryption_that_the_server_lacks_is_an_error(db: Database) -> None:
    with pytest.raises(TaskError, match="server does not support SSL"):
        db.run(Query, sql="SELECT 1", sslMode="REQUIRE")


@pytest.mark.parametrize("fetch_type", ["NONE", "STORE"])
def test_a_cancelled_attempt_stops_its_statement(db: Database, fetch_type: str) -> None:
    timer = threading.Timer(0.3, db.ctx.cancel)
    timer.start()
    started = time.monotonic()
    with pytest.raises(TaskError, match="canceling statement"):
        db.run(Query, sql="SELECT pg_sleep(20)", fetchType=fetch_type)
    timer.join()
    assert time.monotonic() - started < 5


def test_a_cancelled_attempt_starts_no_further_statement(db: Database) -> None:
    db.sql("CREATE TABLE t (a int)")
    db.ctx.cancel()
    with pytest.raises(TaskError, match="cancelled"):
        db.sql("INSERT INTO t VALUES (1)")


def test_a_result_larger_than_memory_would_like_is_streamed(db: Database) -> None:
    sql = "SELECT n, repeat('x', 1000) AS t FROM generate_series(1, 20000) n"
    stored = db.run(Query, sql=sql, fetchType="STORE", fetchSize=500)
    assert stored["size"] == 20000
    assert db.ctx.content(stored["uri"]).count(b"\n") == 20000


def test_notices_go_to_the_log(db: Database) -> None:
    db.sql("DROP TABLE IF EXISTS never_there")
    assert any('"never_there" does not exist, skipping' in message for message in db.ctx.messages())


def test_a_trigger_takes_rows_once_and_marks_them(db: Database) -> None:
    db.sql("CREATE TABLE jobs (id int, done bool DEFAULT false)")
    given = {"sql": "SELECT id FROM jobs WHERE NOT done", "afterSQL": "UPDATE jobs SET done = true", **db.login}
    trigger = Trigger.model_validate({"id": "s", "type": "test", **given})
    assert trigger.poll(db.ctx) is None
    db.sql("INSERT INTO jobs VALUES (7)")
    found = trigger.poll(db.ctx)
    assert found is not None
    assert found["rows"] == [{"id": 7}]
    assert trigger.poll(db.ctx) is None
