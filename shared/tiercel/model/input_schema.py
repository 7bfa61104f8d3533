"""The types of inputs as JSON schemas, for editors and documentation; not loaded where flows run."""

from __future__ import annotations

import ast
import inspect
import itertools
import textwrap
from typing import cast

from tiercel.model.input_base import InputBase
from tiercel.model.input_groups import INPUT_TYPES


def input_schema(kind: str) -> dict[str, object]:
    """Return the JSON schema of a type of input, each property with the description below its field."""
    model = INPUT_TYPES[kind]
    schema = model.model_json_schema()
    described: dict[str, str] = {}
    for owner in reversed(model.__mro__):
        if issubclass(owner, InputBase):
            described |= _described(owner)
    for name, field in model.model_fields.items():
        schema["properties"][field.alias or name].setdefault("description", described.get(name, ""))
    return schema


def _described(owner: type) -> dict[str, str]:
    """Return the text below each field that a class declares; read from its source, which costs too much at import."""
    body = cast("ast.ClassDef", ast.parse(textwrap.dedent(inspect.getsource(owner))).body[0]).body
    return {
        field.target.id: text.value.value
        for field, text in itertools.pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant) and isinstance(text.value.value, str)
    }
