"""What every type of input has, and how a flow's mapping becomes the input of its type.

Promise: definition errors carry the property they are about (`validator`, `defaults`, ...).
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated, ClassVar

from pydantic import (
    AliasChoices,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializeAsAny,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from tiercel.model.patterns import compile_java
from tiercel.model.plugin import Plugin, text_of
from tiercel.model.values import TYPES

ID_PATTERN = r"^[a-zA-Z0-9][.a-zA-Z0-9_-]*$"
"""What ids of inputs and outputs look like; dots nest."""


def wrong(reason: str) -> PydanticCustomError:
    """Return an error of a definition whose text stays as it is."""
    return PydanticCustomError("definition", "{reason}", {"reason": reason})


def unknown_type(name: object, known: tuple[str, ...]) -> PydanticCustomError:
    """Return the error of a type that is not known, with the nearest that is."""
    text = text_of(name)
    near = get_close_matches(text.upper(), known, 1, 0.4) if isinstance(name, str) else []
    return wrong(f"Invalid type: {text}; {f'nearest is {near[0]}' if near else 'known are ' + ', '.join(known)}")


def _value_type(name: object) -> object:
    if name not in TYPES:
        raise unknown_type(name, TYPES)
    return name


def _item_type(name: object) -> object:
    if name == "ARRAY" or name == "MULTISELECT":
        raise wrong(f"itemType cannot be {name}")
    return _value_type(name)


ValueType = Annotated[str, BeforeValidator(_value_type)]
"""The name of a type that values can have."""
ItemType = Annotated[str, BeforeValidator(_item_type)]
"""The name of a type that the elements of a list can have."""
Text = Annotated[str, BeforeValidator(lambda value: text_of(value) if isinstance(value, bool | int | float) else value)]
"""A text; numbers and booleans become their text."""


def _pattern(value: object) -> object:
    if isinstance(value, str):
        try:
            compile_java(value)
        except ValueError as error:
            raise wrong(str(error)) from None
    return value


Pattern = Annotated[str, BeforeValidator(_pattern)]
"""A Java regular expression."""


class DependsOn(Plugin):
    """When an input is asked for."""

    model_config = ConfigDict(populate_by_name=False, defer_build=True)

    inputs: tuple[str, ...] = ()
    """The inputs whose values `condition`, `expression` and `defaults` see; all must be enabled."""
    condition: Text | None = None
    """An expression; unless it is true the input is left out."""


class InputBase(Plugin):
    """What every input has."""

    model_config = ConfigDict(populate_by_name=False, defer_build=True)
    deprecated: ClassVar[Mapping[str, str]] = {"name": "write 'id' instead"}

    id: str = Field(pattern=ID_PATTERN, validation_alias=AliasChoices("id", "name"))
    """The name; dots nest."""
    type: str
    """What values it takes."""
    description: str | None = None
    """What the input is for, as Markdown."""
    display_name: str | None = Field(None, max_length=64)
    """What forms show instead of the id."""
    required: bool = True
    """Whether there must be a value."""
    defaults: object = None
    """The value when none is supplied; rendered."""
    prefill: object = None
    """What forms show first; never used when no value is supplied."""
    depends_on: DependsOn | None = None
    """When the input is asked for."""

    @field_validator("prefill")
    @classmethod
    def _prefill_or_defaults(cls, value: object, info: ValidationInfo) -> object:
        if value is not None and info.data.get("defaults") is not None:
            raise wrong("'prefill' and 'defaults' exclude each other; keep one")
        return value

    @property
    def item(self) -> str | None:
        """The type of the elements, where values are lists of them."""
        return None

    def violation(self, value: object) -> str | None:  # noqa: ARG002 - the types look at it
        """Return what a converted value breaks, or None."""
        return None


def parse_input(value: object) -> object:
    """Return the input that a mapping of a flow describes; what is an input already stays.

    Raises:
        pydantic.ValidationError: A property is wrong; the type may be missing or unknown.
    """
    from tiercel.model.input_groups import INPUT_TYPES

    if not isinstance(value, Mapping):
        return value
    kind = value.get("type")
    if not isinstance(kind, str) or kind not in INPUT_TYPES:
        fault = InitErrorDetails(type=unknown_type(kind, tuple(INPUT_TYPES)), loc=("type",), input=kind)
        raise ValidationError.from_exception_data("input", [fault])
    return INPUT_TYPES[kind].model_validate(value)


Input = Annotated[SerializeAsAny[InputBase], BeforeValidator(parse_input)]
"""Any input, told apart by its `type`."""
