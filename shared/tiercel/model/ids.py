"""Ids: derived from what caused them, never random inside the engine; 22 characters of base 62, unguessable."""

from __future__ import annotations

import hashlib
import secrets

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LENGTH = 22
"""62^22 is just above 2^128: as many characters as 128 bits take."""


def _base62(number: int) -> str:
    digits = []
    for _ in range(_LENGTH):
        number, digit = divmod(number, 62)
        digits.append(_DIGITS[digit])
    return "".join(digits)


def derived_id(*cause: object) -> str:
    """Return the id that belongs to a cause: the same parts give the same id, on every machine."""
    text = "\x1f".join(map(str, cause)).encode()
    return _base62(int.from_bytes(hashlib.blake2b(text, digest_size=16).digest()))


def fresh_id() -> str:
    """Return a new unguessable id, for an execution that a person starts."""
    return _base62(int.from_bytes(secrets.token_bytes(16)))
