"""What group commit promises: each caller alone, everyone together, nobody left waiting."""

from __future__ import annotations

import signal
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.places import LocalPlace
from tiercel.adapters.local.store import SqliteStore
from tiercel.errors import TiercelError
from tiercel.ports import Create, Delete, Envelope, Index, Merge, Put, Refused, Update, Write


@contextmanager
def blocked(store: SqliteStore, followers: int) -> Iterator[None]:
    """Hold the lead while the block starts threads, until so many wait to be written together."""
    hold, held = threading.Event(), threading.Event()

    def block(_: sqlite3.Connection) -> None:
        held.set()
        hold.wait(60)

    leader = threading.Thread(target=store._group.run, args=(block,))
    leader.start()
    held.wait(60)
    yield
    while len(store._group._queue) < followers:
        pass
    hold.set()
    leader.join(60)


def test_a_refused_one_is_undone_alone(local: LocalPlace) -> None:
    local.store.commit([Create("taken", b"")])
    refused: list[str] = []

    def commit(number: int) -> None:
        last = Create("taken" if number % 3 == 0 else f"last/{number}", b"")
        try:
            local.store.commit(
                [Create(f"k/{number}", b""), Merge("m", {str(number): b""}), last], [Envelope(f"{number}", b"")]
            )
        except Refused as error:
            refused.append(error.key)

    threads = [threading.Thread(target=commit, args=(number,)) for number in range(9)]
    with blocked(local.store, 9):
        for thread in threads:
            thread.start()
    for thread in threads:
        thread.join(60)
    held = [number for number in range(9) if number % 3]
    assert refused == ["taken"] * 3
    assert [found.key for found in local.store.scan("k/")] == [f"k/{number}" for number in held]
    assert sorted(local.store.entries("m")) == [str(number) for number in held]
    assert local.bus.pending().ready == len(held)


def test_a_bug_in_one_is_its_own(local: LocalPlace) -> None:
    errors: list[BaseException] = []

    def commit(key: object) -> None:
        try:
            local.store.commit([Create(key, b"")])  # type: ignore[arg-type]
        except (sqlite3.Error, UnicodeError) as error:
            errors.append(error)

    bad = [object(), "\ud800", "fine", "fine too"]
    threads = [threading.Thread(target=commit, args=(key,)) for key in bad]
    with blocked(local.store, 4):
        for thread in threads:
            thread.start()
    for thread in threads:
        thread.join(60)
    assert len(errors) == 2
    assert not any(isinstance(error, TiercelError) for error in errors)
    assert [found.key for found in local.store.scan("")] == ["fine", "fine too"]
    with pytest.raises(UnicodeEncodeError):
        local.store.commit([Create("\ud800", b"")])
    local.store.commit([Create("after", b"")])


def test_those_who_wait_share_one_transaction(local: LocalPlace) -> None:
    statements: list[str] = []
    local.store._database.writer.set_trace_callback(statements.append)
    threads = [threading.Thread(target=local.store.commit, args=([Put(f"k/{n}", b"")],)) for n in range(20)]
    with blocked(local.store, 20):
        for thread in threads:
            thread.start()
    for thread in threads:
        thread.join(60)
    assert statements.count("COMMIT") == 2
    assert len(list(local.store.scan("k/"))) == 20


def test_a_lone_commit_is_written_in_its_own_thread(local: LocalPlace) -> None:
    before = set(threading.enumerate())
    writers: list[threading.Thread] = []
    local.store._group.run(lambda _: writers.append(threading.current_thread()))
    assert writers == [threading.current_thread()]
    assert set(threading.enumerate()) == before


class Interrupt(BaseException):
    """What a signal's handler raises, as Ctrl-C does."""


def test_an_interrupted_caller_takes_nobody_with_it(local: LocalPlace) -> None:
    def interrupt(*_: object) -> None:
        raise Interrupt

    others = [threading.Thread(target=local.store.commit, args=([Create(f"k/{n}", b"")],)) for n in range(3)]
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with blocked(local.store, 3):
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            with pytest.raises(Interrupt):
                local.store.commit([Create("interrupted", b"")])
            for thread in others:
                thread.start()
    finally:
        signal.signal(signal.SIGALRM, before)
    for thread in others:
        thread.join(60)
    local.store.commit([Create("k/after", b"")])
    assert [found.key for found in local.store.scan("")] == ["k/0", "k/1", "k/2", "k/after"]


KEYS = st.sampled_from(["a", "a/b", "b", "é"])
INDEXES = st.none() | st.builds(
    Index,
    kind=st.sampled_from(["x", "y"]),
    namespace=st.sampled_from(["", "n"]),
    flow_id=st.sampled_from(["", "f"]),
    state=st.sampled_from(["", "R", "S"]),
    date=st.sampled_from([0.0, 1.0, 2.5]),
    owner=st.sampled_from(["", "o"]),
)
BODIES = st.binary(max_size=4)
WRITES = st.one_of(
    st.builds(Create, KEYS, BODIES, INDEXES),
    st.builds(Update, KEYS, BODIES, st.integers(1, 4), INDEXES),
    st.builds(Put, KEYS, BODIES, INDEXES),
    st.builds(Delete, KEYS),
    st.builds(Merge, KEYS, st.dictionaries(st.sampled_from(["1", "2", "3"]), BODIES, min_size=1)),
)


class Model:
    """The store as two plain dictionaries."""

    def __init__(self) -> None:
        self.docs: dict[str, tuple[bytes, int, Index | None]] = {}
        self.maps: dict[str, dict[str, bytes]] = {}

    def commit(self, writes: Sequence[Write]) -> list[tuple[int, int]] | str:
        """Return (version, count) of each write, or the key that was refused."""
        docs, maps = dict(self.docs), {key: dict(entries) for key, entries in self.maps.items()}
        replies = []
        for write in writes:
            version = docs[write.key][1] if write.key in docs else 0
            match write:
                case Merge(key, entries):
                    maps[key] = {**maps.get(key, {}), **entries}
                    replies.append((0, len(maps[key])))
                    continue
                case Delete(key):
                    docs.pop(key, None)
                    maps.pop(key, None)
                    replies.append((0, 0))
                    continue
                case Create() if version:
                    return write.key
                case Update() if version != write.version:
                    return write.key
            docs[write.key] = (write.body, version + 1, write.index)
            replies.append((version + 1, 0))
        self.docs, self.maps = docs, maps
        return replies

    def query(self, kind: str, **wanted: str) -> list[str]:
        """Return the keys of a query without states and limit."""
        found = [
            (index.date, key)
            for key, (_, _, index) in self.docs.items()
            if index and index.kind == kind and all(getattr(index, name) == value for name, value in wanted.items())
        ]
        return [key for _, key in sorted(found)]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(WRITES, min_size=1, max_size=4), max_size=12))
def test_the_store_is_as_a_plain_dictionary(
    tmp_path_factory: pytest.TempPathFactory, commits: list[list[Write]]
) -> None:
    store, model = SqliteStore(tmp_path_factory.mktemp("store")), Model()
    try:
        for writes in commits:
            expected = model.commit(writes)
            try:
                found: object = [(reply.version, reply.count) for reply in store.commit(writes)]
            except Refused as refused:
                found = refused.key
            assert found == expected
        compare(store, model)
    finally:
        store.close()


def compare(store: SqliteStore, model: Model) -> None:
    documents = [(found.key, found.body, found.version) for found in store.scan("")]
    assert documents == [(key, body, version) for key, (body, version, _) in sorted(model.docs.items())]
    assert [found for found in store.get(["a", "b", "c"]) if found] == [
        found for found in store.scan("") if found.key in ("a", "b")
    ]
    assert [found.key for found in store.scan("a")] == sorted(key for key in model.docs if key.startswith("a"))
    entries = [(key, *entry) for key, found in sorted(model.maps.items()) for entry in sorted(found.items())]
    assert list(store.scan_entries("")) == entries
    for kind in ("x", "y"):
        assert [found.key for found in store.query(kind)] == model.query(kind)
        assert [found.key for found in store.query(kind, newest_first=True)] == model.query(kind)[::-1]
        assert [found.key for found in store.query(kind, states=["R"])] == model.query(kind, state="R")
        assert [found.key for found in store.query(kind, owner="o")] == model.query(kind, owner="o")
        assert [found.key for found in store.query(kind, namespace="n", flow_id="f")] == model.query(
            kind, namespace="n", flow_id="f"
        )


def test_queries_use_their_indexes(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    statements: list[str] = []
    connection = store._database._borrow()
    connection.set_trace_callback(statements.append)
    store._database._idle.append(connection)
    store.query("x", newest_first=True)
    store.query("x", namespace="n", flow_id="f")
    store.query("x", states=["R"])
    store.query("x", owner="o")
    list(store.scan("p"))
    plans = [str(store._database.read("EXPLAIN QUERY PLAN " + sql)) for sql in list(statements)]
    for plan, index in zip(
        plans, ["docs_by_date", "docs_by_flow", "docs_by_state", "docs_by_owner", "autoindex"], strict=True
    ):
        assert index in plan
        assert "SCAN" not in plan
    store.close()
