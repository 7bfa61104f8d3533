"""One frozen model per type of input: what its author may write, and what its values must satisfy.

Promise: a class is built on first use, so a flow pays only for the types it names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal, Self

from pydantic import AliasChoices, Field, field_validator, model_validator

from tiercel.model.durations import Duration, format_duration, parse_duration
from tiercel.model.input_base import InputBase, ItemType, Pattern, Text, wrong
from tiercel.model.patterns import full_match
from tiercel.model.plugin import text_of
from tiercel.model.structures import java_name
from tiercel.model.values import DateText, InstantText, TimeText, is_email, order_of


class StringInput(InputBase):
    """A text."""

    type: Literal["STRING"]
    validator: Pattern | None = None
    """A Java regular expression that the whole text must match."""

    def violation(self, value: object) -> str | None:
        """Return what the pattern says."""
        return _mismatch(self.validator, value)


class SecretInput(InputBase):
    """A text that is stored encrypted and hidden in logs."""

    type: Literal["SECRET"]
    validator: Pattern | None = None
    """A Java regular expression that the whole text must match."""

    def violation(self, value: object) -> str | None:
        """Return what the pattern says of the clear text."""
        return _mismatch(self.validator, value)


def _mismatch(pattern: str | None, value: object) -> str | None:
    if pattern is None or value is None:
        return None
    try:
        return None if full_match(pattern, text_of(value)) else f"it must match the pattern `{pattern}`"
    except ValueError as error:
        return str(error)


class _Choice(InputBase):
    """What inputs with a list of values have."""

    deprecated: ClassVar[Mapping[str, str]] = {**InputBase.deprecated, "allowInput": "write 'allowCustomValue' instead"}

    values: tuple[Text, ...] | None = None
    """The values to choose from."""
    expression: str | None = None
    """An expression that gives the list of values."""
    allow_custom_value: bool = Field(False, validation_alias=AliasChoices("allowCustomValue", "allowInput"))
    """Whether other values are taken too."""
    auto_select_first: bool = False
    """Whether the first value is the default."""

    @model_validator(mode="after")
    def _has_values(self) -> Self:
        if self.listed is None and self.expression is None and not self.allow_custom_value:
            raise wrong("it has nothing to choose from; write 'values' or 'expression'")
        return self

    @property
    def listed(self) -> tuple[str, ...] | None:
        """The values that the author listed."""
        return self.values

    @property
    def choices(self) -> tuple[str, ...]:
        """The values to choose from."""
        return self.listed or ()

    def with_values(self, listed: object) -> Self:
        """Return the input with the values that its expression gave.

        Raises:
            ValueError: It gave no list.
        """
        if not isinstance(listed, list | tuple):
            found = java_name(listed)
            raise ValueError(f"Invalid expression result. Expected a list of strings, but received {found}")
        return self.model_copy(update={"values": tuple(text_of(value) for value in listed if value is not None)})

    def _unlisted(self, value: object) -> str | None:
        if self.allow_custom_value or text_of(value) in self.choices:
            return None
        return f"it must match the values `[{', '.join(self.choices)}]`"


class SelectInput(_Choice):
    """One of a list of texts."""

    type: Literal["SELECT", "ENUM"]
    is_radio: bool = False
    """Whether forms show radio buttons."""

    def violation(self, value: object) -> str | None:
        """Return that the value is none of the list; an optional input takes any, as in Kestra."""
        return self._unlisted(value) if self.required else None


class MultiselectInput(_Choice):
    """Several of a list of texts."""

    deprecated: ClassVar[Mapping[str, str]] = {**_Choice.deprecated, "options": "write 'values' instead"}

    type: Literal["MULTISELECT"]
    item_type: ItemType = "STRING"
    """The type of each element."""
    options: tuple[Text, ...] | None = None
    """The old name of `values`."""

    @property
    def item(self) -> str | None:
        """The type of each element."""
        return self.item_type

    @property
    def listed(self) -> tuple[str, ...] | None:
        """The values that the author listed, under either name."""
        return self.options if self.values is None else self.values

    def violation(self, value: object) -> str | None:
        """Return the first element's fault."""
        if self.values is not None and self.options is not None and self.expression is None:
            return "you can't define both `values` and `options`"
        elements = value if isinstance(value, list) else []
        return next((fault for element in elements if (fault := self._unlisted(element))), None)


class IntInput(InputBase):
    """A 32-bit integer."""

    type: Literal["INT"]
    min: int | None = None
    """The least value."""
    max: int | None = None
    """The greatest value."""

    def violation(self, value: object) -> str | None:
        """Return the bound that the value breaks."""
        return _outside(value, self.min, self.max)


class FloatInput(InputBase):
    """A number."""

    type: Literal["FLOAT"]
    min: float | None = None
    """The least value."""
    max: float | None = None
    """The greatest value."""

    def violation(self, value: object) -> str | None:
        """Return the bound that the value breaks."""
        return _outside(value, self.min, self.max)


def _outside(value: object, least: float | None, greatest: float | None) -> str | None:
    assert isinstance(value, int | float)
    if least is not None and value < least:
        return f"it must be more than `{least}`"
    if greatest is not None and value > greatest:
        return f"it must be less than `{greatest}`"
    return None


class BooleanInput(InputBase):
    """True or false."""

    type: Literal["BOOLEAN", "BOOL"]


def _beyond(value: object, after: str | None, before: str | None) -> str | None:
    if after is not None and order_of(str(value)) < order_of(after):
        return f"it must be after `{after}`"
    if before is not None and order_of(str(value)) > order_of(before):
        return f"it must be before `{before}`"
    return None


class DateTimeInput(InputBase):
    """An instant."""

    type: Literal["DATETIME"]
    after: InstantText | None = None
    """The earliest value."""
    before: InstantText | None = None
    """The latest value."""

    def violation(self, value: object) -> str | None:
        """Return the bound that the value breaks."""
        return _beyond(value, self.after, self.before)


class DateInput(InputBase):
    """A date."""

    type: Literal["DATE"]
    after: DateText | None = None
    """The earliest value."""
    before: DateText | None = None
    """The latest value."""

    def violation(self, value: object) -> str | None:
        """Return the bound that the value breaks."""
        return _beyond(value, self.after, self.before)


class TimeInput(InputBase):
    """A time of day."""

    type: Literal["TIME"]
    after: TimeText | None = None
    """The earliest value."""
    before: TimeText | None = None
    """The latest value."""

    def violation(self, value: object) -> str | None:
        """Return the bound that the value breaks."""
        return _beyond(value, self.after, self.before)


class DurationInput(InputBase):
    """A duration."""

    type: Literal["DURATION"]
    min: Duration | None = None
    """The shortest value."""
    max: Duration | None = None
    """The longest value."""

    def violation(self, value: object) -> str | None:
        """Return the bound that the value breaks."""
        if self.min is not None and parse_duration(value) < self.min:
            return f"It must be more than `{format_duration(self.min)}`"
        if self.max is not None and parse_duration(value) > self.max:
            return f"It must be less than `{format_duration(self.max)}`"
        return None


class FileInput(InputBase):
    """A file, as the URI of the internal storage."""

    deprecated: ClassVar[Mapping[str, str]] = {
        **InputBase.deprecated,
        "extension": "write 'allowedFileExtensions' instead",
    }

    type: Literal["FILE"]
    extension: str | None = None
    """The old way to name the extension; not enforced."""
    allowed_file_extensions: tuple[str, ...] | None = None
    """The extensions that file names may have, such as `.csv`."""

    @field_validator("defaults")
    @classmethod
    def _only_namespace_files(cls, value: object) -> object:
        if value is not None and not (isinstance(value, str) and value.startswith("nsfile:///")):
            raise wrong("no defaults can be set for inputs of type 'FILE'; only a namespace file can: nsfile:///path")
        return value

    def violation(self, value: object) -> str | None:
        """Return that the file's name has another extension."""
        wanted = self.allowed_file_extensions or ()
        endings = tuple("." + ending.lower().lstrip(".") for ending in wanted)
        if not endings or str(value).lower().endswith(endings):
            return None
        return f"it must have one of the extensions `[{', '.join(wanted)}]`"


class JsonInput(InputBase):
    """A structure, written as JSON."""

    type: Literal["JSON"]


class YamlInput(InputBase):
    """A structure, written as YAML."""

    type: Literal["YAML"]


class UriInput(InputBase):
    """A URL."""

    type: Literal["URI"]


class EmailInput(InputBase):
    """An e-mail address, or an empty text."""

    type: Literal["EMAIL"]

    def violation(self, value: object) -> str | None:
        """Return that the text does not look like an address."""
        return None if is_email(str(value)) else "The input must be a valid email"


class ArrayInput(InputBase):
    """A list whose elements have one type."""

    type: Literal["ARRAY"]
    item_type: ItemType
    """The type of each element."""

    @property
    def item(self) -> str | None:
        """The type of each element."""
        return self.item_type
