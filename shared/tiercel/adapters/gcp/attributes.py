"""What travels beside a message's body: its key, when it is due, and where it goes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from tiercel.ports import Envelope

KEY, DUE, WORKS = "key", "due", "works"

LONGEST_KEY = 1000
"""Bytes of an attribute's value (Pub/Sub takes 1,024: Quotas and limits)."""


def attributes_of(envelope: Envelope) -> dict[str, str]:
    """Return the attributes that a message travels with."""
    found = {KEY: short_key(envelope.key)}
    if envelope.due > 0:
        found[DUE] = repr(envelope.due)
    if envelope.works:
        found[WORKS] = "1"
    return found


def short_key(key: str) -> str:
    """Return a key that an attribute can hold: the end of one that is too long is its hash."""
    raw = key.encode()
    if len(raw) <= LONGEST_KEY:
        return key
    tail = "~" + hashlib.sha256(raw).hexdigest()
    return raw[: LONGEST_KEY - len(tail)].decode(errors="ignore") + tail


def due_of(attributes: Mapping[str, str]) -> float:
    """Return when a message is due, in seconds since the epoch; 0 where it does not say so."""
    try:
        return float(attributes.get(DUE, 0.0))
    except ValueError:
        return 0.0


def still_early(attributes: Mapping[str, str], now: float) -> float:
    """Return for how many seconds a message is not due yet; 0 when it is.

    A timer reaches 29 days ahead, and what is due within a second is sent at once. So whoever receives a message
    waits for so long where that is a second or less, and otherwise hands it back to the timers.
    """
    return max(0.0, due_of(attributes) - now)
