"""What every state store promises."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from contracts.places import Place
from tiercel.ports import Create, Delete, Envelope, Index, Merge, MessageBus, Put, Refused, StateStore, Stored, Update


def read(store: StateStore, key: str) -> tuple[bytes, int] | None:
    found = store.get([key])[0]
    return (found.body, found.version) if found else None


def short(found: list[Stored]) -> list[str]:
    return [key.removeprefix("execution/") for key in keys(found)]


def keys(found: list[Stored]) -> list[str]:
    return [document.key for document in found]


def test_a_created_document_can_be_read(store: StateStore) -> None:
    version = store.commit([Create("k/a", b"one")])[0].version
    assert version > 0
    assert store.get(["k/a"]) == [Stored("k/a", b"one", version)]


def test_several_documents_come_in_the_order_asked_for(store: StateStore) -> None:
    store.commit([Create(f"k/{number}", b"%d" % number) for number in range(1200)])
    asked = [f"k/{number}" for number in (7, 3, 5000, 1199, 3)]
    bodies = [found.body if found else None for found in store.get(asked)]
    assert bodies == [b"7", b"3", None, b"1199", b"3"]
    everything = [f"k/{number}" for number in range(1200)]
    assert [found.key for found in store.get(everything) if found] == everything
    assert store.get([]) == []


def test_a_second_create_is_refused(store: StateStore) -> None:
    version = store.commit([Create("k/a", b"one")])[0].version
    with pytest.raises(Refused) as refused:
        store.commit([Create("k/a", b"two")])
    assert refused.value.key == "k/a"
    assert read(store, "k/a") == (b"one", version)


def test_an_update_needs_the_version_that_was_seen(store: StateStore) -> None:
    first = store.commit([Create("k/a", b"one")])[0].version
    second = store.commit([Update("k/a", b"two", first)])[0].version
    assert second > first
    with pytest.raises(Refused) as refused:
        store.commit([Update("k/a", b"three", first)])
    assert refused.value.key == "k/a"
    assert read(store, "k/a") == (b"two", second)


def test_an_update_that_changes_nothing_has_a_version_of_its_own(store: StateStore) -> None:
    first = store.commit([Create("k/a", b"same")])[0].version
    assert store.commit([Update("k/a", b"same", first)])[0].version > first


def test_an_update_of_nothing_is_refused(store: StateStore) -> None:
    with pytest.raises(Refused):
        store.commit([Update("k/a", b"two", 1)])
    assert read(store, "k/a") is None


def test_a_put_writes_in_any_case_and_counts_the_version_on(store: StateStore) -> None:
    versions = [store.commit([Put("k/a", b"%d" % number)])[0].version for number in range(3)]
    assert versions == sorted(set(versions))
    assert read(store, "k/a") == (b"2", versions[-1])
    assert store.commit([Update("k/a", b"x", versions[-1])])[0].version > versions[-1]


def test_a_delete_removes_a_document_or_a_map(store: StateStore) -> None:
    store.commit([Create("k/a", b"one"), Merge("m/m", {"x": b"1", "y": b"2"}), Create("k/ab", b"stays")])
    store.commit([Delete("k/a"), Delete("m/m"), Delete("k/never there")])
    assert read(store, "k/a") is None
    assert store.entries("m/m") == {}
    assert read(store, "k/ab") is not None
    assert store.commit([Create("k/a", b"again")])[0].version > 0


def test_a_delete_may_insist_on_the_version_that_was_seen(store: StateStore) -> None:
    first = store.commit([Create("k/a", b"one")])[0].version
    second = store.commit([Put("k/a", b"two")])[0].version
    with pytest.raises(Refused) as refused:
        store.commit([Delete("k/a", first), Create("k/b", b"")])
    assert refused.value.key == "k/a"
    assert read(store, "k/b") is None
    store.commit([Delete("k/a", second)])
    assert read(store, "k/a") is None
    with pytest.raises(Refused):
        store.commit([Delete("k/a", second)])


def test_a_refused_create_undoes_everything_beside_it(store: StateStore, bus: MessageBus) -> None:
    _, old = store.commit([Create("k/taken", b""), Create("k/old", b"one")])
    with pytest.raises(Refused) as refused:
        store.commit(
            [
                Merge("m/m", {"x": b"1"}),
                Put("k/new", b""),
                Update("k/old", b"two", old.version),
                Delete("k/taken2"),
                Create("k/taken", b""),
            ],
            [Envelope("message", b"")],
        )
    assert refused.value.key == "k/taken"
    assert store.entries("m/m") == {}
    assert read(store, "k/new") is None
    assert read(store, "k/old") == (b"one", old.version)
    assert bus.receive(0) is None


def test_a_merge_says_how_many_entries_the_map_has(store: StateStore) -> None:
    assert store.commit([Merge("m/m", {"a": b"1"})])[0].count == 1
    assert store.commit([Merge("m/m", {"b": b"2", "c": b"3"})])[0].count == 3
    assert store.commit([Merge("m/m2", {"a": b"1"})])[0].count == 1
    assert store.entries("m/m") == {"a": b"1", "b": b"2", "c": b"3"}


def test_a_repeated_merge_changes_the_entry_and_never_counts_too_low(place: Place) -> None:
    place.store.commit([Merge("m/m", {"a": b"1", "b": b"2"})])
    count = place.store.commit([Merge("m/m", {"a": b"new"})])[0].count
    assert count == 2 if place.exact_counts else count >= 2
    assert place.store.entries("m/m") == {"a": b"new", "b": b"2"}


def test_each_of_two_merges_in_one_commit_is_answered(store: StateStore) -> None:
    replies = store.commit([Merge("m/m", {"a": b""}), Create("d/d", b""), Merge("m/n", {"a": b"", "b": b""})])
    assert [(reply.version > 0, reply.count) for reply in replies] == [(False, 1), (True, 0), (False, 2)]


@pytest.mark.parametrize("entry", ["a.b", "a[0]", "`", "\\", "__a__", "0", "ä b", "a/b", "*"])
def test_an_odd_entry_is_an_entry(store: StateStore, entry: str) -> None:
    store.commit([Merge("m/m", {entry: b"1", "other": b"2"})])
    store.commit([Merge("m/m", {entry: b"3"})])
    assert store.entries("m/m") == dict(sorted({entry: b"3", "other": b"2"}.items()))


def test_an_empty_commit_is_nothing(store: StateStore) -> None:
    assert store.commit([]) == []


def test_a_body_may_be_empty_or_any_bytes(store: StateStore) -> None:
    every = bytes(range(256)) * 300
    noise = random.Random(3).randbytes(2_000_000)
    store.commit([Create("k/empty", b""), Create("k/every", every), Create("k/noise", noise)])
    found = store.get(["k/empty", "k/every", "k/noise"])
    assert [each.body for each in found if each] == [b"", every, noise]


def test_a_scan_is_in_the_order_of_keys_and_keeps_to_its_prefix(store: StateStore) -> None:
    names = [f"p/{number:04d}" for number in range(700)]
    shuffled = random.Random(1).sample(names, len(names))
    store.commit([Create(name, name.encode()) for name in shuffled])
    store.commit([Create(name, b"") for name in ("o/zzz", "p", "p0/1", "q/1", "P/1", "p/é", "p/\U0001f600")])
    assert keys(list(store.scan("p/"))) == [*names, "p/é", "p/\U0001f600"]
    assert keys(list(store.scan("p/069"))) == names[690:700]
    assert keys(list(store.scan("nothing/"))) == []


def test_a_scan_knows_a_slash_from_a_dot(store: StateStore) -> None:
    names = [
        f"p/{name}" for name in ("-", ".", "..", "./", ".0", "/", "/.", "0", "__x__", "a", "a-b", "a.b", "a/b", "a0")
    ]
    store.commit([Create(name, b"") for name in reversed(names)])
    assert keys(list(store.scan("p/"))) == names
    assert keys(list(store.scan("p/a"))) == names[-5:]
    assert keys(list(store.scan("p/a."))) == ["p/a.b"]
    assert keys(list(store.scan("p/a/"))) == ["p/a/b"]
    assert keys([each for each in store.get(names) if each]) == names


@pytest.mark.parametrize("kind", ["lane", "runs", "leaf"])
def test_what_belongs_to_one_execution_is_scanned_alone(store: StateStore, kind: str) -> None:
    if kind == "lane":
        store.commit(
            [Create(f"lane/{each}", b"") for each in ("e1/main", "e1/f[0]#1", "e1/a/b", "e10/main", "e2/main")]
        )
        assert keys(list(store.scan("lane/e1/"))) == ["lane/e1/a/b", "lane/e1/f[0]#1", "lane/e1/main"]
        return
    store.commit([Merge(f"{kind}/{each}", {"x": b""}) for each in ("e1/f/0/1", "e1/f/0/0", "e10/f/0/0")])
    assert [key for key, _, _ in store.scan_entries(f"{kind}/e1/")] == [f"{kind}/e1/f/0/0", f"{kind}/e1/f/0/1"]


def test_a_scan_of_maps_is_in_the_order_of_keys_and_entries(store: StateStore) -> None:
    expected = [(f"m/{leaf:02d}", f"{entry:02d}", b"%d" % entry) for leaf in range(20) for entry in range(32)]
    for leaf in random.Random(2).sample(range(20), 20):
        store.commit([Merge(f"m/{leaf:02d}", {f"{entry:02d}": b"%d" % entry for entry in reversed(range(32))})])
    store.commit([Merge("n/n", {"a": b""}), Merge("l/m", {"a": b""})])
    assert list(store.scan_entries("m/")) == expected
    assert list(store.scan_entries("m/07")) == expected[7 * 32 : 8 * 32]


def test_a_scan_lets_writers_write(store: StateStore) -> None:
    store.commit([Create(f"a/{number:04d}", b"") for number in range(600)])
    seen = 0
    for document in store.scan("a/"):
        store.commit([Delete(document.key)])
        seen += 1
    assert seen == 600
    assert list(store.scan("a/")) == []


INDEXED = {
    "execution/e1": Index("execution", "one", "f", "RUNNING", 1.0),
    "execution/e2": Index("execution", "one", "f", "SUCCESS", 2.0, "parent"),
    "execution/e3": Index("execution", "one", "g", "FAILED", 3.0, "parent"),
    "execution/e4": Index("execution", "two", "f", "RUNNING", 0.5),
    "execution/e5": Index("execution", "two", "f", "", 1.5),
    "kv/k": Index("kv", "one", "f", "RUNNING", 1.0, "parent"),
}


@pytest.fixture
def listed(store: StateStore) -> StateStore:
    store.commit([Create(key, key.encode(), index) for key, index in INDEXED.items()])
    store.commit([Create("execution/unlisted", b"")])
    return store


def test_a_query_is_in_the_order_of_dates(listed: StateStore) -> None:
    assert short(listed.query("execution")) == ["e4", "e1", "e5", "e2", "e3"]
    assert short(listed.query("execution", newest_first=True)) == ["e3", "e2", "e5", "e1", "e4"]
    assert short(listed.query("execution", limit=2)) == ["e4", "e1"]
    assert short(listed.query("execution", newest_first=True, limit=1)) == ["e3"]
    assert listed.query("kv") == listed.get(["kv/k"])
    assert listed.query("nothing") == []


def test_a_query_names_each_scalar(listed: StateStore) -> None:
    assert short(listed.query("execution", namespace="one")) == ["e1", "e2", "e3"]
    assert short(listed.query("execution", namespace="one", flow_id="f")) == ["e1", "e2"]
    assert short(listed.query("execution", flow_id="f")) == ["e4", "e1", "e5", "e2"]
    assert short(listed.query("execution", states=["RUNNING"])) == ["e4", "e1"]
    assert short(listed.query("execution", states=["FAILED", "SUCCESS"])) == ["e2", "e3"]
    assert short(listed.query("execution", states=["", "FAILED"])) == ["e5", "e3"]
    assert short(listed.query("execution", owner="parent")) == ["e2", "e3"]
    assert short(listed.query("execution", owner="")) == ["e4", "e1", "e5"]
    assert short(listed.query("execution", namespace="one", states=["RUNNING"], owner="parent")) == []


def test_a_query_ends_at_a_date(listed: StateStore) -> None:
    assert short(listed.query("execution", until=1.5)) == ["e4", "e1", "e5"]
    assert short(listed.query("execution", until=1.4999)) == ["e4", "e1"]
    assert short(listed.query("execution", until=0.4)) == []
    assert short(listed.query("execution", until=2, newest_first=True, limit=2)) == ["e2", "e5"]
    assert short(listed.query("execution", namespace="one", until=2)) == ["e1", "e2"]
    assert short(listed.query("execution", states=["RUNNING", "SUCCESS"], until=1.0)) == ["e4", "e1"]
    assert short(listed.query("execution", owner="parent", until=2.5)) == ["e2"]


def test_a_query_begins_at_a_date(listed: StateStore) -> None:
    assert short(listed.query("execution", since=2)) == ["e2", "e3"]
    assert short(listed.query("execution", since=0)) == ["e4", "e1", "e5", "e2", "e3"]
    assert short(listed.query("execution", since=1, until=1.5, newest_first=True)) == ["e5", "e1"]
    assert short(listed.query("execution", flow_id="f", since=1.2)) == ["e5", "e2"]


def test_a_query_goes_on_behind_a_document(listed: StateStore) -> None:
    every = [(4, 0.5), (1, 1.0), (5, 1.5), (2, 2.0), (3, 3.0)]
    for down in (False, True):
        names, behind = [], None
        while found := listed.query("execution", newest_first=down, after=behind, limit=2):
            names += short(found)
            behind = next((date, f"execution/e{n}") for n, date in every if names[-1] == f"e{n}")
        assert names == [f"e{n}" for n, _ in (reversed(every) if down else every)]
    assert short(listed.query("execution", namespace="one", after=(1.0, "execution/e1"))) == ["e2", "e3"]
    listed.commit([Delete("execution/e5")])
    assert short(listed.query("execution", after=(1.5, "execution/e5"))) == ["e2", "e3"]


def test_pages_do_not_lose_documents_of_the_same_date(store: StateStore) -> None:
    store.commit([Create(f"execution/t{number}", b"", Index("execution", date=7.0)) for number in range(7)])
    for down in (False, True):
        names: list[str] = []
        while found := store.query(
            "execution", newest_first=down, after=(7.0, f"execution/{names[-1]}") if names else None, limit=3
        ):
            names += short(found)
        assert names == sorted(names, reverse=down)
        assert len(names) == 7


def test_a_query_within_a_namespace_takes_those_below(store: StateStore) -> None:
    names = ["a", "a.b", "a.b.c", "a-b", "ab", "a/b", "b"]
    store.commit([Create(f"execution/n{n}", b"", Index("execution", name, date=n)) for n, name in enumerate(names)])
    assert short(store.query("execution", within="a")) == ["n0", "n1", "n2"]
    assert short(store.query("execution", within="a.b")) == ["n1", "n2"]
    assert short(store.query("execution", within="a", newest_first=True, limit=2)) == ["n2", "n1"]
    assert short(store.query("execution", within="a", since=1, after=(1, "execution/n1"))) == ["n2"]
    assert (store.count("execution", within="a"), store.count("execution", within="x")) == (3, 0)


def test_a_count_counts_what_a_query_finds(listed: StateStore) -> None:
    assert listed.count("execution") == 5
    assert listed.count("nothing") == 0
    assert listed.count("execution", namespace="one", flow_id="f") == 2
    assert listed.count("execution", states=["RUNNING", "SUCCESS"]) == 3
    assert listed.count("execution", owner="parent") == 2
    assert listed.count("execution", owner="") == 3
    assert listed.count("execution", since=1, until=2) == 3
    listed.commit([Put("execution/e1", b"")])  # without an index
    assert listed.count("execution") == 4


def test_a_query_follows_what_is_written(listed: StateStore) -> None:
    listed.commit([Put("execution/e1", b"", Index("execution", "one", "f", "SUCCESS", 9.0)), Delete("execution/e4")])
    assert short(listed.query("execution", states=["RUNNING"])) == []
    assert short(listed.query("execution", newest_first=True, limit=2)) == ["e1", "e3"]


def test_a_document_that_is_written_without_an_index_is_in_no_list(listed: StateStore) -> None:
    listed.commit([Put("execution/e1", b""), Put("execution/e2", b"")])
    assert short(listed.query("execution")) == ["e4", "e5", "e3"]


def test_messages_are_sent_only_if_the_commit_held(store: StateStore, bus: MessageBus) -> None:
    store.commit([Create("k/a", b"")])
    with pytest.raises(Refused):
        store.commit([Create("k/a", b"")], [Envelope("lost", b"")])
    store.commit([Create("k/b", b"")], [Envelope("sent", b"body")])
    store.commit([], [Envelope("alone", b"")])
    received = [bus.receive(0) for _ in range(3)]
    assert sorted(delivery.key for delivery in received if delivery) == ["alone", "sent"]


def test_everything_is_still_there_after_reopening(place: Place) -> None:
    index = INDEXED["execution/e1"]
    created, _ = place.store.commit([Create("execution/e1", b"one", index), Merge("m/m", {"x": b"1"})])
    version = place.store.commit([Update("execution/e1", b"two", created.version, index)])[0].version
    place.reopen()
    assert read(place.store, "execution/e1") == (b"two", version)
    assert place.store.entries("m/m") == {"x": b"1"}
    assert short(place.store.query("execution")) == ["e1"]


def test_threads_lose_no_update(store: StateStore) -> None:
    store.commit([Create("k/shared", b"0")])

    def work(thread: int) -> int:
        refused = 0
        for number in range(200):
            store.commit([Create(f"own/{thread}/{number}", b""), Merge(f"map/{thread}", {str(number): b""})])
            while number % 10 == 0:
                seen = store.get(["k/shared"])[0]
                assert seen is not None
                try:
                    store.commit([Update("k/shared", b"%d" % (int(seen.body) + 1), seen.version)])
                except Refused:
                    refused += 1
                else:
                    break
        return refused

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(8)))
    assert len(list(store.scan("own/"))) == 1600
    assert all(len(store.entries(f"map/{thread}")) == 200 for thread in range(8))
    shared = read(store, "k/shared")
    assert shared is not None
    assert shared[0] == b"160"


def test_of_many_who_create_the_same_one_wins(store: StateStore) -> None:
    def create(thread: int) -> int:
        won = 0
        for number in range(50):
            try:
                store.commit([Create(f"race/{number}", b"%d" % thread), Merge(f"wins/{number}", {str(thread): b""})])
                won += 1
            except Refused:
                pass
        return won

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(create, range(8))) == 50
    for number in range(50):
        winner = read(store, f"race/{number}")
        assert winner is not None
        assert store.entries(f"wins/{number}") == {winner[0].decode(): b""}
