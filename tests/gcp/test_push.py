"""Messages as functions receive them."""

from __future__ import annotations

import base64
import json

import pytest

from tiercel.adapters.gcp.attributes import still_early
from tiercel.adapters.gcp.push import LARGEST, MalformedMessageError, decode
from tiercel.ports import Delivery, Envelope

MESSAGE = {"data": base64.b64encode(b"body").decode(), "attributes": {"key": "k"}, "messageId": "7"}


def body(message: object = None, **others: object) -> bytes:
    return json.dumps({"message": message or MESSAGE, "subscription": "projects/p/subscriptions/s", **others}).encode()


def test_a_push_of_pubsub_is_a_delivery() -> None:
    found = decode({}, body(deliveryAttempt=3))
    assert found.delivery() == Delivery("k", b"body", 3)
    assert (found.message_id, found.subscription) == ("7", "projects/p/subscriptions/s")
    assert found.attributes == {"key": "k"}


def test_a_push_without_attempts_is_the_first() -> None:
    assert decode({}, body()).attempt == 1
    assert decode({}, body(deliveryAttempt=None)).attempt == 1
    assert decode({}, body(deliveryAttempt=0)).attempt == 1


def test_the_emulators_push_is_read_too() -> None:
    message = {**MESSAGE, "message_id": "7", "publishTime": "2026-01-01T00:00:00Z", "publish_time": "x"}
    assert decode({}, body(message)).delivery() == Delivery("k", b"body", 1)


def test_an_event_of_eventarc_is_a_delivery() -> None:
    headers = {
        "ce-id": "7",
        "ce-type": "google.cloud.pubsub.topic.v1.messagePublished",
        "ce-source": "//pubsub.googleapis.com/projects/p/topics/t",
        "ce-specversion": "1.0",
        "Content-Type": "application/json",
    }
    assert decode(headers, body()).delivery() == Delivery("k", b"body", 1)


@pytest.mark.parametrize(("retries", "attempt"), [("0", 1), ("2", 3), ("", 1), ("x", 1), ("-1", 1)])
def test_cloud_tasks_counts_attempts_in_a_header(retries: str, attempt: int) -> None:
    assert decode({"X-Cloudtasks-TaskRetryCount": retries}, body()).attempt == attempt


def test_a_message_may_have_no_data() -> None:
    assert decode({}, body({"attributes": {"key": "k"}, "messageId": "7"})).delivery().body == b""


def test_a_message_can_be_put_off_again_as_it_was() -> None:
    message = {**MESSAGE, "attributes": {"key": "k", "due": "1767225600.25", "works": "1"}}
    assert decode({}, body(message)).envelope() == Envelope("k", b"body", 1767225600.25, works=True)
    assert decode({}, body()).envelope() == Envelope("k", b"body")


def test_how_early_a_message_is() -> None:
    assert still_early({"due": "100.5"}, 40.0) == 60.5
    assert still_early({"due": "100.5"}, 100.5) == 0.0
    assert still_early({"due": "100.5"}, 1000.0) == 0.0
    assert still_early({}, 40.0) == 0.0


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"{not json hunter2",
        b'{"message": "hunter2"}',
        b'{"message": {"data": 1}}',
        b'{"message": {"data": "hunter2!"}}',
        b'{"message": {"attributes": {"key": 1}}}',
        b'{"message": {"attributes": {"key": "k", "due": "hunter2"}}}',
        b'{"message": {"attributes": {"key": "k", "due": "nan"}}}',
        b'{"message": {}, "deliveryAttempt": "two"}',
        b'{"message": ' + b"[" * 100_000,
        b" " * (LARGEST + 1),
    ],
    ids=lambda bad: repr(bad[:40]),
)
def test_what_is_no_message_is_refused_in_words(bad: bytes) -> None:
    with pytest.raises(MalformedMessageError) as refused:
        decode({}, bad)
    assert "hunter2" not in str(refused.value)
    assert len(str(refused.value)) < 500


def test_a_message_of_somebody_else_has_no_key() -> None:
    found = decode({}, body({"data": "", "attributes": {"other": "x"}, "messageId": "7"}))
    for use in (found.delivery, found.envelope):
        with pytest.raises(MalformedMessageError, match=r"'7'.*has no attribute 'key'.*only Tiercel publishes"):
            use()
