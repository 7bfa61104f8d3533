"""AES-256-GCM, and structures that hold encrypted texts."""

from __future__ import annotations

import base64
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiercel.encryption import ENCRYPTED, decrypt, decrypt_deep, encrypt, encrypted, generate_key, is_encrypted
from tiercel.errors import ExpressionError

KEY = "I6EGNzRESu3X3pKZidrqCGOHQFUFC0yK"
KEY = base64.b64encode(KEY.encode()).decode()


@given(st.text())
def test_a_text_comes_back(text: str) -> None:
    assert decrypt(KEY, encrypt(KEY, text)) == text


def test_the_form_is_nonce_ciphertext_and_tag_in_base64() -> None:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    data = base64.b64decode(encrypt(KEY, "hello"))
    assert len(data) == 12 + 5 + 16
    assert AESGCM(base64.b64decode(KEY)).decrypt(data[:12], data[12:], None) == b"hello"


def test_the_same_text_is_never_encrypted_alike() -> None:
    assert len({encrypt(KEY, "hello") for _ in range(50)}) == 50


def test_a_generated_key_has_32_bytes() -> None:
    assert len(base64.b64decode(generate_key())) == 32
    assert generate_key() != generate_key()


@pytest.mark.parametrize("value", ["", "hello", "aGVsbG8=", "!!!", "ä", pytest.param(encrypt(KEY, "x")[:-4], id="cut")])
def test_what_is_not_encrypted_is_refused(value: str) -> None:
    with pytest.raises(ExpressionError, match=r"not an encrypted text|changed"):
        decrypt(KEY, value)


def test_another_key_or_a_changed_value_is_refused() -> None:
    value = encrypt(KEY, "hello")
    with pytest.raises(ExpressionError, match="another key"):
        decrypt(generate_key(), value)
    data = bytearray(base64.b64decode(value))
    data[14] ^= 1
    with pytest.raises(ExpressionError, match="changed"):
        decrypt(KEY, base64.b64encode(data).decode())


@pytest.mark.parametrize("key", ["", "short", "c2hvcnQ=", "ä" * 32, base64.b64encode(b"x" * 31).decode()])
def test_a_bad_key_is_named(key: str) -> None:
    with pytest.raises(ExpressionError, match="encryption key is not Base64 of 32 bytes"):
        encrypt(key, "hello")


def test_a_structure_is_decrypted_and_its_secrets_are_told() -> None:
    told: list[str] = []
    value = {"a": encrypted(encrypt(KEY, "one")), "b": [1, {"c": encrypted(encrypt(KEY, "two"))}], "d": None}
    assert decrypt_deep(value, KEY, told.append) == {"a": "one", "b": [1, {"c": "two"}], "d": None}
    assert told == ["one", "two"]
    assert is_encrypted(value["a"])


@pytest.mark.parametrize(
    "value",
    [{}, [], "text", 1, None, {"a": [1, {"b": "c"}]}, {"type": ENCRYPTED}, {"type": ENCRYPTED, "value": 1}],
)
def test_a_structure_without_secrets_stays_the_same_object(value: object) -> None:
    assert decrypt_deep(value, None, lambda _: None) is value


def test_without_a_key_an_encrypted_value_is_refused() -> None:
    with pytest.raises(ExpressionError, match="encryption is not configured"):
        decrypt_deep({"a": encrypted(encrypt(KEY, "one"))}, None, lambda _: None)


def test_the_library_is_loaded_on_first_use() -> None:
    heavy = ("cryptography", "regex", "yaml")
    code = f"import sys, tiercel.encryption, tiercel.inputs; print(any(m in sys.modules for m in {heavy}))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "False"
