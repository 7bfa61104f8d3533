"""Named parameters: `:name` in SQL becomes the driver's own placeholder.

Promise: nothing inside texts, quoted names and comments is touched, nor `::casts` and `:=`; without parameters the
SQL stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from tiercel.errors import TaskError
from tiercel.tasks.jdbc.statements import Dialect, Kind, pieces

_NAME = re.compile(r"::+|:=|(?<!\w):([^\W\d]\w*)")
_SLICE = "[])'\""
"""Before a colon these make it a slice or the value of a key, so that an unknown name there is no parameter."""


def place(
    sql: str, parameters: Mapping[str, Any], dialect: Dialect, placeholder: Callable[[int], str]
) -> tuple[str, list[Any]]:
    """Return the SQL with placeholders, and the value of each in its order.

    Args:
        sql: One statement or several.
        parameters: The values by name.
        dialect: What the database quotes with.
        placeholder: Returns the driver's placeholder for the how-manieth value, counted from 1.

    Raises:
        TaskError: The SQL names a parameter that has no value.
    """
    if not parameters:
        return sql, []
    parts: list[str] = []
    values: list[Any] = []
    position = 0
    for piece in pieces(sql, dialect):
        if piece.kind is not Kind.CODE:
            continue
        for match in _NAME.finditer(sql, piece.start, piece.end):
            name = match.group(1)
            if name is None or not _is_known(sql, match.start(), name, parameters):
                continue
            values.append(parameters[name])
            parts += (sql[position : match.start()], placeholder(len(values)))
            position = match.end()
    return "".join((*parts, sql[position:])), values


def _is_known(sql: str, start: int, name: str, parameters: Mapping[str, Any]) -> bool:
    if name in parameters:
        return True
    if sql[start - 1 : start] in tuple(_SLICE):
        return False
    names = ", ".join(sorted(parameters))
    line = sql.count("\n", 0, start) + 1
    raise TaskError(
        f"the parameter ':{name}' in line {line} of sql has no value; parameters has {names}", retryable=False
    )


def place_questions(sql: str, dialect: Dialect) -> str:
    """Return SQL whose `?` are numbered as PostgreSQL wants them; `??` stands for the operator `?`."""
    parts: list[str] = []
    position = count = 0
    for piece in pieces(sql, dialect):
        if piece.kind is not Kind.CODE:
            continue
        for match in re.compile(r"\?\??").finditer(sql, piece.start, piece.end):
            count += match.group() == "?"
            parts += (sql[position : match.start()], f"${count}" if match.group() == "?" else "?")
            position = match.end()
    return "".join((*parts, sql[position:]))
