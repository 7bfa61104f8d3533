"""Inputs made of inputs (forms, objects, tables), the table of all types, and one value against one input."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, field_validator

from tiercel.model.input_base import Input, InputBase, wrong
from tiercel.model.input_types import (
    ArrayInput,
    BooleanInput,
    DateInput,
    DateTimeInput,
    DurationInput,
    EmailInput,
    FileInput,
    FloatInput,
    IntInput,
    JsonInput,
    MultiselectInput,
    SecretInput,
    SelectInput,
    StringInput,
    TimeInput,
    UriInput,
    YamlInput,
)
from tiercel.model.plugin import Plugin
from tiercel.model.structures import java_name
from tiercel.model.values import Convert, convert, shown


class FormInput(InputBase):
    """Inputs under one name: they stand at `inputs.<form>.<child>`."""

    type: Literal["FORM"]
    inputs: tuple[Input, ...]
    """The inputs; none of them a form."""

    @field_validator("inputs")
    @classmethod
    def _not_nested(cls, inputs: tuple[InputBase, ...]) -> tuple[InputBase, ...]:
        if not inputs:
            raise wrong("a FORM needs at least one input")
        if any(child.type == "FORM" for child in inputs):
            raise wrong("a FORM cannot hold another FORM")
        return inputs


_NO_COLUMN = frozenset({"OBJECT", "TABLE", "ARRAY", "FORM", "FILE", "SECRET", "JSON", "YAML"})


def _columns(columns: tuple[InputBase, ...]) -> tuple[InputBase, ...]:
    for column in columns:
        if column.type in _NO_COLUMN:
            raise wrong(f"property '{column.id}' cannot be of type {column.type}")
        if column.defaults is not None or column.depends_on or getattr(column, "expression", None):
            raise wrong(f"property '{column.id}' cannot have 'defaults', 'dependsOn' or 'expression'")
    return columns


def _row(columns: tuple[InputBase, ...], raw: object) -> tuple[dict[str, object], list[str]]:
    """Return an object with each property converted, and what is wrong with them."""
    if not isinstance(raw, Mapping):
        return {}, [f"an object is wanted, not {java_name(raw)}"]
    row: dict[str, object] = {}
    faults: list[str] = []
    for column in columns:
        given = raw.get(column.id)
        if given is None:
            fault = "missing required property" if column.required else None
            row[column.id] = None
        else:
            row[column.id], fault = checked(column, given)
        if fault:
            faults.append(f"property `{column.id}`: {fault}, but received `{shown(given)}`")
    return row, faults


class ObjectInput(InputBase):
    """A map whose keys have types."""

    type: Literal["OBJECT"]
    properties: tuple[Input, ...]
    """The keys."""

    _simple = field_validator("properties")(_columns)

    def typed(self, value: object) -> tuple[object, str | None]:
        """Return the object with its properties converted, and what is wrong with them."""
        row, faults = _row(self.properties, value)
        return row, "; ".join(faults) or None


class Rows(Plugin):
    """How many rows a table may have."""

    model_config = InputBase.model_config

    min: int | None = Field(None, ge=0)
    """At least so many."""
    max: int | None = Field(None, ge=1)
    """At most so many."""


class TableInput(InputBase):
    """A list of maps whose keys have types."""

    type: Literal["TABLE"]
    columns: tuple[Input, ...]
    """The keys of each row."""
    rows: Rows | None = None
    """How many rows there may be."""

    _simple = field_validator("columns")(_columns)

    def typed(self, value: object) -> tuple[object, str | None]:
        """Return the rows with their properties converted, and what is wrong with them."""
        given = value if isinstance(value, list) else []
        rows = [_row(self.columns, row) for row in given]
        faults = [f"row {number}: {fault}" for number, (_, wrongs) in enumerate(rows) for fault in wrongs]
        if self.rows and self.rows.min is not None and len(given) < self.rows.min:
            faults.append(f"it must have at least `{self.rows.min}` rows")
        if self.rows and self.rows.max is not None and len(given) > self.rows.max:
            faults.append(f"it must have at most `{self.rows.max}` rows")
        return [row for row, _ in rows], "; ".join(faults) or None


def checked(
    declared: InputBase, raw: object, special: Mapping[str, Convert] | None = None
) -> tuple[object, str | None]:
    """Return a raw value converted to an input's type, and what is wrong with it, if anything.

    Args:
        declared: The input.
        raw: What was supplied; not None.
        special: Converters that need more than the value, by type: SECRET, FILE.
    """
    try:
        value = convert(declared.type, raw, item=declared.item, special=special)
    except ValueError as error:
        return None, str(error)
    if isinstance(declared, ObjectInput | TableInput):
        return declared.typed(value)
    return value, declared.violation(value)


INPUT_TYPES: Mapping[str, type[InputBase]] = {
    "STRING": StringInput,
    "SELECT": SelectInput,
    "ENUM": SelectInput,
    "MULTISELECT": MultiselectInput,
    "INT": IntInput,
    "FLOAT": FloatInput,
    "BOOLEAN": BooleanInput,
    "BOOL": BooleanInput,
    "DATETIME": DateTimeInput,
    "DATE": DateInput,
    "TIME": TimeInput,
    "DURATION": DurationInput,
    "FILE": FileInput,
    "JSON": JsonInput,
    "YAML": YamlInput,
    "URI": UriInput,
    "EMAIL": EmailInput,
    "SECRET": SecretInput,
    "ARRAY": ArrayInput,
    "FORM": FormInput,
    "OBJECT": ObjectInput,
    "TABLE": TableInput,
}
"""The class of each type, by every name that flows may write."""

OLD_TYPES: Mapping[str, str] = {"ENUM": "SELECT", "BOOLEAN": "BOOL"}
"""Types that have a new name; flows that name them are flagged, never refused."""
