"""SQL as text, and JDBC URLs: no database is asked."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from fake_context import FakeContext

from tiercel.errors import TaskError
from tiercel.tasks.jdbc import duckdb, postgresql
from tiercel.tasks.jdbc.parameters import place, place_questions
from tiercel.tasks.jdbc.statements import DUCKDB, POSTGRESQL, SQLITE, pieces, split
from tiercel.tasks.jdbc.url import parse_server, rest_of

FUNCTION = "CREATE OR REPLACE FUNCTION f() RETURNS int AS $body$ BEGIN; RETURN 1; END; $body$ LANGUAGE plpgsql"
ATOMIC = "create function g(a int) returns int begin atomic; select case when a>1 then 1 end; select 2; end"
RULE = "CREATE RULE r AS ON INSERT TO t DO ALSO (INSERT INTO u VALUES (1); INSERT INTO u VALUES (2))"
TRIGGER = "CREATE TEMP TRIGGER r AFTER INSERT ON t BEGIN UPDATE t SET a = CASE WHEN 1 THEN 2 END; SELECT 1; END"


@pytest.mark.parametrize(
    ("sql", "statements"),
    [
        ("select 1; select 2;", ["select 1", "select 2"]),
        ("select ';', \"a;b\"; select 2", ["select ';', \"a;b\"", "select 2"]),
        ("select 'it''s;'; x", ["select 'it''s;'", "x"]),
        (r"select E'it\';s'; x", [r"select E'it\';s'", "x"]),
        (r"select 'a\'; x", [r"select 'a\'", "x"]),
        ("-- a; b\nselect 1; /* x; /* y; */ z; */ ; -- end", ["-- a; b\nselect 1"]),
        ("select 1 -- the end;", ["select 1 -- the end;"]),
        ("select $$a;b$$; select $x$;$$;$x$; select a$b;c", ["select $$a;b$$", "select $x$;$$;$x$", "select a$b", "c"]),
        ("DO $$ BEGIN PERFORM 1; END $$; select 1", ["DO $$ BEGIN PERFORM 1; END $$", "select 1"]),
        (f"{FUNCTION};\nselect f()", [FUNCTION, "select f()"]),
        (f"{ATOMIC}; select 1", [ATOMIC, "select 1"]),
        (f"{RULE}; select 1", [RULE, "select 1"]),
        ("BEGIN; update t set a=1; COMMIT;", ["BEGIN", "update t set a=1", "COMMIT"]),
        ("select 'never closed; select 2", ["select 'never closed; select 2"]),
        ("select 1; /* never closed; ", ["select 1"]),
        (" ;; \n -- nothing\n", []),
        ("", []),
    ],
)
def test_statements_end_where_the_server_would_end_them(sql: str, statements: list[str]) -> None:
    assert split(sql, POSTGRESQL) == statements


def test_sqlite_has_triggers_and_other_quotes() -> None:
    assert split(f"{TRIGGER}; select [a;b], `c;d`", SQLITE) == [TRIGGER, "select [a;b], `c;d`"]


def test_the_pieces_make_up_the_text() -> None:
    sql = "select 'a' -- b\n, $t$ c $t$ /* d */ \"e\" from f where g = E'\\'' and h$1 = $1"
    assert "".join(sql[piece.start : piece.end] for piece in pieces(sql, POSTGRESQL)) == sql


def test_many_statements_are_split_in_linear_time() -> None:
    assert len(split("insert into t values (1, 'x');\n" * 20000, POSTGRESQL)) == 20000


@pytest.mark.parametrize(
    ("sql", "placed", "values"),
    [
        ("select :a, :b, :a", "select $1, $2, $3", [1, "x", 1]),
        ("select ':a', \":a\", $$:a$$ -- :a\n, :b", "select ':a', \":a\", $$:a$$ -- :a\n, $1", ["x"]),
        ("select '12:30', :a::text, b::a", "select '12:30', $1::text, b::a", [1]),
        ("select x[1:a], x[:a], y := :a", "select x[1:a], x[$1], y := $2", [1, 1]),
        ("select x[1:n], x[:n]", "select x[1:n], x[:n]", []),
    ],
)
def test_parameters_are_placed_outside_of_texts(sql: str, placed: str, values: list[object]) -> None:
    assert place(sql, {"a": 1, "b": "x"}, POSTGRESQL, lambda number: f"${number}") == (placed, values)


def test_sql_without_parameters_stays_as_it_is() -> None:
    assert place("select :a, 1::text", {}, DUCKDB, str) == ("select :a, 1::text", [])


def test_a_parameter_without_a_value_is_named_with_its_line() -> None:
    with pytest.raises(TaskError, match="the parameter ':c' in line 2 of sql has no value; parameters has a, b"):
        place("select :a,\n :c", {"b": 2, "a": 1}, POSTGRESQL, str)


def test_question_marks_are_numbered() -> None:
    assert (
        place_questions("insert into t values (?, '?', ?) -- ?", POSTGRESQL)
        == "insert into t values ($1, '?', $2) -- ?"
    )
    assert place_questions("select a ?? b", POSTGRESQL) == "select a ? b"


@pytest.mark.parametrize(
    ("url", "hosts", "database"),
    [
        ("jdbc:postgresql://db.example:5433/shop", [("db.example", 5433)], "shop"),
        ("jdbc:postgresql://db.example/shop%20two", [("db.example", 5432)], "shop two"),
        ("jdbc:postgresql://a,b:6000/x?ssl=true", [("a", 5432), ("b", 6000)], "x"),
        ("jdbc:postgresql://[::1]:5433/x", [("::1", 5433)], "x"),
        ("jdbc:postgresql:x", [("localhost", 5432)], "x"),
        ("jdbc:postgresql:///x", [("localhost", 5432)], "x"),
        ("jdbc:postgresql://h/", [("h", 5432)], None),
    ],
)
def test_a_url_names_hosts_and_database(url: str, hosts: list[tuple[str, int]], database: str | None) -> None:
    found = parse_server(url, "postgresql", 5432)
    assert (list(found.hosts), found.database) == (hosts, database)


def test_user_and_password_come_from_the_options_or_the_front_and_are_never_shown() -> None:
    found = parse_server("jdbc:postgresql://h/db?user=me&password=p%26w&ApplicationName=x", "postgresql", 5432)
    assert (found.user, found.password, found.options) == ("me", "p&w", {"ApplicationName": "x"})
    front = parse_server("jdbc:postgresql://me:p%40w@h:1/db", "postgresql", 5432)
    assert (front.user, front.password, str(front)) == ("me", "p@w", "h:1/db")
    assert "p&w" not in repr(found)
    assert "p@w" not in repr(front)


@pytest.mark.parametrize("url", ["", "  ", "jdbc:mysql://u:secret@h/db?password=secret", "postgresql://h/db", "db"])
def test_a_url_of_another_kind_is_refused_with_what_was_expected(url: str) -> None:
    with pytest.raises(TaskError, match="jdbc:postgresql:") as error:
        rest_of(url, "postgresql", "jdbc:postgresql://localhost:5432/name")
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("url", ["jdbc:postgresql://h:port/db", "jdbc:postgresql://h:70000/db"])
def test_a_port_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(TaskError, match="is no host and port"):
        parse_server(url, "postgresql", 5432)


@pytest.mark.parametrize(("module", "plugin"), [("psycopg", postgresql.Query), ("duckdb", duckdb.Query)])
def test_a_missing_driver_is_named_with_the_extra(
    module: str, plugin: type[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    for name in [name for name in sys.modules if name.startswith("tiercel.tasks.jdbc.postgresql_")]:
        monkeypatch.delitem(sys.modules, name)
    extra = {"psycopg": "postgresql"}.get(module, module)
    with pytest.raises(TaskError, match=rf"run: pip install 'tiercel\[{extra}\]'"):
        FakeContext(tmp_path).run(plugin, url=f"jdbc:{extra}:", sql="SELECT 1")
