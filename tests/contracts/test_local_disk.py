"""What the local adapters do when the disk is full, or holds something else than a store."""

from __future__ import annotations

import os
import sqlite3
import threading
from pathlib import Path

import pytest

from contracts.places import LocalPlace
from contracts.processes import other
from tiercel.adapters.local.bus import OutboxBus
from tiercel.adapters.local.clock import SystemClock
from tiercel.adapters.local.database import VERSION
from tiercel.adapters.local.objects import FolderObjects
from tiercel.adapters.local.store import SqliteStore
from tiercel.errors import TiercelError, TransientError
from tiercel.ports import Create, Envelope, Index, Merge, Put, Update


def limit(store: SqliteStore, pages: int) -> None:
    """Let the file grow by so many pages."""
    connection = store._database.writer
    connection.execute(f"PRAGMA max_page_count = {connection.execute('PRAGMA page_count').fetchone()[0] + pages}")


def test_a_full_disk_refuses_a_commit_whole(local: LocalPlace) -> None:
    local.store.commit([Create("a", b"one")])
    limit(local.store, 3)
    with pytest.raises(TransientError, match=r"the disk is full.*tiercel\.db"):
        local.store.commit([Update("a", b"two", 1), Create("big", b"x" * 100_000)], [Envelope("m", b"")])
    assert [found.body if found else None for found in local.store.get(["a", "big"])] == [b"one", None]
    assert local.bus.receive(0) is None
    limit(local.store, 1000)
    local.store.commit([Update("a", b"two", 1), Create("big", b"x" * 100_000)], [Envelope("m", b"")])
    delivery = local.bus.receive(0)
    assert delivery is not None
    assert delivery.key == "m"


def test_a_full_disk_refuses_everyone_who_commits_together(local: LocalPlace) -> None:
    hold, held = threading.Event(), threading.Event()
    errors: dict[str, BaseException] = {}

    def block(_: sqlite3.Connection) -> None:
        held.set()
        hold.wait(60)

    def commit(name: str, size: int) -> None:
        try:
            local.store.commit([Create(name, b"x" * size), Merge("m", {name: b""})], [Envelope(name, b"")])
        except TiercelError as error:
            errors[name] = error

    limit(local.store, 20)
    leader = threading.Thread(target=local.store._group.run, args=(block,))
    leader.start()
    held.wait(60)
    followers = [threading.Thread(target=commit, args=(f"k{n}", 200_000 if n == 3 else 10)) for n in range(6)]
    for thread in followers:
        thread.start()
    while len(local.store._group._queue) < 6:
        pass
    hold.set()
    for thread in (leader, *followers):
        thread.join(60)
    assert sorted(errors) == [f"k{number}" for number in range(6)]
    assert len({id(error) for error in errors.values()}) == 6
    assert all(isinstance(error, TransientError) for error in errors.values())
    assert list(local.store.scan("k")) == []
    assert local.store.entries("m") == {}
    commit("after", 10)
    assert local.bus.pending().ready == 1


def test_acknowledgements_outlive_a_full_disk(local: LocalPlace) -> None:
    local.store.commit([], [Envelope("k", b"")])
    delivery = local.bus.receive(0)
    assert delivery is not None
    limit(local.store, 0)
    local.bus.acknowledge(delivery)
    with pytest.raises(TransientError):
        local.store.commit([Create("big", b"x" * 100_000)])
    limit(local.store, 1000)
    local.reopen()
    assert local.bus.receive(0) is None


def test_a_file_that_may_not_grow_is_an_error_in_words(tmp_path: Path) -> None:
    lines = """
    store = SqliteStore(folder)
    bus = OutboxBus(store, SystemClock())
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))
    done = 0
    try:
        for number in range(1000):
            writes = [Create(f"a/{number}", b"x" * 5000), Create(f"b/{number}", b"")]
            store.commit(writes, [Envelope(f"m/{number}", b"")])
            done += 1
    except TransientError as error:
        say(error)
    say(done)
    say(len(list(store.scan("a/"))) == len(list(store.scan("b/"))) == bus.pending().ready == done)
    try:
        FolderObjects(folder).write("kestra:///a/big", b"x" * 500_000)
    except TransientError as error:
        say(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    store.commit([Create("after", b"")])
    bus.close()
    store.close()
    """
    with other(tmp_path, lines) as process:
        assert "tiercel.db cannot be read or written: disk I/O error" in process.line()
        done = int(process.line())
        assert process.line() == "True"
        assert process.line().startswith("the disk is full: kestra:///a/big was not written")
        assert process.end() == 0
    assert [path for path in (tmp_path / "objects").rglob("*") if path.is_file()] == []
    place = LocalPlace(tmp_path)
    try:
        assert len(list(place.store.scan("a/"))) == len(list(place.store.scan("b/"))) == done
        assert place.bus.pending().ready == done
        assert place.store.get(["after"])[0] is not None
    finally:
        place.close()


def test_a_store_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    SqliteStore(tmp_path).close()
    connection = sqlite3.connect(tmp_path / "tiercel.db")
    assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
    connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()
    with pytest.raises(TiercelError, match=r"newer Tiercel.*version \d+, this one knows \d+; upgrade"):
        SqliteStore(tmp_path)
    assert list((tmp_path / "owners").glob("[!.]*")) == []


def test_a_file_that_is_no_store_is_named_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "tiercel.db").write_bytes(b"something else entirely " * 500)
    with pytest.raises(TiercelError, match=r"tiercel\.db is damaged or not a store.*move the file away"):
        SqliteStore(tmp_path)


def test_a_damaged_store_is_named_with_a_remedy(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    store.commit([Create(f"k/{number}", b"x" * 2000) for number in range(200)])
    store.close()
    file = tmp_path / "tiercel.db"
    content = file.read_bytes()
    file.write_bytes(content[:8192] + b"\xa5" * (len(content) - 8192))
    store = SqliteStore(tmp_path)
    with pytest.raises(TiercelError, match="is damaged or not a store"):
        list(store.scan("k/"))
    with pytest.raises(TiercelError, match="is damaged or not a store"):
        store.commit([Create("k/new", b"")])
    store.close()


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(TiercelError, match=r"folder .*file cannot be used"):
        SqliteStore(tmp_path / "file")
    with pytest.raises(TiercelError, match=r"folder .*file/objects cannot be used"):
        FolderObjects(tmp_path / "file")


def test_a_lock_that_another_process_keeps_is_transient(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path, busy_seconds=0.05)
    blocker = sqlite3.connect(tmp_path / "tiercel.db", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    with pytest.raises(TransientError, match="busy: another process held its lock for too long"):
        store.commit([Create("a", b"")])
    assert store.get(["a"]) == [None]
    blocker.execute("ROLLBACK")
    blocker.close()
    store.commit([Create("a", b"")])
    store.close()


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    bus = OutboxBus(store, SystemClock())
    store.commit([Create("a", b"")])
    bus.close()
    store.close()
    store.close()
    for use in (lambda: store.get(["a"]), lambda: store.commit([Create("b", b"")])):
        with pytest.raises(TiercelError, match="is closed"):
            use()
    assert bus.receive(None) is None


def test_closing_lets_commits_that_run_end_well(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    done: list[str] = []
    ends: list[str] = []

    def work(thread: int) -> None:
        for number in range(10_000):
            try:
                store.commit([Create(f"{thread}/{number}", b"")])
                done.append(f"{thread}/{number}")
                store.get([f"{thread}/{number}"])
            except TiercelError as error:
                ends.append(str(error))
                return

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    while len(done) < 100:
        pass
    store.close()
    for thread in threads:
        thread.join(60)
    assert ends == [f"the store {tmp_path / 'tiercel.db'} is closed"] * 4
    store = SqliteStore(tmp_path)
    assert sorted(found.key for found in store.scan("")) == sorted(done)
    store.close()


def test_what_killed_processes_left_unfinished_is_cleared_away(tmp_path: Path) -> None:
    incoming = tmp_path / "objects" / ".incoming"
    incoming.mkdir(parents=True)
    (incoming / "old").write_bytes(b"")
    (incoming / "new").write_bytes(b"")
    os.utime(incoming / "old", (0, 0))
    objects = FolderObjects(tmp_path)
    assert [path.name for path in incoming.iterdir()] == ["new"]
    assert list(objects.list("kestra:///")) == []
    with pytest.raises(TiercelError, match="is taken"):
        objects.open("kestra:///.incoming/new")


def test_a_file_cannot_have_the_name_of_a_folder(tmp_path: Path) -> None:
    objects = FolderObjects(tmp_path)
    objects.write("kestra:///a/b", b"")
    for uri in ("kestra:///a", "kestra:///a/b/c"):
        with pytest.raises(TiercelError, match="a file and a folder cannot have the same name"):
            objects.write(uri, b"")
    assert list((tmp_path / "objects" / ".incoming").iterdir()) == []


@pytest.mark.parametrize("states", [["QUEUED"], ["QUEUED", "RUNNING"]])
def test_who_asks_for_a_state_of_a_flow_does_not_read_its_ended_executions(tmp_path: Path, states: list[str]) -> None:
    store = SqliteStore(tmp_path)

    def steps(first: int, count: int) -> int:
        """Return what SQLite does to find the one that waits beside so many that have ended."""
        ended = [Put(f"e{n}", b"{}", Index("execution", "ns", "f", "SUCCESS", n)) for n in range(first, count)]
        store.commit([*ended, Put("waits", b"{}", Index("execution", "ns", "f", "QUEUED", 0.5))])
        done: list[None] = []
        connection = store._database.connect()
        connection.set_progress_handler(lambda: done.append(None), 10)
        store._database._idle.append(connection)  # the next reader's
        assert len(store.query("execution", namespace="ns", flow_id="f", states=states)) == 1
        store._database._idle.remove(connection)
        connection.close()
        return len(done)

    few, many = steps(0, 10), steps(10, 2000)
    assert many <= 2 * few + 2
    store.close()
