"""What resolving needs, made up: an expression engine of three forms, a key, a place for files."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tiercel.encryption import encrypt, generate_key
from tiercel.errors import ExpressionError
from tiercel.inputs import InvalidInputsError, Means, resolve_inputs
from tiercel.model.inputs import InputBase, parse_inputs

KEY = generate_key()


def evaluate(text: str, variables: Mapping[str, object]) -> object:
    """Stand in for the expression engine: `{{ inputs.a.b }}`, `{{ inputs.a == 'x' }}`, JSON, else an error."""
    found = re.fullmatch(r"\{\{ ?(.*?) ?\}\}", text)
    if not found:
        return text
    name, _, wanted = found[1].partition(" == ")
    if not name.startswith("inputs."):
        try:
            return json.loads(name)
        except ValueError:
            raise ExpressionError(f"cannot render {name}") from None
    value: object = variables
    for key in name.split("."):
        if not isinstance(value, Mapping) or key not in value:
            raise ExpressionError(f"'{name}' is not defined")
        value = value[key]
    return value == json.loads(wanted) if wanted else value


def render(text: str, variables: Mapping[str, object]) -> str:
    def one(match: re.Match[str]) -> str:
        value = evaluate(match[0], variables)
        return value if isinstance(value, str) else json.dumps(value)

    return re.sub(r"\{\{.*?\}\}", one, text)


def store(identifier: str, path: Path) -> str:
    return f"kestra:///run/inputs/{identifier}/{path.name}"


MEANS = Means(evaluate, render, encrypt=lambda text: encrypt(KEY, text), store_file=store)
LOCAL = Means(evaluate, render, encrypt=lambda text: encrypt(KEY, text), store_file=store, local_paths=True)


def declare(*inputs: Mapping[str, object]) -> tuple[InputBase, ...]:
    parsed, problems = parse_inputs(list(inputs))
    assert not problems
    return parsed


def resolve(*inputs: Mapping[str, object], means: Means = MEANS, **supplied: Any) -> dict[str, object]:
    return resolve_inputs(declare(*inputs), supplied, means).values


def faults(*inputs: Mapping[str, object], means: Means = MEANS, **supplied: Any) -> list[str]:
    with pytest.raises(InvalidInputsError) as caught:
        resolve_inputs(declare(*inputs), supplied, means)
    assert str(caught.value) == "\n".join(text for _, text in caught.value.violations)
    return str(caught.value).split("\n")


A = {"id": "a", "type": "STRING"}
N = {"id": "n", "type": "INT"}


def depending(identifier: str, *names: str, condition: object = None, **more: object) -> dict[str, object]:
    depends_on: dict[str, object] = {"inputs": list(names)}
    if condition is not None:
        depends_on["condition"] = condition
    return {"id": identifier, "type": "STRING", "dependsOn": depends_on, **more}
