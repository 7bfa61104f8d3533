"""What goes to Pub/Sub, and what the bus does with messages that come too early."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from contracts.places import GcpPlace
from gcp.leftovers import send_left
from tiercel.adapters.gcp.attributes import LONGEST_KEY, attributes_of, short_key
from tiercel.adapters.gcp.outbox import PATIENCE
from tiercel.adapters.gcp.pubsub import LARGEST, MOST, Publisher, PubSubBus, connect
from tiercel.adapters.gcp.sending import Sender
from tiercel.adapters.local.clock import SystemClock
from tiercel.errors import TiercelError, TransientError
from tiercel.ports import Envelope


@pytest.fixture
def place(tmp_path: Path) -> Iterator[GcpPlace]:
    place = GcpPlace(tmp_path)
    yield place
    place.close()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[Any]]]:
    """Note the requests that publishers make: topic and messages."""
    found: list[tuple[str, list[Any]]] = []

    class FakeClient:
        def publish(self, request: Any, *, retry: None, timeout: float) -> None:
            found.append((request.topic, list(request.messages)))

    monkeypatch.setattr(Publisher, "client", cast(Callable[[], Any], FakeClient()))
    return found


EVENTS, TASKS = "projects/p/topics/events", "projects/p/topics/tasks"


def publish(*messages: Envelope) -> None:
    Publisher(events=EVENTS, tasks=TASKS).publish(messages)


def test_what_runs_a_task_goes_where_there_is_room(asked: list[tuple[str, list[Any]]]) -> None:
    publish(Envelope("a", b"1"), Envelope("b", b"2", works=True), Envelope("c", b"3"))
    assert [(topic, [each.data for each in messages]) for topic, messages in asked] == [
        (EVENTS, [b"1", b"3"]),
        (TASKS, [b"2"]),
    ]
    assert [dict(each.attributes) for each in asked[1][1]] == [{"key": "b", "works": "1"}]


def test_both_may_be_one_topic(asked: list[tuple[str, list[Any]]]) -> None:
    Publisher(events=EVENTS, tasks=EVENTS).publish([Envelope("a", b"1"), Envelope("b", b"2", works=True)])
    assert [[each.data for each in messages] for _, messages in asked] == [[b"1"], [b"2"]]


def test_what_is_sent_again_by_the_sweep_goes_where_it_would_have_gone(place: GcpPlace) -> None:
    sent: list[Envelope] = []

    def fail(messages: object) -> None:
        raise TransientError("busy")

    outbox = place.store.outbox
    messages = [Envelope("a", b"1", works=True), Envelope("b", b"2", 7.5)]
    outbox._publish = fail
    place.store.commit([], messages)
    outbox._publish = sent.extend
    assert send_left(place.store) == 0
    place.clock.advance(PATIENCE)
    assert send_left(place.store) == 2
    assert sent == messages
    assert send_left(place.store) == 0


def test_a_request_takes_a_thousand_messages(asked: list[tuple[str, list[Any]]]) -> None:
    publish(*(Envelope(str(number), b"") for number in range(2 * MOST + 1)))
    assert [len(messages) for _, messages in asked] == [MOST, MOST, 1]


def test_a_request_takes_nine_megabytes(asked: list[tuple[str, list[Any]]]) -> None:
    noise = random.Random(7).randbytes(LARGEST)  # it cannot be made smaller
    third = noise[: LARGEST // 3]
    publish(*(Envelope(str(number), third) for number in range(4)), Envelope("large", noise))
    assert [len(messages) for _, messages in asked] == [2, 2, 1]


def test_nothing_to_send_is_no_request(asked: list[tuple[str, list[Any]]]) -> None:
    publish()
    assert asked == []


def test_a_long_key_is_cut_to_what_an_attribute_takes() -> None:
    keys = ["k" * 5000, "k" * 5001, "ä" * 600, "k" * LONGEST_KEY]
    short = [short_key(key) for key in keys]
    assert len(set(short)) == 4
    assert all(len(key.encode()) <= LONGEST_KEY for key in short)
    assert short[3] == keys[3]
    assert attributes_of(Envelope(keys[0], b""))["key"] == short[0]


def test_what_is_due_soon_is_sent_at_once_and_the_rest_by_the_timers(place: GcpPlace) -> None:
    sent: list[str] = []
    now = place.clock.now().timestamp()

    class Notes:
        def publish(self, messages: list[Envelope]) -> None:
            sent.extend(f"publish {each.key}" for each in messages)

        def at(self, envelope: Envelope) -> None:
            sent.append(f"timer {envelope.key}")

    notes = Notes()
    send = Sender(cast(Publisher, notes), notes, place.clock)
    send([Envelope("now", b""), Envelope("far", b"", now + 1.5), Envelope("soon", b"", now + 0.9)])
    assert sent == ["publish now", "publish soon", "timer far"]


def test_a_message_that_comes_soon_too_early_is_held(place: GcpPlace) -> None:
    place.publisher.publish([Envelope("k", b"", place.clock.now().timestamp() + 3), Envelope("now", b"")])
    delivery = place.bus.receive(1)
    assert delivery is not None
    assert delivery.key == "now"
    assert place.bus.receive(0.05) is None
    place.clock.advance(3)
    delivery = place.bus.receive(1)
    assert delivery is not None
    assert (delivery.key, delivery.attempt) == ("k", 1)


def test_a_message_that_comes_far_too_early_is_put_off(place: GcpPlace) -> None:
    place.publisher.publish([Envelope("k", b"", place.clock.now().timestamp() + 300)])
    assert place.bus.receive(0.05) is None
    assert place.timers.waiting == 1
    place.reopen()
    assert place.bus.receive(0.05) is None
    place.clock.advance(301)
    delivery = place.bus.receive(1)
    assert delivery is not None
    assert delivery.key == "k"


def test_a_held_message_comes_again_when_the_process_ends(place: GcpPlace) -> None:
    place.publisher.publish([Envelope("k", b"", place.clock.now().timestamp() + 3)])
    assert place.bus.receive(0.05) is None
    place.reopen()
    place.clock.advance(3)
    assert place.bus.receive(1) is not None


def test_a_topic_that_is_not_there_is_named(place: GcpPlace) -> None:
    publisher = Publisher(events="projects/no-such/topics/events", tasks=TASKS, host=place.pubsub)
    with pytest.raises(TiercelError, match=r"the topic projects/no-such/topics/events refuses: .*not found"):
        publisher.publish([Envelope("k", b"")])
    publisher.close()


def test_the_service_itself_brings_a_message_again(place: GcpPlace) -> None:
    bus = PubSubBus(place.subscriber, place.subscriptions, SystemClock())
    place.publisher.publish([Envelope("k", b"")])
    delivery = bus.receive(1)
    assert delivery is not None
    began = time.monotonic()
    bus.later(delivery, 0.3)
    delivery = bus.receive(5)
    assert delivery is not None
    assert delivery.attempt == 2
    assert 0.5 < time.monotonic() - began < 30
    bus.acknowledge(delivery)
    bus.close()


def test_nobody_at_the_other_end_is_trouble_that_passes(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("tiercel.adapters.gcp.trying.time.sleep", lambda seconds: None)
    publisher = Publisher(events=EVENTS, tasks=TASKS, host="127.0.0.1:1")
    with pytest.raises(TransientError, match=f"the topic {EVENTS} did not answer: ServiceUnavailable"):
        publisher.publish([Envelope("k", b"")])
    publisher.close()
    client = connect("127.0.0.1:1")
    bus = PubSubBus(client, ["projects/p/subscriptions/events"], SystemClock())
    assert bus.receive(0.05) is None
    assert "no messages for now: the subscription projects/p/subscriptions/events did not answer" in caplog.text
    bus.close()
    client.transport.close()
