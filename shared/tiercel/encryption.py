"""AES-256-GCM for secrets at rest (flow specification, 10.6).

Promise: the same text is never encrypted to the same value twice; what was changed on the way does not decrypt. The
form is Base64 of 12 random bytes, the ciphertext and the tag. `cryptography` is loaded on first use.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from tiercel.errors import ExpressionError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ENCRYPTED = "io.kestra.datatype:aes_encrypted"
"""The `type` of a map that stands for an encrypted text."""
_NONCE = 12
_TAG = 16


def generate_key() -> str:
    """Return a new random key, as Base64 of 32 bytes."""
    return base64.b64encode(os.urandom(32)).decode()


def encrypt(key: str, text: str) -> str:
    """Return a text encrypted with a Base64 key.

    Raises:
        ExpressionError: The key is not one.
    """
    nonce = os.urandom(_NONCE)
    return base64.b64encode(nonce + _cipher(key).encrypt(nonce, text.encode(), None)).decode()


def decrypt(key: str, value: str) -> str:
    """Return the text that `encrypt` made the value of.

    Raises:
        ExpressionError: The value was encrypted with another key, was changed, or is none.
    """
    from cryptography.exceptions import InvalidTag

    cipher = _cipher(key)
    try:
        data = base64.b64decode(value, validate=True)
        if len(data) < _NONCE + _TAG:
            raise ValueError("too short")
        return cipher.decrypt(data[:_NONCE], data[_NONCE:], None).decode()
    except InvalidTag:
        raise ExpressionError("encrypted with another key, or changed since; use the key it was made with") from None
    except ValueError:
        raise ExpressionError("the value is not an encrypted text; encrypt() and SECRET inputs make them") from None


@lru_cache(maxsize=8)
def _cipher(key: str) -> AESGCM:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return AESGCM(base64.b64decode(key.strip(), validate=True))
    except (ValueError, binascii.Error):
        raise ExpressionError(
            "the encryption key is not Base64 of 32 bytes; openssl rand -base64 32 makes one"
        ) from None


def encrypted(value: str) -> dict[str, str]:
    """Return the map that stands for an encrypted text in inputs and outputs."""
    return {"type": ENCRYPTED, "value": value}


def is_encrypted(value: object) -> bool:
    """Tell whether a value is such a map."""
    return isinstance(value, Mapping) and value.get("type") == ENCRYPTED and isinstance(value.get("value"), str)


def decrypt_deep(value: object, key: str | None, on_secret: Callable[[str], None]) -> object:
    """Return a structure with its encrypted maps replaced by their texts; the same object where it holds none.

    Args:
        value: The structure; it is not changed.
        key: The key, or None where encryption is not configured.
        on_secret: Told each text, for masking.

    Raises:
        ExpressionError: An encrypted value is there, and the key is missing or another.
    """
    if isinstance(value, Mapping):
        if is_encrypted(value):
            return _reveal(str(value["value"]), key, on_secret)
        items = {name: decrypt_deep(item, key, on_secret) for name, item in value.items()}
        return items if any(items[name] is not item for name, item in value.items()) else value
    if isinstance(value, list):
        elements = [decrypt_deep(element, key, on_secret) for element in value]
        return elements if any(new is not old for new, old in zip(elements, value, strict=True)) else value
    return value


def _reveal(value: str, key: str | None, on_secret: Callable[[str], None]) -> str:
    if key is None:
        raise ExpressionError("a value is encrypted, and encryption is not configured; set the key it was made with")
    text = decrypt(key, value)
    on_secret(text)
    return text
