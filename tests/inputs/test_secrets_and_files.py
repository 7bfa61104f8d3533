"""Secrets, files, and the outputs of flows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from made_up import KEY, LOCAL, evaluate, faults, render, resolve

from tiercel.encryption import decrypt, encrypted
from tiercel.errors import InputError, TransientError
from tiercel.inputs import Means, convert_output
from tiercel.model.inputs import FlowOutput


def test_a_secret_is_stored_encrypted_and_stays_so() -> None:
    secret = {"id": "s", "type": "SECRET"}
    stored = resolve(secret, s="hidden")["s"]
    assert isinstance(stored, dict)
    assert set(stored) == {"type", "value"}
    assert decrypt(KEY, str(stored["value"])) == "hidden"
    assert resolve(secret, s=stored) == {"s": stored}
    assert "hidden" not in json.dumps(resolve({"id": "s", "type": "ARRAY", "itemType": "SECRET"}, s=["hidden"]))


def test_without_a_key_a_secret_is_refused() -> None:
    found = faults({"id": "s", "type": "SECRET"}, s="hidden", means=Means(evaluate, render))
    assert "Unable to use a `SECRET` input/output as encryption is not configured" in found[0]
    assert "hidden" not in found[0]


def test_a_local_file_is_stored_only_where_that_is_allowed(tmp_path: Path) -> None:
    path = tmp_path / "hello there.txt"
    path.write_text("hello")
    file = {"id": "f", "type": "FILE"}
    stored = {"f": "kestra:///run/inputs/f/hello there.txt"}
    assert resolve(file, f=str(path), means=LOCAL) == stored
    assert resolve(file, f=path.as_uri(), means=LOCAL) == stored
    assert resolve(file, f=path) == stored
    assert "a file is wanted: an upload, or the kestra:/// URI of one" in faults(file, f=str(path))[0]
    assert "there is no file" in faults(file, f=str(tmp_path / "nope"), means=LOCAL)[0]
    bad: object
    for bad in ("", "\0", "x" * 5000, "http://host/a", [], 5, str(tmp_path)):
        assert faults(file, f=bad, means=LOCAL)


def test_a_file_that_cannot_be_kept_is_a_reason_and_a_busy_store_is_not(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("")

    def broken(_: str, __: Path) -> str:
        raise PermissionError("no")

    def busy(_: str, __: Path) -> str:
        raise TransientError("later")

    file = {"id": "f", "type": "FILE"}
    assert "the file cannot be read: no" in faults(file, f=path, means=Means(evaluate, render, store_file=broken))[0]
    with pytest.raises(TransientError):
        resolve(file, f=path, means=Means(evaluate, render, store_file=busy))


def output(kind: str | None, **more: object) -> FlowOutput:
    return FlowOutput.model_validate({"id": "o", "value": "", **({"type": kind} if kind else {}), **more})


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        ("INT", "42", 42),
        ("FLOAT", "0.5", 0.5),
        ("BOOLEAN", "true", True),
        ("JSON", '{"a":[1,2]}', {"a": [1, 2]}),
        ("STRING", {"value": "x"}, '{"value":"x"}'),
        ("STRING", 3, "3"),
        ("STRING", True, "true"),
        ("STRING", None, None),
        ("ARRAY", ["1", 2], ["1", 2]),
        ("FILE", "kestra:///a", "kestra:///a"),
        (None, {"a": (1,)}, {"a": [1]}),
    ],
)
def test_outputs_are_converted(kind: str | None, raw: object, value: object) -> None:
    assert convert_output(output(kind), raw) == value


def test_outputs_that_are_wrong_are_refused_and_optional_ones_may_be_null() -> None:
    with pytest.raises(InputError, match=r"^Invalid output for `o`, Expected `INT` but received `x` with .*`x`$"):
        convert_output(output("INT"), "x")
    with pytest.raises(InputError, match="Expected `INT` but received `null`"):
        convert_output(output("INT"), None)
    assert convert_output(output("INT", required=False), None) is None


def test_a_secret_output_is_encrypted() -> None:
    with pytest.raises(InputError, match="encryption is not configured") as caught:
        convert_output(output("SECRET"), "hidden")
    assert "hidden" not in str(caught.value)
    means = Means(evaluate, render, encrypt=lambda text: f"<{text}>")
    assert convert_output(output("SECRET"), "hidden", means) == encrypted("<hidden>")
