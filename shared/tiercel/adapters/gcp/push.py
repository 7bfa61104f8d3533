"""Messages as they are posted to a function: by a push subscription, by Eventarc, by Cloud Tasks.

All three bodies have one form, `{"message": {"data", "attributes", "messageId"}, "subscription"}`. Eventarc's headers
make a CloudEvent of it, and say nothing that we need; Cloud Tasks' headers count the attempts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from tiercel.adapters.gcp.attributes import DUE, KEY, WORKS, due_of
from tiercel.adapters.gcp.parcels import unpacked
from tiercel.errors import TiercelError
from tiercel.ports import Delivery, Envelope

LARGEST = 14 << 20
"""Bytes of a body: a message of 10 MB (Pub/Sub, Quotas and limits) in Base64, and what stands around it."""

LAST_TIME = 253_402_300_800.0
"""The first second of the year 10000, since the epoch: no timer takes it."""


class MalformedMessageError(TiercelError):
    """A request that is none of our messages: it is acknowledged, logged and kept as a dead letter, never retried."""


class _Message(msgspec.Struct, rename="camel"):
    data: bytes | None = None
    attributes: dict[str, str] | None = None
    message_id: str = ""
    ordering_key: str = ""
    publish_time: str = ""


class _Push(msgspec.Struct, rename="camel"):
    message: _Message
    subscription: str = ""
    delivery_attempt: int | None = None


_decode = msgspec.json.Decoder(_Push).decode


@dataclass(frozen=True, slots=True)
class Pushed:
    """A message as it was posted."""

    data: bytes
    attributes: Mapping[str, str]
    message_id: str
    subscription: str
    """Through which it came: a subscription's full name, or a queue's."""
    attempt: int
    ordering_key: str = ""
    publish_time: str = ""

    def delivery(self) -> Delivery:
        """Return it as the port gives it.

        Raises:
            MalformedMessageError: It has no key: it is not the engine's.
        """
        return Delivery(self._key(), self._body(), self.attempt)

    def envelope(self) -> Envelope:
        """Return it as it was sent, to be put off again.

        Raises:
            MalformedMessageError: It has no key: it is not the engine's.
        """
        return Envelope(self._key(), self._body(), due_of(self.attributes), works=WORKS in self.attributes)

    def _body(self) -> bytes:
        return unpacked(self.data, self.attributes)

    def _key(self) -> str:
        try:
            return self.attributes[KEY]
        except KeyError:
            raise MalformedMessageError(
                f"the message {self.message_id!r} of {self.subscription!r} has no attribute '{KEY}': "
                "only Tiercel publishes to this topic"
            ) from None


def decode(headers: Mapping[str, str], body: bytes) -> Pushed:
    """Return the message of a request.

    Args:
        headers: The request's headers; names may be in any case.
        body: The request's body.

    Raises:
        MalformedMessageError: It is none. The text says what is wrong, and holds nothing of the body.
    """
    if len(body) > LARGEST:
        raise MalformedMessageError(f"the request has {len(body)} bytes, more than any message ({LARGEST})")
    try:
        found = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        wanted = 'expected {"message": {"data": Base64, "attributes": {...}}, "subscription": ...}'
        raise MalformedMessageError(f"the request is no message of Pub/Sub: {error}; {wanted}") from None
    message = found.message
    attributes = message.attributes or {}
    if DUE in attributes and not _is_time(attributes[DUE]):
        raise MalformedMessageError(f"the message {message.message_id!r} has an attribute '{DUE}' that is no time")
    attempt = found.delivery_attempt or _retries(headers) + 1
    return Pushed(
        message.data or b"",
        attributes,
        message.message_id,
        found.subscription,
        max(1, attempt),
        message.ordering_key,
        message.publish_time,
    )


def _retries(headers: Mapping[str, str]) -> int:
    """Return how often Cloud Tasks has tried before; 0 where it is not Cloud Tasks that posts."""
    for name, value in headers.items():
        if name.lower() == "x-cloudtasks-taskretrycount" and value.isascii() and value.isdigit():
            return int(value[:9])
    return 0


def _is_time(text: str) -> bool:
    """Tell whether a text is a time in seconds since the epoch, before the end of all years of four digits."""
    try:
        return 0 <= float(text) < LAST_TIME
    except ValueError:
        return False
