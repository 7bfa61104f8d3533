"""What every message bus promises."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from contracts.places import Place
from tiercel.ports import Create, Delivery, Envelope, MessageBus, StateStore


def send(store: StateStore, *messages: Envelope) -> None:
    store.commit([], messages)


def receive(bus: MessageBus) -> Delivery:
    delivery = bus.receive(5)
    assert delivery is not None
    return delivery


def test_a_message_arrives_once_and_is_gone_after_its_acknowledgement(place: Place) -> None:
    send(place.store, Envelope("k", b"body"))
    delivery = receive(place.bus)
    assert delivery == Delivery("k", b"body", 1)
    assert place.bus.receive(0) is None
    place.bus.acknowledge(delivery)
    assert place.bus.receive(0) is None
    place.reopen()
    assert place.bus.receive(0) is None


def test_a_message_that_was_not_acknowledged_comes_again(place: Place) -> None:
    send(place.store, Envelope("one", b"1"), Envelope("two", b"2"))
    first = receive(place.bus)
    place.bus.acknowledge(receive(place.bus))
    place.reopen()
    again = receive(place.bus)
    assert (again.key, again.body) == (first.key, first.body)
    assert again.attempt == 2
    assert place.bus.receive(0) is None
    place.reopen()
    assert receive(place.bus).attempt == 3


def test_receiving_waits_until_something_is_sent(store: StateStore, bus: MessageBus) -> None:
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(bus.receive, 5)
        time.sleep(0.05)
        assert not waiting.done()
        send(store, Envelope("k", b""))
        delivery = waiting.result(5)
    assert delivery is not None
    assert delivery.key == "k"


def test_receiving_gives_up_when_the_time_is_over(bus: MessageBus) -> None:
    began = time.monotonic()
    assert bus.receive(0.1) is None
    assert 0.09 <= time.monotonic() - began < 30


def test_a_message_comes_when_it_is_due_and_not_before(place: Place) -> None:
    now = place.clock.now().timestamp()
    send(place.store, Envelope("late", b"", now + 60), Envelope("soon", b"", now + 10), Envelope("past", b"", now - 5))
    assert receive(place.bus).key == "past"
    assert place.bus.receive(0) is None
    place.clock.advance(9.5)
    assert place.bus.receive(0) is None
    place.clock.advance(1)
    assert receive(place.bus).key == "soon"
    assert place.bus.receive(0) is None
    place.clock.advance(60)
    assert receive(place.bus).key == "late"


def test_a_message_that_is_due_in_a_moment_is_not_early(place: Place) -> None:
    send(place.store, Envelope("k", b"body", place.clock.now().timestamp() + 0.5))
    assert place.bus.receive(0.02) is None
    place.clock.advance(0.6)
    assert receive(place.bus) == Delivery("k", b"body", 1)


def test_what_runs_a_task_and_what_does_not_arrive_alike(place: Place) -> None:
    now = place.clock.now().timestamp()
    send(place.store, Envelope("a", b"", works=True), Envelope("b", b""), Envelope("c", b"", now + 10, works=True))
    assert sorted(receive(place.bus).key for _ in range(2)) == ["a", "b"]
    place.clock.advance(10)
    assert receive(place.bus).key == "c"


def test_more_messages_than_one_request_takes_arrive(place: Place) -> None:
    expected = {f"k{number}" for number in range(1200)}
    send(place.store, *(Envelope(key, b"body") for key in expected))
    assert {receive(place.bus).key for _ in expected} == expected


def test_due_messages_come_in_the_order_of_their_times(place: Place) -> None:
    if not place.in_order_of_due:
        pytest.skip("this bus keeps no order")
    now = place.clock.now().timestamp()
    send(place.store, *(Envelope(f"k{number}", b"", now + number) for number in (5, 1, 4, 2, 3)))
    place.clock.advance(10)
    assert [receive(place.bus).key for _ in range(5)] == ["k1", "k2", "k3", "k4", "k5"]


def test_a_waiting_receiver_gets_what_becomes_due(place: Place) -> None:
    send(place.store, Envelope("k", b"", place.clock.now().timestamp() + 3600))
    with ThreadPoolExecutor(3) as threads:
        waiting = [threads.submit(place.bus.receive, 1) for _ in range(3)]
        time.sleep(0.05)
        place.clock.advance(3600)
        assert sorted(delivery.key for future in waiting if (delivery := future.result(5))) == ["k"]


def test_a_due_message_outlives_its_process(place: Place) -> None:
    send(place.store, Envelope("timer", b"body", place.clock.now().timestamp() + 60))
    place.reopen()
    assert place.bus.receive(0) is None
    place.clock.advance(61)
    assert receive(place.bus) == Delivery("timer", b"body", 1)


def test_later_brings_a_message_again_after_its_time(place: Place) -> None:
    send(place.store, Envelope("k", b"body"))
    place.bus.later(receive(place.bus), 30)
    assert place.bus.receive(0) is None
    place.clock.advance(31)
    delivery = receive(place.bus)
    assert delivery == Delivery("k", b"body", 2)
    place.bus.later(delivery, 0)
    delivery = receive(place.bus)
    assert delivery.attempt == 3
    place.bus.acknowledge(delivery)
    assert place.bus.receive(0) is None


def test_later_outlives_its_process(place: Place) -> None:
    send(place.store, Envelope("k", b"body"))
    place.bus.later(receive(place.bus), 30)
    place.reopen()
    assert place.bus.receive(0) is None
    place.clock.advance(31)
    assert receive(place.bus) == Delivery("k", b"body", 2)


def test_an_old_delivery_cannot_acknowledge_the_next_one(place: Place) -> None:
    send(place.store, Envelope("k", b""))
    old = receive(place.bus)
    place.bus.later(old, 0)
    receive(place.bus)
    place.bus.acknowledge(old)
    place.reopen()
    assert receive(place.bus).key == "k"


def test_a_message_sent_again_while_it_waits_is_one_message(place: Place) -> None:
    if not place.one_of_two_waiting:
        pytest.skip("this bus cannot look at what waits")
    send(place.store, Envelope("k", b"1"), Envelope("k", b"2"))
    send(place.store, Envelope("k", b"3"))
    place.bus.acknowledge(receive(place.bus))
    assert place.bus.receive(0) is None
    place.reopen()
    assert place.bus.receive(0) is None


def test_a_message_sent_again_while_in_flight_comes_again_afterwards(place: Place) -> None:
    send(place.store, Envelope("k", b"old"))
    first = receive(place.bus)
    send(place.store, Envelope("k", b"new"))
    if place.one_at_a_time:
        assert place.bus.receive(0) is None, "never two at the same time"
    place.bus.acknowledge(first)
    second = receive(place.bus)
    assert second.body == b"new"
    place.bus.acknowledge(second)
    assert place.bus.receive(0) is None
    place.reopen()
    assert place.bus.receive(0) is None


def test_a_message_sent_again_while_in_flight_outlives_the_process(place: Place) -> None:
    send(place.store, Envelope("k", b"old"))
    first = receive(place.bus)
    send(place.store, Envelope("k", b"new"))
    place.bus.acknowledge(first)
    place.reopen()
    assert receive(place.bus).body == b"new"
    assert place.bus.receive(0) is None


def drained(place: Place) -> list[bytes]:
    """Take and acknowledge every message that is ready."""
    bodies = []
    while (delivery := place.bus.receive(0)) is not None:
        bodies.append(delivery.body)
        place.bus.acknowledge(delivery)
    return bodies


def test_of_two_copies_left_behind_the_newer_comes(place: Place) -> None:
    send(place.store, Envelope("k", b"old"))
    receive(place.bus)
    send(place.store, Envelope("k", b"new"))
    place.reopen()
    assert b"new" in (drained(place)[-1:] if place.one_at_a_time else drained(place))
    place.reopen()
    assert place.bus.receive(0) is None


def test_a_message_sent_again_in_flight_and_put_off_is_not_lost(place: Place) -> None:
    send(place.store, Envelope("k", b"old"))
    first = receive(place.bus)
    send(place.store, Envelope("k", b"new"))
    place.bus.later(first, 10)
    place.clock.advance(11)
    assert b"new" in (drained(place)[-1:] if place.one_at_a_time else drained(place))
    place.reopen()
    assert place.bus.receive(0) is None


def test_a_key_may_be_used_again_after_its_acknowledgement(place: Place) -> None:
    for body in (b"1", b"2", b"3"):
        send(place.store, Envelope("k", body))
        delivery = receive(place.bus)
        assert delivery.body == body
        place.bus.acknowledge(delivery)
    assert place.bus.receive(0) is None


def test_many_receivers_share_the_messages(place: Place) -> None:
    flying: set[str] = set()
    seen: list[str] = []
    lock = threading.Lock()

    def work(_: int) -> None:
        while (delivery := place.bus.receive(0.3)) is not None:
            with lock:
                assert delivery.key not in flying
                flying.add(delivery.key)
                seen.append(delivery.key)
            follower = delivery.body.decode()
            if follower:
                place.store.commit([Create(f"d/{follower}", b"")], [Envelope(follower, b"")])
            with lock:
                flying.discard(delivery.key)
            place.bus.acknowledge(delivery)

    with ThreadPoolExecutor(9) as threads:
        working = [threads.submit(work, number) for number in range(8)]
        for number in range(100):
            send(place.store, Envelope(f"a{number}", b"b%d" % number))
        for future in working:
            future.result(30)
    assert sorted(seen) == sorted([f"{kind}{number}" for kind in "ab" for number in range(100)])
    place.reopen()
    assert place.bus.receive(0) is None
