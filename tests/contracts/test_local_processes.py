"""What happens between processes on one folder: adoption, two at a time, `kill -9`."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from contracts.places import LocalPlace
from contracts.processes import other
from tiercel.adapters.local.owner import Owner, live_owners
from tiercel.ports import Create, Delivery, Envelope

SENDS = """
store = SqliteStore(folder)
bus = OutboxBus(store, SystemClock())
store.commit([], [Envelope("one", b"1"), Envelope("two", b"2"), Envelope("timer", b"3", 4e9)])
"""
WAITS = "say(store.owner); sys.stdin.readline()\n"


def drain(place: LocalPlace) -> list[Delivery]:
    found = []
    while (delivery := place.bus.receive(0)) is not None:
        found.append(delivery)
        place.bus.acknowledge(delivery)
    return found


def test_messages_of_a_killed_process_are_adopted_on_opening(tmp_path: Path) -> None:
    with other(tmp_path, SENDS + "first = bus.receive(1)\n" + WAITS) as process:
        owner = process.line()
        process.kill()
    place = LocalPlace(tmp_path)
    try:
        assert [(found.key, found.attempt) for found in drain(place)] == [("one", 2), ("two", 2)]
        assert place.bus.pending() == (0, 0, 1, 0)
        assert place.store.is_gone(owner)
        assert not (tmp_path / "owners" / owner).exists()
        assert live_owners(tmp_path) == [place.store.owner]
    finally:
        place.close()


def test_messages_of_a_process_that_is_killed_meanwhile_can_be_adopted(local: LocalPlace) -> None:
    with other(local.folder, SENDS + WAITS) as process:
        owner = process.line()
        local.bus.adopt()
        assert drain(local) == []
        process.kill()
        assert drain(local) == []
        local.bus.adopt()
        assert [found.key for found in drain(local)] == ["one", "two"]
        assert local.store.is_gone(owner)


def test_a_process_that_closes_leaves_its_messages_to_the_next(local: LocalPlace) -> None:
    with other(local.folder, SENDS + "bus.close(); store.close()") as process:
        assert process.end() == 0
    local.bus.adopt()
    assert [found.key for found in drain(local)] == ["one", "two"]
    assert local.bus.pending().later == 1
    assert live_owners(local.folder) == [local.store.owner]


def test_a_process_that_leaves_nothing_leaves_no_name(local: LocalPlace) -> None:
    with other(local.folder, "SqliteStore(folder).close()") as process:
        assert process.end() == 0
    assert [path.name for path in (local.folder / "owners").glob("[!.]*")] == [local.store.owner]


def test_two_live_processes_deliver_their_own_messages(local: LocalPlace) -> None:
    lines = """
    store = SqliteStore(folder)
    bus = OutboxBus(store, SystemClock())
    say(store.owner)
    sys.stdin.readline()
    for number in range(300):
        store.commit([Create(f"theirs/{number}", b"")], [Envelope(f"theirs/{number}", b"")])
    count = 0
    while (found := bus.receive(0)) is not None:
        assert found.key.startswith("theirs/"), found
        bus.acknowledge(found)
        count += 1
    bus.close()
    store.close()
    say(count)
    """
    with other(local.folder, lines) as process:
        owner = process.line()
        assert not local.store.is_gone(owner)
        assert live_owners(local.folder) == sorted([owner, local.store.owner])
        process.go_on()
        for number in range(300):
            local.store.commit([Create(f"ours/{number}", b"")], [Envelope(f"ours/{number}", b"")])
        assert process.line() == "300"
        assert process.end() == 0
    assert sorted(found.key for found in drain(local)) == sorted(f"ours/{number}" for number in range(300))
    assert len(list(local.store.scan("theirs/"))) == len(list(local.store.scan("ours/"))) == 300


def test_many_processes_may_open_a_new_store_at_once(tmp_path: Path) -> None:
    lines = """
    store = SqliteStore(folder)
    store.commit([Create(store.owner, b"")], [Envelope(store.owner, b"")])
    store.close()
    """

    def run(_: int) -> int:
        with other(tmp_path, lines) as process:
            return process.end()

    with ThreadPoolExecutor(6) as threads:
        assert list(threads.map(run, range(6))) == [0] * 6
    place = LocalPlace(tmp_path)
    try:
        assert len(list(place.store.scan(""))) == len(drain(place)) == 6
        assert live_owners(tmp_path) == [place.store.owner]
    finally:
        place.close()


def test_only_one_of_many_adopts(tmp_path: Path) -> None:
    with other(tmp_path, SENDS + WAITS) as process:
        process.line()
        process.kill()
    with ThreadPoolExecutor(6) as threads:
        places = list(threads.map(lambda _: LocalPlace(tmp_path), range(6)))
    try:
        assert sorted(found.key for place in places for found in drain(place)) == ["one", "two"]
        assert live_owners(tmp_path) == sorted(place.store.owner for place in places)
    finally:
        for place in places:
            place.close()


def test_a_name_is_live_however_often_others_clear_away(tmp_path: Path) -> None:
    watcher = Owner(tmp_path)

    def clear() -> None:
        while not done:
            for name in list(watcher.gone()):
                watcher.bury(name)

    done = False
    with ThreadPoolExecutor(2) as threads:
        clearing = [threads.submit(clear) for _ in range(2)]
        try:
            for _ in range(300):
                owner = Owner(tmp_path)
                assert not watcher.is_gone(owner.name)
                assert (tmp_path / "owners" / owner.name).exists()
                owner.leave(forget=random.random() < 0.5)
                assert watcher.is_gone(owner.name)
        finally:
            done = True
        for future in clearing:
            future.result(10)
    watcher.leave(forget=True)
    assert live_owners(tmp_path) == []


def test_a_name_that_nobody_can_have_is_gone(local: LocalPlace) -> None:
    assert local.store.is_gone("never-was-1-0")
    assert local.store.is_gone("../owners/x")
    assert local.store.is_gone("")
    assert not local.store.is_gone(local.store.owner)


def test_a_commit_killed_at_any_moment_leaves_all_or_nothing(tmp_path: Path) -> None:
    lines = """
    import threading
    store = SqliteStore(folder)
    bus = OutboxBus(store, SystemClock())
    start = len(store.entries("starts"))
    store.commit([Merge("starts", {str(start): b""})])
    def work(thread):
        for number in range(100000):
            name = f"{start}-{thread}-{number}"
            writes = [Create(f"a/{name}", b"x" * 3000), Create(f"b/{name}", b"y" * 3000)]
            writes.append(Merge(f"m/{name}", {"e": b""}))
            store.commit(writes, [Envelope(name, b"")])
    say("goes")
    for thread in range(4):
        threading.Thread(target=work, args=(thread,), daemon=True).start()
    time.sleep(60)
    """
    for _ in range(6):
        with other(tmp_path, lines) as process:
            assert process.line() == "goes"
            time.sleep(random.uniform(0.0, 0.15))
            process.kill()
    place = LocalPlace(tmp_path)
    try:
        names = [document.key[2:] for document in place.store.scan("a/")]
        assert names
        assert [document.key[2:] for document in place.store.scan("b/")] == names
        assert [key[2:] for key, _, _ in place.store.scan_entries("m/")] == names
        assert sorted(found.key for found in drain(place)) == names
    finally:
        place.close()
