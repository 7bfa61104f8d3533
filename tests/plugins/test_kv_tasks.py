"""Keys, states, and the store behind them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from core_fakes import CoreContext, run
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tiercel.errors import ConflictError, TaskError
from tiercel.namespaces.keyvalues import ExpiredError, ValueType, are_related, decode, encode, typed, written
from tiercel.ports import Index, Put
from tiercel.tasks.core import kv, state

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HERE = "company.team"


@pytest.fixture
def ctx(tmp_path: Path) -> CoreContext:
    return CoreContext(tmp_path, {"inputs": {"n": 3, "map": {"a": [1]}, "yes": True}})


# ------------------------------------------------------------------ types


@pytest.mark.parametrize(
    ("value", "kind", "kept", "its_kind"),
    [
        ("text", None, "text", "STRING"),
        ("PT5M", None, timedelta(minutes=5), "DURATION"),
        ("PT5M", "STRING", "PT5M", "STRING"),
        ("PLAIN", None, "PLAIN", "STRING"),
        (3, None, 3, "NUMBER"),
        (3, "STRING", 3, "NUMBER"),
        (True, None, True, "BOOLEAN"),
        (None, None, None, "JSON"),
        ("3", None, "3", "STRING"),
        ("3", "NUMBER", 3, "NUMBER"),
        ("3.5e2", "NUMBER", 350.0, "NUMBER"),
        ("TRUE", "BOOLEAN", True, "BOOLEAN"),
        ("2026-01-01T00:00:00Z", "DATETIME", NOW, "DATETIME"),
        ("2026-01-01", "DATE", date(2026, 1, 1), "DATE"),
        ("P1D", "DURATION", timedelta(days=1), "DURATION"),
        ('{"a": 1}', "JSON", {"a": 1}, "JSON"),
        ('{"a": 1}', None, '{"a": 1}', "STRING"),
        (NOW, None, NOW, "DATETIME"),
        (date(2026, 1, 1), None, date(2026, 1, 1), "DATE"),
        ([1, "a"], None, [1, "a"], "JSON"),
    ],
)
def test_types_and_their_round_trip(value: object, kind: str | None, kept: object, its_kind: str) -> None:
    assert typed(value, ValueType(kind) if kind else None) == (kept, its_kind)
    entry = written("key", value, NOW, kind=ValueType(kind) if kind else None, ttl=timedelta(hours=1))
    assert decode("key", encode(entry)) == entry


@pytest.mark.parametrize(
    ("text", "kind"), [("x", "NUMBER"), ("yes", "BOOLEAN"), ("soon", "DATETIME"), ("1h", "DURATION"), ("{", "JSON")]
)
def test_a_text_that_is_not_of_the_kind_is_refused(text: str, kind: str) -> None:
    with pytest.raises(ValueError, match=f"'{text}' is not a {kind}"):
        typed(text, ValueType(kind))


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda kid: st.lists(kid)))
def test_any_json_comes_back(value: object) -> None:
    assert decode("key", encode(written("key", value, NOW))).value == typed(value)[0]


def test_families_of_namespaces() -> None:
    assert are_related("a.b", "a.b")
    assert are_related("a", "a.b")
    assert are_related("a.b.c", "a.b")
    assert not are_related("a.b", "a.c")
    assert not are_related("a.b", "a.bc")


# ------------------------------------------------------------------ the store


def test_a_key_counts_its_versions_and_keeps_its_description(ctx: CoreContext) -> None:
    ctx.keys.set(HERE, "key", "one", description="what for")
    ctx.clock.advance(60)
    entry = ctx.keys.set(HERE, "key", "two")
    assert (entry.version, entry.description, entry.value) == (2, "what for", "two")
    assert entry.updated - entry.created == timedelta(minutes=1)
    assert ctx.keys.get(HERE, "key") == entry


def test_an_expired_key_raises_once_and_is_gone(ctx: CoreContext) -> None:
    ctx.keys.set(HERE, "key", 1, ttl=timedelta(minutes=5))
    ctx.keys.set(HERE, "other", 1)
    ctx.clock.advance(300)
    assert [entry.key for entry in ctx.keys.list(HERE)] == ["other"]
    assert [entry.key for entry in ctx.keys.list(HERE, expired=True)] == ["key", "other"]
    with pytest.raises(ExpiredError):
        ctx.keys.get(HERE, "key")
    assert ctx.keys.get(HERE, "key") is None


def test_an_expired_key_may_be_written_without_overwrite(ctx: CoreContext) -> None:
    ctx.keys.set(HERE, "key", 1, ttl=timedelta(minutes=5))
    with pytest.raises(ConflictError, match="'key' is already"):
        ctx.keys.set(HERE, "key", 2, overwrite=False)
    ctx.clock.advance(360)
    assert ctx.keys.set(HERE, "key", 2, overwrite=False).version == 1


def test_keys_of_one_namespace_are_not_those_of_another(ctx: CoreContext) -> None:
    ctx.keys.set("a", "key", 1)
    ctx.keys.set("a.b", "key", 2)
    assert [entry.value for entry in ctx.keys.list("a")] == [1]
    assert ctx.keys.namespaces() == ["a", "a.b"]


# ------------------------------------------------------------------ the tasks


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("{{ inputs.n }}", 3),
        ("{{ inputs.map }}", {"a": [1]}),
        ("{{ inputs.yes }}", True),
        ("n is {{ inputs.n }}", "n is 3"),
        ({"n": "{{ inputs.n }}"}, {"n": "3"}),
        ("PT90M", "PT1H30M"),
    ],
)
def test_a_value_keeps_its_type(ctx: CoreContext, value: object, found: object) -> None:
    assert run(kv.Set, ctx, key="key", value=value) == {}
    assert run(kv.Get, ctx, key="key") == {"value": found}


def test_a_kind_is_made_of_a_text(ctx: CoreContext) -> None:
    run(kv.Set, ctx, key="{{ 'my-' ~ 'key' }}", value='{"int": 1}', kvType="JSON")
    assert run(kv.Get, ctx, key="my-key", namespace=HERE) == {"value": {"int": 1}}
    with pytest.raises(TaskError, match="'x' is not a NUMBER"):
        run(kv.Set, ctx, key="key", value="x", kvType="NUMBER")


def test_a_missing_key(ctx: CoreContext) -> None:
    assert run(kv.Get, ctx, key="none") == {"value": None}
    with pytest.raises(TaskError, match=r"'none' does not exist in the namespace 'company\.team'"):
        run(kv.Get, ctx, key="none", errorOnMissing=True)
    assert run(kv.Delete, ctx, key="none") == {"deleted": False}
    with pytest.raises(TaskError, match="'none' does not exist"):
        run(kv.Delete, ctx, key="none", errorOnMissing=True)


def test_an_expired_key_fails_its_reader(ctx: CoreContext) -> None:
    run(kv.Set, ctx, key="key", value=1, ttl="PT5M")
    ctx.clock.advance(360)
    with pytest.raises(TaskError, match="expired"):
        run(kv.Get, ctx, key="key")


def test_overwrite_may_be_refused(ctx: CoreContext) -> None:
    run(kv.Set, ctx, key="key", value=1)
    with pytest.raises(TaskError, match="'key' is already"):
        run(kv.Set, ctx, key="key", value=2, overwrite=False)


def test_a_key_is_spelled_as_keys_are(ctx: CoreContext) -> None:
    with pytest.raises(TaskError, match="'a/b' is not a key"):
        run(kv.Set, ctx, key="a/b", value=1)


def test_keys_by_prefix(ctx: CoreContext) -> None:
    for key in ("test-2", "test-1", "other"):
        run(kv.Set, ctx, key=key, value=1)
    assert run(kv.GetKeys, ctx, prefix="test") == {"keys": ["test-1", "test-2"]}
    assert run(kv.GetKeys, ctx) == {"keys": ["other", "test-1", "test-2"]}
    assert run(kv.Delete, ctx, key="other") == {"deleted": True}


def test_a_foreign_namespace_must_exist(ctx: CoreContext) -> None:
    run(kv.Set, ctx, key="key", value=1, namespace="company")
    run(kv.Set, ctx, key="key", value=1, namespace="company.team.sub")
    with pytest.raises(TaskError, match=r"namespace 'other\.team' does not exist"):
        run(kv.Set, ctx, key="key", value=1, namespace="other.team")
    ctx.state_store.commit([Put("flow/other.team/daily", b"", Index("flow", "other.team"))])
    run(kv.Set, ctx, key="key", value=1, namespace="other.team")


def test_purge_removes_what_is_expired(ctx: CoreContext) -> None:
    ctx.keys.set(HERE, "old", 1, ttl=timedelta(minutes=1))
    ctx.keys.set(f"{HERE}.sub", "old", 1, ttl=timedelta(minutes=1))
    ctx.keys.set(HERE, "new", 1)
    ctx.clock.advance(120)
    assert run(kv.PurgeKV, ctx, namespaces=[HERE], includeChildNamespaces=False) == {"size": 1}
    assert run(kv.PurgeKV, ctx, namespacePattern="company.*") == {"size": 1}
    assert run(kv.PurgeKV, ctx, keyPattern="x*", behavior={"type": "key", "expiredOnly": False}) == {"size": 0}
    assert run(kv.PurgeKV, ctx, keyPattern="n*", expiredOnly=False) == {"size": 1}
    assert ctx.keys.namespaces() == []


def test_purge_takes_one_kind_of_choice(ctx: CoreContext) -> None:
    with pytest.raises(ValidationError, match="exclude each other"):
        run(kv.PurgeKV, ctx, namespaces=[HERE], namespacePattern="*")


# ------------------------------------------------------------------ states


def test_a_state_is_merged_read_and_removed(ctx: CoreContext) -> None:
    assert run(state.Get, ctx) == {"count": 0, "data": {}}
    outputs = run(state.Set, ctx, name="first", data={"{{ flow.id }}": "{{ inputs.n }}"})
    assert outputs == {"count": 1, "key": "daily_states_tasks-states_first"}
    assert run(state.Set, ctx, name="first", data={"other": 2})["count"] == 2
    assert run(state.Get, ctx, name="first") == {"count": 2, "data": {"daily": "3", "other": 2}}
    assert run(state.Delete, ctx, name="first") == {"deleted": True}
    assert run(state.Delete, ctx, name="first") == {"deleted": False}
    for task in (state.Get, state.Delete):
        with pytest.raises(TaskError, match="no state 'first'"):
            run(task, ctx, name="first", errorOnMissing=True)


def test_each_value_of_a_loop_has_a_state_unless_told_otherwise(tmp_path: Path) -> None:
    ctx = CoreContext(tmp_path, {"taskrun": {"id": "x", "value": "a"}})
    plain: dict[str, Any] = {"data": {"x": 1}, "namespace": True}
    assert run(state.Set, ctx, **plain, taskrunValue=False)["key"] == "states_tasks-states_default"
    key = run(state.Set, ctx, **plain)["key"]
    assert key.startswith("states_tasks-states_default_")
    ctx.variables = {"taskrun": {"id": "x", "value": "b"}}
    assert run(state.Set, ctx, **plain)["key"] != key
