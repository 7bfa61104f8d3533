"""What the fields of a model and the outputs of a plugin are for: the text below each, read when somebody asks.

Never at import: reading sources costs more than importing all of them.
"""

from __future__ import annotations

import ast
import inspect
import itertools
import textwrap
from functools import cache
from typing import Any, ClassVar, cast, get_origin, get_type_hints

from pydantic import BaseModel
from pydantic.alias_generators import to_camel

from tiercel.model.plugin import Outputs, Plugin


@cache
def field_docs(model: type) -> dict[str, str]:
    """Return the text below each field of a model, or of what a plugin gives, and of its bases, by its Python name."""
    found: dict[str, str] = {}
    for owner in reversed(model.__mro__):
        if issubclass(owner, BaseModel | Outputs) and owner is not BaseModel:
            found |= _own_docs(owner)
    return found


@cache
def output_docs(plugin: type[Plugin]) -> dict[str, tuple[Any, str]]:
    """Return the type and the text of each output that a plugin says it gives, by the name that flows read."""
    gives: type = plugin.gives
    docs, hints = field_docs(gives), get_type_hints(gives, include_extras=True)
    given = {name: hint for name, hint in hints.items() if get_origin(hint) is not ClassVar}
    return {to_camel(name): (hint, docs.get(name, "")) for name, hint in given.items()}


def _own_docs(owner: type) -> dict[str, str]:
    body = cast("ast.ClassDef", ast.parse(textwrap.dedent(inspect.getsource(owner))).body[0]).body
    return {
        field.target.id: inspect.cleandoc(text.value.value)
        for field, text in itertools.pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant) and isinstance(text.value.value, str)
    }
