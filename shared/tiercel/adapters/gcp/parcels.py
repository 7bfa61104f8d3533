"""Messages as they travel: a body that is long is compressed, for what topics and pushes cost goes by the byte."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import NamedTuple

from tiercel.adapters.gcp.attributes import attributes_of
from tiercel.ports import Envelope

PACKED = "packed"
"""The attribute that says that a message's data is its body compressed, and how."""

ZLIB = "zlib"

LONGEST_PLAIN = 1000
"""Bytes of a body that travels as it is: a request is billed for that much at least (Pub/Sub: pricing)."""

LARGEST = 14 << 20
"""Bytes of a body that is packed, and believed to have been: a longer one travels as it is, for the topic to refuse."""


class Parcel(NamedTuple):
    """A message as a topic or a timer takes it."""

    data: bytes
    attributes: dict[str, str]


def plain(envelope: Envelope) -> Parcel:
    """Return a message as it is, for people to read."""
    return Parcel(envelope.body, attributes_of(envelope))


def packed(envelope: Envelope) -> Parcel:
    """Return a message as it travels between functions."""
    if not LONGEST_PLAIN < len(envelope.body) <= LARGEST:
        return plain(envelope)
    return Parcel(zlib.compress(envelope.body, 1), attributes_of(envelope) | {PACKED: ZLIB})


def unpacked(data: bytes, attributes: Mapping[str, str]) -> bytes:
    """Return the body of a message that has travelled; data that is not what its attribute says is left as it is."""
    if attributes.get(PACKED) != ZLIB:
        return data
    opening = zlib.decompressobj()
    try:
        body = opening.decompress(data, LARGEST)
    except zlib.error:
        return data
    return body if opening.eof else data
