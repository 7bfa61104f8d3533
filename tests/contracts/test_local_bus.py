"""What the bus of the outbox promises beyond the port: counts, quiet, and no polling."""

from __future__ import annotations

import resource
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from contracts.places import LocalPlace
from tiercel.adapters.local.bus import OutboxBus, Pending
from tiercel.adapters.local.clock import SystemClock
from tiercel.adapters.local.store import SqliteStore
from tiercel.ports import Create, Envelope


def rows(place: LocalPlace) -> int:
    return int(place.store._database.read("SELECT count(*) FROM messages")[0][0])


def test_pending_counts_what_is_ready_in_flight_and_due_later(local: LocalPlace) -> None:
    now = local.clock.now().timestamp()
    local.store.commit([], [Envelope("a", b""), Envelope("b", b""), Envelope("c", b"", now + 5)])
    assert local.bus.pending() == Pending(2, 0, 1)
    delivery = local.bus.receive(0)
    assert delivery is not None
    assert local.bus.pending() == Pending(1, 1, 1)
    local.clock.advance(6)
    assert local.bus.pending() == Pending(2, 1, 0)
    local.bus.acknowledge(delivery)
    assert local.bus.pending() == Pending(2, 0, 0)


def test_quiet_comes_when_the_last_message_is_acknowledged(local: LocalPlace) -> None:
    assert local.bus.wait_quiet(0)
    local.store.commit([], [Envelope("a", b""), Envelope("timer", b"", local.clock.now().timestamp() + 60)])
    assert not local.bus.wait_quiet(0.02)
    delivery = local.bus.receive(0)
    assert delivery is not None
    assert not local.bus.wait_quiet(0.02)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(local.bus.wait_quiet, 5)
        time.sleep(0.02)
        local.bus.acknowledge(delivery)
        assert waiting.result(5)
    assert rows(local) == 1, "the acknowledgement is on disk"
    assert not local.bus.wait_quiet(0.02, timers=True)
    local.clock.advance(61)
    assert not local.bus.wait_quiet(0.02)
    delivery = local.bus.receive(0)
    assert delivery is not None
    local.bus.acknowledge(delivery)
    assert local.bus.wait_quiet(0, timers=True)


def test_acknowledgements_ride_with_the_next_commit(local: LocalPlace) -> None:
    local.store.commit([], [Envelope("a", b"")])
    delivery = local.bus.receive(0)
    assert delivery is not None
    local.bus.acknowledge(delivery)
    assert rows(local) == 1
    local.store.commit([Create("x", b"")])
    assert rows(local) == 0


def test_acknowledgements_are_written_when_nothing_else_comes(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    bus = OutboxBus(store, SystemClock(), grace=0.01)
    store.commit([], [Envelope("a", b"")])
    delivery = bus.receive(0)
    assert delivery is not None
    bus.acknowledge(delivery)
    assert bus.receive(0.2) is None
    assert store._database.read("SELECT count(*) FROM messages") == [(0,)]
    assert not store.outbox.has_chores
    bus.close()
    store.close()


def test_a_message_is_delivered_on_time_by_the_wall_clock(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    bus = OutboxBus(store, SystemClock())
    late: list[float] = []

    def work() -> None:
        while (delivery := bus.receive(None)) is not None:
            late.append(time.time() - float(delivery.body))
            bus.acknowledge(delivery)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    now = time.time()
    store.commit([], [Envelope("far", repr(now + 120).encode(), now + 120)])
    time.sleep(0.05)
    store.commit([], [Envelope(f"k{n}", repr(now + n / 50).encode(), now + n / 50) for n in range(5, 15)])
    while len(late) < 10 and time.time() < now + 60:
        time.sleep(0.01)
    bus.close()
    for thread in threads:
        thread.join(60)
    store.close()
    assert len(late) == 10
    assert min(late) >= 0
    assert max(late) < 60  # not when the far one is due


def test_a_timer_is_watched_while_who_watched_the_last_one_is_busy(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    bus = OutboxBus(store, SystemClock())
    late: dict[str, float] = {}
    second = threading.Event()

    def work() -> None:
        while (delivery := bus.receive(None)) is not None:
            late[delivery.key] = time.time() - float(delivery.body)
            if delivery.key == "first":
                second.wait(60)
            else:
                second.set()
            bus.acknowledge(delivery)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    now = time.time()
    times = {"first": now + 0.05, "second": now + 0.1}
    store.commit([], [Envelope(key, repr(due).encode(), due) for key, due in times.items()])
    assert second.wait(30)
    bus.close()
    for thread in threads:
        thread.join(60)
    store.close()
    assert sorted(late) == ["first", "second"]


def test_waiting_receivers_do_not_poll(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    bus = OutboxBus(store, SystemClock())
    store.commit([], [Envelope("timer", b"", time.time() + 3600)])
    threads = [threading.Thread(target=bus.receive, args=(None,)) for _ in range(128)]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    before = resource.getrusage(resource.RUSAGE_SELF)
    time.sleep(0.5)
    after = resource.getrusage(resource.RUSAGE_SELF)
    bus.close()
    for thread in threads:
        thread.join(60)
    store.close()
    assert after.ru_nvcsw - before.ru_nvcsw < 100  # fewer than there are receivers


def test_closing_sends_every_receiver_home(local: LocalPlace) -> None:
    with ThreadPoolExecutor(4) as threads:
        waiting = [threads.submit(local.bus.receive, None) for _ in range(4)]
        time.sleep(0.05)
        local.bus.close()
        assert [future.result(5) for future in waiting] == [None] * 4
    local.store.commit([], [Envelope("k", b"")])
    assert local.bus.receive(0) is None


def test_a_store_without_a_bus_keeps_its_messages_for_the_bus_that_comes(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    store.commit([], [Envelope("k", b"")])
    bus = OutboxBus(store, SystemClock())
    delivery = bus.receive(0)
    assert delivery is not None
    assert delivery.attempt == 1
    bus.close()
    store.close()
