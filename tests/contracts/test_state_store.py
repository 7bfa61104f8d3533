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


def keys(found: list[Stored]) -> list[str]:
    return [document.key for document in found]


def test_a_created_document_can_be_read(store: StateStore) -> None:
    assert store.commit([Create("a", b"one")])[0].version == 1
    assert store.get(["a"]) == [Stored("a", b"one", 1)]


def test_several_documents_come_in_the_order_asked_for(store: StateStore) -> None:
    store.commit([Create(f"k/{number}", b"%d" % number) for number in range(1200)])
    asked = [f"k/{number}" for number in (7, 3, 5000, 1199, 3)]
    bodies = [found.body if found else None for found in store.get(asked)]
    assert bodies == [b"7", b"3", None, b"1199", b"3"]
    everything = [f"k/{number}" for number in range(1200)]
    assert [found.key for found in store.get(everything) if found] == everything
    assert store.get([]) == []


def test_a_second_create_is_refused(store: StateStore) -> None:
    store.commit([Create("a", b"one")])
    with pytest.raises(Refused) as refused:
        store.commit([Create("a", b"two")])
    assert refused.value.key == "a"
    assert read(store, "a") == (b"one", 1)


def test_an_update_needs_the_version_that_was_seen(store: StateStore) -> None:
    store.commit([Create("a", b"one")])
    assert store.commit([Update("a", b"two", 1)])[0].version == 2
    with pytest.raises(Refused) as refused:
        store.commit([Update("a", b"three", 1)])
    assert refused.value.key == "a"
    assert read(store, "a") == (b"two", 2)


def test_an_update_of_nothing_is_refused(store: StateStore) -> None:
    with pytest.raises(Refused):
        store.commit([Update("a", b"two", 1)])
    assert read(store, "a") is None


def test_a_put_writes_in_any_case_and_counts_the_version_on(store: StateStore) -> None:
    assert [store.commit([Put("a", b"%d" % number)])[0].version for number in range(3)] == [1, 2, 3]
    assert read(store, "a") == (b"2", 3)
    assert store.commit([Update("a", b"x", 3)])[0].version == 4


def test_a_delete_removes_a_document_or_a_map(store: StateStore) -> None:
    store.commit([Create("a", b"one"), Merge("m", {"x": b"1", "y": b"2"}), Create("ab", b"stays")])
    store.commit([Delete("a"), Delete("m"), Delete("never there")])
    assert read(store, "a") is None
    assert store.entries("m") == {}
    assert read(store, "ab") is not None
    assert store.commit([Create("a", b"again")])[0].version == 1


def test_a_refused_create_undoes_everything_beside_it(store: StateStore, bus: MessageBus) -> None:
    store.commit([Create("taken", b""), Create("old", b"one")])
    with pytest.raises(Refused) as refused:
        store.commit(
            [
                Merge("m", {"x": b"1"}),
                Put("new", b""),
                Update("old", b"two", 1),
                Delete("taken2"),
                Create("taken", b""),
            ],
            [Envelope("message", b"")],
        )
    assert refused.value.key == "taken"
    assert store.entries("m") == {}
    assert read(store, "new") is None
    assert read(store, "old") == (b"one", 1)
    assert bus.receive(0) is None


def test_a_merge_says_how_many_entries_the_map_has(store: StateStore) -> None:
    assert store.commit([Merge("m", {"a": b"1"})])[0].count == 1
    assert store.commit([Merge("m", {"b": b"2", "c": b"3"})])[0].count == 3
    assert store.commit([Merge("m2", {"a": b"1"})])[0].count == 1
    assert store.entries("m") == {"a": b"1", "b": b"2", "c": b"3"}


def test_a_repeated_merge_changes_the_entry_and_never_counts_too_low(place: Place) -> None:
    place.store.commit([Merge("m", {"a": b"1", "b": b"2"})])
    count = place.store.commit([Merge("m", {"a": b"new"})])[0].count
    assert count == 2 if place.exact_counts else count >= 2
    assert place.store.entries("m") == {"a": b"new", "b": b"2"}


def test_each_of_two_merges_in_one_commit_is_answered(store: StateStore) -> None:
    replies = store.commit([Merge("m", {"a": b""}), Create("d", b""), Merge("n", {"a": b"", "b": b""})])
    assert [(reply.version, reply.count) for reply in replies] == [(0, 1), (1, 0), (0, 2)]


def test_a_document_and_a_map_of_one_key_do_not_meet(store: StateStore) -> None:
    store.commit([Create("k", b"document"), Merge("k", {"a": b"entry"})])
    assert read(store, "k") == (b"document", 1)
    assert store.entries("k") == {"a": b"entry"}


def test_an_empty_commit_is_nothing(store: StateStore) -> None:
    assert store.commit([]) == []


def test_a_body_may_be_empty_or_any_bytes(store: StateStore) -> None:
    every = bytes(range(256)) * 300
    store.commit([Create("empty", b""), Create("every", every)])
    assert read(store, "empty") == (b"", 1)
    assert read(store, "every") == (every, 1)


def test_a_scan_is_in_the_order_of_keys_and_keeps_to_its_prefix(store: StateStore) -> None:
    names = [f"p/{number:04d}" for number in range(700)]
    shuffled = random.Random(1).sample(names, len(names))
    store.commit([Create(name, name.encode()) for name in shuffled])
    store.commit([Create(name, b"") for name in ("o/zzz", "p", "p.", "p0", "q/1", "P/1", "p/é", "p/\U0001f600")])
    assert keys(list(store.scan("p/"))) == [*names, "p/é", "p/\U0001f600"]
    assert keys(list(store.scan("p/069"))) == names[690:700]
    assert keys(list(store.scan("nothing"))) == []
    assert len(list(store.scan(""))) == 708


def test_a_scan_of_maps_is_in_the_order_of_keys_and_entries(store: StateStore) -> None:
    expected = [(f"m/{leaf:02d}", f"{entry:02d}", b"%d" % entry) for leaf in range(20) for entry in range(32)]
    for leaf in random.Random(2).sample(range(20), 20):
        store.commit([Merge(f"m/{leaf:02d}", {f"{entry:02d}": b"%d" % entry for entry in reversed(range(32))})])
    store.commit([Merge("n", {"a": b""}), Merge("m", {"a": b""}), Create("m/document", b"")])
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
    "e1": Index("execution", "one", "f", "RUNNING", 1.0),
    "e2": Index("execution", "one", "f", "SUCCESS", 2.0, "parent"),
    "e3": Index("execution", "one", "g", "FAILED", 3.0, "parent"),
    "e4": Index("execution", "two", "f", "RUNNING", 0.5),
    "e5": Index("execution", "two", "f", "", 1.5),
    "kv": Index("kv", "one", "f", "RUNNING", 1.0, "parent"),
}


@pytest.fixture
def listed(store: StateStore) -> StateStore:
    store.commit([Create(key, key.encode(), index) for key, index in INDEXED.items()])
    store.commit([Create("unlisted", b"")])
    return store


def test_a_query_is_in_the_order_of_dates(listed: StateStore) -> None:
    assert keys(listed.query("execution")) == ["e4", "e1", "e5", "e2", "e3"]
    assert keys(listed.query("execution", newest_first=True)) == ["e3", "e2", "e5", "e1", "e4"]
    assert keys(listed.query("execution", limit=2)) == ["e4", "e1"]
    assert keys(listed.query("execution", newest_first=True, limit=1)) == ["e3"]
    assert listed.query("kv") == [Stored("kv", b"kv", 1)]
    assert listed.query("nothing") == []


def test_a_query_names_each_scalar(listed: StateStore) -> None:
    assert keys(listed.query("execution", namespace="one")) == ["e1", "e2", "e3"]
    assert keys(listed.query("execution", namespace="one", flow_id="f")) == ["e1", "e2"]
    assert keys(listed.query("execution", flow_id="f")) == ["e4", "e1", "e5", "e2"]
    assert keys(listed.query("execution", states=["RUNNING"])) == ["e4", "e1"]
    assert keys(listed.query("execution", states=["FAILED", "SUCCESS"])) == ["e2", "e3"]
    assert keys(listed.query("execution", states=["", "FAILED"])) == ["e5", "e3"]
    assert keys(listed.query("execution", owner="parent")) == ["e2", "e3"]
    assert keys(listed.query("execution", owner="")) == ["e4", "e1", "e5"]
    assert keys(listed.query("execution", namespace="one", states=["RUNNING"], owner="parent")) == []


def test_a_query_follows_what_is_written(listed: StateStore) -> None:
    listed.commit([Update("e1", b"", 1, Index("execution", "one", "f", "SUCCESS", 9.0)), Delete("e4")])
    assert keys(listed.query("execution", states=["RUNNING"])) == []
    assert keys(listed.query("execution", newest_first=True, limit=2)) == ["e1", "e3"]


def test_a_document_that_is_written_without_an_index_is_in_no_list(listed: StateStore) -> None:
    listed.commit([Update("e1", b"", 1), Put("e2", b"")])
    assert keys(listed.query("execution")) == ["e4", "e5", "e3"]


def test_messages_are_sent_only_if_the_commit_held(store: StateStore, bus: MessageBus) -> None:
    store.commit([Create("a", b"")])
    with pytest.raises(Refused):
        store.commit([Create("a", b"")], [Envelope("lost", b"")])
    store.commit([Create("b", b"")], [Envelope("sent", b"body")])
    store.commit([], [Envelope("alone", b"")])
    received = [bus.receive(0) for _ in range(3)]
    assert sorted(delivery.key for delivery in received if delivery) == ["alone", "sent"]


def test_everything_is_still_there_after_reopening(place: Place) -> None:
    place.store.commit([Create("a", b"one", INDEXED["e1"]), Merge("m", {"x": b"1"})])
    place.store.commit([Update("a", b"two", 1, INDEXED["e1"])])
    place.reopen()
    assert read(place.store, "a") == (b"two", 2)
    assert place.store.entries("m") == {"x": b"1"}
    assert keys(place.store.query("execution")) == ["a"]


def test_threads_lose_no_update(store: StateStore) -> None:
    store.commit([Create("shared", b"0")])

    def work(thread: int) -> int:
        refused = 0
        for number in range(200):
            store.commit([Create(f"own/{thread}/{number}", b""), Merge(f"map/{thread}", {str(number): b""})])
            while number % 10 == 0:
                seen = store.get(["shared"])[0]
                assert seen is not None
                try:
                    store.commit([Update("shared", b"%d" % (int(seen.body) + 1), seen.version)])
                except Refused:
                    refused += 1
                else:
                    break
        return refused

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(8)))
    assert len(list(store.scan("own/"))) == 1600
    assert all(len(store.entries(f"map/{thread}")) == 200 for thread in range(8))
    assert read(store, "shared") == (b"160", 161)


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
