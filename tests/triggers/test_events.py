"""What buckets and topics push to us: decoded, told, answered; what nobody understands becomes a dead letter."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tiercel.adapters.gcp.objects import BucketObjects
from tiercel.cloud.events import Events
from tiercel.cloud.failures import StoredFailures
from tiercel.cloud.handling import BROKEN, DONE, LATER
from tiercel.errors import TransientError
from triggers.happening import CORE, REALTIME, TOPIC, World, busy, flow, on_object

WISHES = "projects/p/topics/tiercel-executions"
PLAIN = f"id: plain\nnamespace: n\ntasks:\n  - {{id: t, type: {CORE}log.Log, message: m}}\n"


class Door:
    """The functions' door to a world, with a drawer for dead letters."""

    def __init__(self, *flows: str) -> None:
        self.world = World(*flows)
        self.dead: list[bytes] = []
        self.flushed = 0
        self.events = Events(
            happenings=self.world.happenings,
            bury=self.dead.append,
            flush=self._flush,
            failures=StoredFailures(self.world.machine.store),
            is_internal=BucketObjects("internal", prefix="storage/").holds,
            executions_topic=WISHES,
        )

    def _flush(self) -> None:
        self.flushed += 1

    def object(self, address: str = "gs://b/in/a.csv", **given: Any) -> int:
        """Have a bucket tell of an object."""
        seen = self.world.buckets.put(address)
        attributes = {
            "eventType": "OBJECT_FINALIZE",
            "bucketId": seen.bucket,
            "objectId": seen.name,
            "objectGeneration": seen.generation,
            "payloadFormat": "JSON_API_V1",
            "notificationConfig": "projects/_/buckets/b/notificationConfigs/1",
            **given.pop("attributes", {}),
        }
        data = json.dumps({"name": seen.name, "size": "7", "contentType": "text/csv"}).encode()
        return self.events.on_object({}, push(given.pop("data", data), attributes, **given))

    def message(self, data: bytes, topic: str = TOPIC, **given: Any) -> int:
        """Have a topic push a message."""
        return self.events.on_message(topic, {}, push(data, {}, **given))

    def seen(self) -> list[dict[str, Any]]:
        """Return what the triggers of all executions saw."""
        return [run.trigger.variables if run.trigger else {} for run in self.world.all()]


def push(data: bytes, attributes: dict[str, str], attempt: int = 1, message: str = "m1", **more: Any) -> bytes:
    """Return the body of a push."""
    said = {"data": base64.b64encode(data).decode(), "attributes": attributes, "messageId": message, **more}
    subscription = "projects/p/subscriptions/tiercel-push-t"
    return json.dumps({"message": said, "subscription": subscription, "deliveryAttempt": attempt}).encode()


# ------------------------------------------------------------ buckets


def test_a_notification_starts_the_flows_that_wait_for_the_object() -> None:
    door = Door(on_object())
    assert door.object() == DONE
    [seen] = door.seen()
    [blob] = seen["blobs"]
    assert (blob["name"], blob["size"], blob["generation"], blob["changeType"]) == ("in/a.csv", 7, 1, "CREATE")
    assert door.flushed == 1


def test_a_notification_that_comes_twice_starts_one_execution() -> None:
    door = Door(on_object(action="DELETE"))
    assert [door.object(message="m1"), door.object(message="m2")] == [DONE, DONE]
    assert len(door.seen()) == 1


def test_an_object_that_took_the_place_of_another_was_changed() -> None:
    door = Door(on_object("on: UPDATE"))
    door.object()
    assert door.seen() == []
    door.object(attributes={"overwroteGeneration": "7"})
    assert len(door.seen()) == 1


def test_a_notification_without_a_payload_is_enough() -> None:
    door = Door(on_object())
    assert door.object(data=b"", attributes={"payloadFormat": "NONE"}) == DONE
    assert "size" not in door.seen()[0]["blobs"][0]


@pytest.mark.parametrize("kind", ["OBJECT_DELETE", "OBJECT_METADATA_UPDATE", "OBJECT_ARCHIVE"])
def test_other_events_are_acknowledged_and_start_nothing(kind: str) -> None:
    door = Door(on_object())
    assert door.object(attributes={"eventType": kind}) == DONE
    assert (door.seen(), door.dead) == ([], [])


def test_the_internal_storage_starts_nothing() -> None:
    door = Door(
        on_object("listingType: RECURSIVE", place="gs://internal/"), on_object(name="g", place="gs://b/storage/")
    )
    assert door.object("gs://internal/storage/n/f/executions/e/a.csv") == DONE
    assert door.seen() == []
    assert door.object("gs://internal/uploads/a.csv") == DONE
    assert door.object("gs://b/storage/a.csv") == DONE
    assert len(door.seen()) == 2


def test_a_busy_service_has_the_event_come_again() -> None:
    door = Door(on_object(action="DELETE"))
    door.world.buckets.before = busy("delete")
    assert door.object() == LATER
    door.world.buckets.before = lambda verb: None
    assert door.object(attempt=2) == DONE
    assert len(door.seen()) == 1
    assert door.world.buckets.objects == {}


def test_an_error_of_ours_is_tried_three_times_and_then_a_dead_letter() -> None:
    door = Door(on_object(action="DELETE"))

    def refuse(verb: str) -> None:
        if verb == "delete":
            raise RuntimeError("bug")

    door.world.buckets.before = refuse
    attempts = (7, 8, 9)  # six deliveries met a busy record: that is no failure
    assert [door.object(attempt=attempt) for attempt in attempts] == [BROKEN, BROKEN, DONE]
    assert len(door.dead) == 1
    assert len(door.seen()) == 1


NO_NOTIFICATIONS: list[dict[str, Any]] = [
    {"attributes": {"eventType": ""}},
    {"attributes": {"bucketId": ""}},
    {"attributes": {"objectGeneration": "one"}},
    {"data": b"{"},
    {"data": b"[1]"},
]


@pytest.mark.parametrize("given", NO_NOTIFICATIONS)
def test_what_is_no_notification_becomes_a_dead_letter(given: dict[str, Any]) -> None:
    door = Door(on_object())
    assert door.object(**given) == DONE
    assert len(door.dead) == 1
    assert door.seen() == []


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff", b"[" * 100_000, b'{"message": {"data": "?"}}'])
def test_what_is_no_push_becomes_a_dead_letter(body: bytes) -> None:
    door = Door(on_object())
    assert door.events.on_object({}, body) == DONE
    assert door.events.on_message(TOPIC, {}, body) == DONE
    assert door.dead == [body, body]


# ------------------------------------------------------------ topics


def test_a_message_starts_the_flows_that_wait_for_it() -> None:
    door = Door(flow(REALTIME, "topic: t"), flow(REALTIME, "topic: u", name="g"))
    assert door.message(b"hello", orderingKey="k", publishTime="2026-01-01T00:00:00Z") == DONE
    assert door.message(b"hello") == DONE
    [seen] = door.seen()
    assert (seen["data"], seen["orderingKey"], seen["publishTime"]) == ("hello", "k", "2026-01-01T00:00:00Z")


def test_the_address_of_the_endpoint_says_the_topic_and_the_subscription_where_it_does_not() -> None:
    door = Door(flow(REALTIME, "topic: t"), flow(REALTIME, "subscription: tiercel-push-t", name="g"))
    door.message(b"x", topic="t", message="m1")
    assert len(door.seen()) == 2
    door.message(b"x", topic="", message="m2")
    assert len(door.seen()) == 3


def test_a_message_on_the_executions_topic_starts_the_flow_that_it_names_once() -> None:
    door = Door(PLAIN)
    body = json.dumps({"namespace": "n", "flowId": "plain", "labels": {"a": "b"}}).encode()
    assert door.message(body, topic=WISHES) == DONE
    assert door.message(body, topic=WISHES, attempt=2) == DONE
    [execution] = door.world.all()
    assert dict(execution.labels)["a"] == "b"


WISHED = [b"", b"nonsense", b'{"namespace": "n"}', b'{"namespace": "n", "flowId": "nowhere"}']


@pytest.mark.parametrize("data", WISHED)
def test_a_wish_that_nobody_can_grant_becomes_a_dead_letter_and_is_logged(
    data: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    door = Door(PLAIN)
    assert door.message(data, topic=WISHES) == DONE
    assert len(door.dead) == 1
    assert "goes to the dead-letter topic" in caplog.text


@pytest.mark.parametrize("given", [{"message": ""}, {"topic": "projects/p/subscriptions/x"}])
def test_a_message_that_cannot_be_told_from_others_becomes_a_dead_letter(given: dict[str, Any]) -> None:
    door = Door(flow(REALTIME, "topic: t"))
    assert door.message(b"x", **given) == DONE
    assert len(door.dead) == 1


def test_a_store_that_is_busy_has_the_message_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    door = Door(flow(REALTIME, "topic: t"))

    def refuse(*_: object, **__: object) -> None:
        raise TransientError("busy")

    monkeypatch.setattr(door.world.machine.store, "query", refuse)
    assert door.message(b"x", attempt=9) == LATER
    assert door.dead == []


def test_a_dead_letter_topic_that_is_broken_still_acknowledges() -> None:
    door = Door(PLAIN)

    def refuse(body: bytes) -> None:
        raise RuntimeError("gone")

    object.__setattr__(door.events, "bury", refuse)
    assert door.events.on_object({}, b"{}") == DONE
