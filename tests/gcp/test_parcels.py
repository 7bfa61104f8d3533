"""Messages as they travel: what is long is compressed, and arrives as it was."""

from __future__ import annotations

import base64
import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiercel.adapters.gcp.parcels import LARGEST, LONGEST_PLAIN, PACKED, ZLIB, packed, unpacked
from tiercel.adapters.gcp.push import decode
from tiercel.adapters.gcp.timers import pushed
from tiercel.ports import Delivery, Envelope


@given(body=st.binary(max_size=64) | st.integers(900, 1100).map(lambda size: b"ab" * (size // 2)))
def test_a_body_arrives_as_it_was(body: bytes) -> None:
    parcel = packed(Envelope("k", body, works=True))
    assert unpacked(*parcel) == body
    assert parcel.attributes["key"] == "k"
    assert parcel.attributes["works"] == "1"


@pytest.mark.parametrize("size", [LONGEST_PLAIN - 1, LONGEST_PLAIN])
def test_what_is_billed_as_little_as_can_be_travels_as_it_is(size: int) -> None:
    body = b"x" * size
    assert packed(Envelope("k", body)) == (body, {"key": "k"})


def test_what_nobody_would_believe_is_left_for_the_topic_to_refuse() -> None:
    assert packed(Envelope("k", bytes(LARGEST + 1))) == (bytes(LARGEST + 1), {"key": "k"})
    assert unpacked(*packed(Envelope("k", bytes(LARGEST)))) == bytes(LARGEST)


def test_what_is_longer_travels_compressed() -> None:
    body = b'{"id": "load"}' * 1000
    parcel = packed(Envelope("k", body))
    assert len(parcel.data) < len(body) / 20
    assert parcel.attributes == {"key": "k", PACKED: ZLIB}


@pytest.mark.parametrize(
    ("data", "attributes"),
    [
        (b"plain", {}),
        (zlib.compress(b"plain"), {}),
        (b"plain", {PACKED: ZLIB}),
        (zlib.compress(b"plain" * 100)[:-3], {PACKED: ZLIB}),
        (zlib.compress(b"plain"), {PACKED: "brotli"}),
        (zlib.compress(bytes(LARGEST + 1), 1), {PACKED: ZLIB}),
    ],
    ids=["no attribute", "only looks so", "no zlib", "cut off", "another way", "a bomb"],
)
def test_data_that_is_not_what_its_attribute_says_is_left_as_it_is(data: bytes, attributes: dict[str, str]) -> None:
    assert unpacked(data, attributes) == data


def test_a_push_and_a_timer_bring_the_body() -> None:
    sent = Envelope("k", b"[1, 2]" * 1000, 1767225600.25, works=True)
    found = decode({}, pushed(sent, "7", "projects/p/queues/q"))
    assert found.delivery() == Delivery("k", sent.body, 1)
    assert found.envelope() == sent
    assert len(pushed(sent, "7", "projects/p/queues/q")) < 500


def test_the_data_of_somebody_elses_message_is_nobodys_business() -> None:
    message = {"data": base64.b64encode(b"body").decode(), "attributes": {PACKED: ZLIB}, "messageId": "7"}
    assert decode({}, json.dumps({"message": message}).encode()).data == b"body"
