"""Where secrets and `envs` come from, and the clock."""

from __future__ import annotations

import base64
from datetime import UTC, timedelta
from pathlib import Path

import pytest

from tiercel.adapters.local.clock import SystemClock
from tiercel.adapters.local.secrets import EnvironmentSecrets, envs, parse, read_environment
from tiercel.errors import ExpressionError, TiercelError


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_a_secret_is_found_in_any_case() -> None:
    secrets = EnvironmentSecrets({"SECRET_MY_KEY": encoded("value ü"), "secret_other": encoded("2"), "OTHER": "x"})
    assert [secrets.get(name) for name in ("my_key", "MY_KEY", "My_Key")] == ["value ü"] * 3
    assert secrets.get("OTHER") == "2"
    assert secrets.names() == ["MY_KEY", "OTHER"]


@pytest.mark.parametrize("value", ["dmFsdWU=", "dmFsdWU", "dmFs\ndWU=\n", " dmFsdWU= "])
def test_line_breaks_and_missing_padding_do_no_harm(value: str) -> None:
    assert EnvironmentSecrets({"SECRET_K": value}).get("k") == "value"


def test_a_missing_secret_is_named() -> None:
    with pytest.raises(ExpressionError, match=r"^Cannot find secret for key 'my_key'\.$"):
        EnvironmentSecrets({}).get("my_key")


@pytest.mark.parametrize("value", ["not base64!", "a", "gIGC"])
def test_a_secret_that_is_not_base64_is_named_without_its_value(value: str) -> None:
    with pytest.raises(ExpressionError, match="'k' is not Base64 text: set SECRET_K") as raised:
        EnvironmentSecrets({"SECRET_K": value}).get("k")
    assert value + " " not in str(raised.value)
    assert raised.value.__cause__ is None


def test_a_file_of_variables_is_read() -> None:
    text = """
    # a comment
    PLAIN=value
    export EXPORTED = spaced value  # a comment
    SINGLE='a # b \\n "c"'
    DOUBLE="a # b \\n \\"c\\" \\\\ $x" # a comment
    EMPTY=
    HASH=a#b
    EQUALS=dmFsdWU=
    """
    assert parse(text) == {
        "PLAIN": "value",
        "EXPORTED": "spaced value",
        "SINGLE": 'a # b \\n "c"',
        "DOUBLE": 'a # b \n "c" \\ $x',
        "EMPTY": "",
        "HASH": "a#b",
        "EQUALS": "dmFsdWU=",
    }


@pytest.mark.parametrize("line", ["no equals sign: hunter2", "=hunter2", "1A=hunter2"])
def test_a_line_that_is_none_is_named_by_number_only(line: str) -> None:
    with pytest.raises(TiercelError, match=r"^the/\.env:2: expected NAME=value") as raised:
        parse(f"A=1\n{line}\n", "the/.env")
    assert "hunter2" not in str(raised.value)


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_environment(tmp_path, {"A": "1"}) == {"A": "1"}
    (tmp_path / ".env").write_text("\ufeffA=file\nB=file\n", "utf-8")
    assert read_environment(tmp_path, {"A": "1"}) == {"A": "1", "B": "file"}
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("A", "process")
    found = read_environment()
    assert (found["A"], found["B"]) == ("process", "file")


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"A=\xff\xfe")
    with pytest.raises(TiercelError, match=r"\.env cannot be read"):
        read_environment(tmp_path, {})


def test_envs_are_the_prefixed_variables_in_lower_case() -> None:
    environment = {"ENV_MY_VAR": "env", "KESTRA_MY_VAR": "kestra", "KESTRA_ONLY": "k", "ENV_": "x", "HOME": "/"}
    assert envs(environment) == {"my_var": "env", "only": "k"}


def test_the_clock_shows_utc() -> None:
    first, second = SystemClock().now(), SystemClock().now()
    assert first.tzinfo is UTC
    assert timedelta(0) <= second - first < timedelta(seconds=5)
