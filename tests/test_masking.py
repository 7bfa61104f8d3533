"""Secrets in log lines."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiercel.masking import Mask


def test_without_secrets_a_line_is_the_same_object() -> None:
    line = "nothing to hide"
    assert Mask()(line) is line
    assert not Mask()


@pytest.mark.parametrize(
    ("secrets", "line", "masked"),
    [
        (["password"], "This is my secret: password", "This is my secret: ********"),
        (["password1"], "my password1 and password1", "my **masked* and *********"),
        (["a-long-password"], "a-long-password", "**masked*******"),
        (["pass", "password"], "password", "********"),
        (["abcd", "cdef"], "-abcdef-", "-******-"),
        (["aXa"], "aXaXa", "*****"),
        (["12345", "6789"], "123456789", "**masked*"),
        (["x"], "no such letter", "no such letter"),
        ([""], "empty", "empty"),
        (["secret"], "", ""),
        (["pässwörd"], "=pässwörd=", "=********="),
        (['say "hi"'], '{"a":"say \\"hi\\""}', '{"a":"**masked**"}'),
        (["tab\there"], "the tab\\there", "the **masked*"),
    ],
)
def test_each_character_becomes_a_star_and_nine_read_masked(secrets: list[str], line: str, masked: str) -> None:
    assert Mask(secrets)(line) == masked


def test_a_secret_is_masked_as_base64_too() -> None:
    assert "cGFzc3dvcmQ=" not in Mask(["password"])("header: " + base64.b64encode(b"password").decode())


def test_the_lines_of_a_long_secret_are_masked_one_by_one() -> None:
    mask = Mask(["-----BEGIN KEY-----\nMIIEvQIBADANBg\nshort\n"])
    assert mask("MIIEvQIBADANBg") == "**masked******"
    assert mask("short") == "short"


def test_a_secret_added_later_is_masked_from_then_on() -> None:
    mask = Mask()
    assert mask("later") == "later"
    mask.add("later")
    mask.add("later")
    mask.add(None)
    assert mask("later") == "*****"
    assert mask


@given(st.lists(st.text("abc*", min_size=1, max_size=4), max_size=4), st.text("abc* ", max_size=30))
def test_no_secret_is_left_and_the_length_stays(secrets: list[str], line: str) -> None:
    masked = Mask(secrets)(line)
    assert len(masked) == len(line)
    covered = {
        place
        for secret in secrets
        for start in range(len(line))
        if line.startswith(secret, start)
        for place in range(start, start + len(secret))
    }
    stars = masked.replace("**masked*", "*********")
    assert all(stars[place] == "*" for place in covered)
    assert all(stars[place] == line[place] for place in range(len(line)) if place not in covered)
