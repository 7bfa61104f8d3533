"""Functions that read data formats, and those that encrypt.

Promise: null gives null; what cannot be read raises.
"""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode

from tiercel.errors import ExpressionError
from tiercel.expressions.frame import Frame
from tiercel.expressions.routines import function_named, text_argument
from tiercel.expressions.values import ParsedList, ParsedMap, describe

_MAX_DIGITS = 400


def _integer(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise ValueError(f"a number has more than {_MAX_DIGITS} digits")
    return int(text)


def _constant(text: str) -> object:
    raise ValueError(f"{text} is no JSON value")


@function_named("fromJson", "json", parameters="json", required=1, framed=True)
def from_json(frame: Frame, text: object) -> object:
    """Return the value of a JSON text."""
    from json import loads

    if text is None or isinstance(text, ParsedMap | ParsedList):
        return text
    if not isinstance(text, str):
        raise ExpressionError(f"The function fromJson needs a string, found {describe(text)}")
    frame.budget.spend(len(text) // 32)
    try:
        value: object = loads(text, parse_int=_integer, parse_constant=_constant)
    except ValueError as error:
        raise ExpressionError(f"Invalid JSON: {error}; the text is {describe(text)}") from None
    return value


@function_named("fromIon", parameters="ion allRows", required=1, framed=True)
def from_ion(frame: Frame, text: object, all_rows: object = None) -> object:
    """Return the first value of an Ion text, or a list of all."""
    from tiercel.expressions.ion import from_ion as read

    if text is None:
        return None
    source = text_argument(text, "ion")
    frame.budget.spend(len(source) // 4)
    return read(source, all_rows=all_rows is True)


@function_named("yaml", parameters="yaml", required=1, framed=True)
def from_yaml(frame: Frame, text: object) -> object:
    """Return the value of a YAML text."""
    from tiercel.expressions.yamltext import from_yaml as read

    return None if text is None else read(text_argument(text, "yaml"), frame.budget)


def _key(key: object) -> bytes:
    try:
        decoded = b64decode(text_argument(key, "key"), validate=True)
    except (binascii.Error, ValueError):
        raise ExpressionError("The argument 'key' must be Base64") from None
    if len(decoded) not in (16, 24, 32):
        raise ExpressionError(f"The argument 'key' must hold 16, 24 or 32 bytes, found {len(decoded)}")
    return decoded


@function_named("encrypt", parameters="key plaintext", required=2, framed=True)
def encrypt(frame: Frame, key: object, plaintext: object) -> str:
    """Return a text encrypted by AES-GCM: Base64 of nonce, ciphertext and tag."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = frame.context.world.random_bytes(12)
    sealed = AESGCM(_key(key)).encrypt(nonce, text_argument(plaintext, "plaintext").encode(), None)
    return b64encode(nonce + sealed).decode()


@function_named("decrypt", parameters="key encrypted", required=2)
def decrypt(key: object, encrypted: object) -> str:
    """Return the text that `encrypt` was given."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    secret = _key(key)
    try:
        sealed = b64decode(text_argument(encrypted, "encrypted"), validate=True)
        return AESGCM(secret).decrypt(sealed[:12], sealed[12:], None).decode()
    except (binascii.Error, ValueError, InvalidTag):
        raise ExpressionError("The text cannot be decrypted: another key made it, or it is damaged") from None
