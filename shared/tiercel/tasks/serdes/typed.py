"""From a record's values to those of a schema: texts become numbers, dates and so on, as far as they say them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from tiercel.errors import ExpressionError
from tiercel.expressions.dateparse import as_datetime, parsed
from tiercel.model.plugin import Rendered
from tiercel.tasks import records
from tiercel.tasks.jdbc.rows import zone_of
from tiercel.tasks.serdes.schemas import Schema

TRUE = ["t", "true", "enabled", "1", "on", "yes"]
FALSE = ["f", "false", "disabled", "0", "off", "no", ""]
NULL = ["", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "1.#IND", "1.#QNAN", "NA", "n/a", "nan", "null"]
DATE_FORMAT = "yyyy-MM-dd[XXX]"
TIME_FORMAT = "HH:mm[:ss][.SSSSSS][XXX]"
DATETIME_FORMAT = "yyyy-MM-dd'T'HH:mm[:ss][.SSSSSS][XXX]"


class OnBadLines(StrEnum):
    """What happens with a record that does not fit the schema."""

    ERROR = "ERROR"
    WARN = "WARN"
    SKIP = "SKIP"


class UnfitError(ValueError):
    """A value that is not of its type; the text says which."""


class Conversions(BaseModel):
    """How values become those of the schema."""

    true_values: Rendered[list[str]] = Field(default_factory=lambda: TRUE)
    """The texts that mean true."""
    false_values: Rendered[list[str]] = Field(default_factory=lambda: FALSE)
    """The texts that mean false."""
    null_values: Rendered[list[str]] = Field(default_factory=lambda: NULL)
    """The texts that mean null."""
    date_format: Rendered[str] = DATE_FORMAT
    """How a text says a date."""
    time_format: Rendered[str] = TIME_FORMAT
    """How a text says a time of day."""
    datetime_format: Rendered[str] = DATETIME_FORMAT
    """How a text says a date with a time."""
    decimal_separator: Rendered[str] = "."
    """What stands before the fraction of a number in a text."""
    strict_schema: Rendered[bool] = False
    """Whether a field that the schema does not have fails the record."""
    infer_all_fields: Rendered[bool] = False
    """Whether texts that mean true, false or null count as such when the schema is found out."""
    time_zone_id: Rendered[str | None] = None
    """The zone of times that have none; by default this machine's."""
    on_bad_lines: Rendered[OnBadLines] = OnBadLines.ERROR
    """What happens with a record that does not fit the schema."""

    def guessed(self, value: object) -> object:
        """Return a value as it counts when the schema is found out."""
        if isinstance(value, Mapping):
            return {key: self.guessed(item) for key, item in value.items()}
        if not self.infer_all_fields or not isinstance(value, str):
            return value
        if value in self.null_values:
            return None
        lower = value.lower()
        return lower in self.true_values if lower in (*self.true_values, *self.false_values) else value

    def fit(self, value: object, schema: Schema) -> Any:
        """Return a value as its schema has it.

        Raises:
            UnfitError: It is none of the type.
        """
        if isinstance(schema, list):
            return self._any_of(value, schema)
        kind = schema["type"] if isinstance(schema, Mapping) else schema
        if isinstance(kind, Mapping | list):
            return self.fit(value, kind)
        logical = schema.get("logicalType") if isinstance(schema, Mapping) else None
        if kind == "null":
            if value is None or (isinstance(value, str) and value in self.null_values):
                return None
            raise _unfit(value, "null")
        if value is None:
            raise UnfitError(f"null is not allowed, wanted {logical or kind}")
        if kind in ("record", "array", "map"):
            return getattr(self, f"_{kind}")(value, schema)
        try:
            return self._scalar(value, kind, logical, schema)
        except (ValueError, InvalidOperation, ExpressionError, OverflowError, TypeError) as error:
            if isinstance(error, UnfitError):
                raise
            raise _unfit(value, logical or kind) from None

    def _any_of(self, value: object, schemas: Sequence[Schema]) -> Any:
        if value is None and "null" in schemas:
            return None
        ordered = schemas
        if isinstance(value, str) and "string" in schemas and value not in self.null_values:
            ordered = [schema for schema in schemas if schema != "null"]
        for schema in ordered:
            try:
                return self.fit(value, schema)
            except UnfitError as error:
                last = error
        raise last

    def _record(self, value: object, schema: Mapping[str, Any]) -> dict[str, Any]:
        fields = schema["fields"]
        if isinstance(value, list):
            value = dict(zip((field["name"] for field in fields), value, strict=False))
        if not isinstance(value, Mapping):
            raise _unfit(value, "a map")
        extra = value.keys() - {field["name"] for field in fields}
        if extra and self.strict_schema:
            raise UnfitError(f"the schema has no field {sorted(extra)}")
        found = {}
        for field in fields:
            name = field["name"]
            try:
                found[name] = self.fit(value.get(name, field.get("default")), field["type"])
            except UnfitError as error:
                raise UnfitError(f"field '{name}': {error}") from None
        return found

    def _array(self, value: object, schema: Mapping[str, Any]) -> list[Any]:
        if not isinstance(value, list):
            raise _unfit(value, "a list")
        return [self.fit(item, schema["items"]) for item in value]

    def _map(self, value: object, schema: Mapping[str, Any]) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise _unfit(value, "a map")
        return {str(key): self.fit(item, schema["values"]) for key, item in value.items()}

    def _scalar(self, value: Any, kind: str, logical: str | None, schema: Schema) -> Any:
        if logical is not None and (convert := _LOGICAL.get(logical)) is not None:
            return convert(self, value, schema)
        match kind:
            case "string":
                return self._string(value)
            case "boolean":
                return self._boolean(value)
            case "int" | "long":
                return self._integer(value, 31 if kind == "int" else 63)
            case "float" | "double":
                return float(self._number(value))
            case "bytes" | "fixed":
                return value if isinstance(value, bytes) else self._string(value).encode()
            case "enum" if value in schema["symbols"]:
                return value
        raise _unfit(value, kind)

    def _string(self, value: object) -> str:
        if isinstance(value, str):
            return value
        text = records.encode(value).decode()
        return text.strip('"') if isinstance(value, date | time) else text

    def _boolean(self, value: object) -> bool:
        text = self._string(value).lower()
        if text in self.true_values:
            return True
        if text in self.false_values:
            return False
        raise _unfit(value, "boolean")

    def _number(self, value: object) -> Decimal | float:
        if isinstance(value, float):
            return value
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            return Decimal(value)
        if not isinstance(value, str):
            raise _unfit(value, "a number")
        return Decimal(value.strip().replace(self.decimal_separator, "."))

    def _integer(self, value: object, bits: int) -> int:
        number = self._number(value)
        if number != int(number) or not -(1 << bits) <= int(number) < 1 << bits:
            raise _unfit(value, f"an integer of {bits + 1} bits")
        return int(number)

    def _decimal(self, value: object, schema: Mapping[str, Any]) -> Decimal:
        number = self._number(value)
        exact = number if isinstance(number, Decimal) else Decimal(repr(number))
        fitted = exact.quantize(Decimal(1).scaleb(-schema.get("scale", 0)))
        if fitted != exact or len(fitted.as_tuple().digits) > schema["precision"]:
            raise _unfit(value, f"a decimal of {schema['precision']} digits, {schema.get('scale', 0)} after the point")
        return fitted

    def _read(self, text: str, pattern: str) -> datetime:
        return as_datetime(parsed(text, pattern, None), zone_of(self.time_zone_id))

    def _date(self, value: object, _: Schema) -> date:
        if isinstance(value, date):
            return value.date() if isinstance(value, datetime) else value
        if not isinstance(value, str):
            raise _unfit(value, "date")
        return (
            date.fromisoformat(value)
            if len(value) == 10 and self.date_format == DATE_FORMAT
            else self._read(value, self.date_format).date()
        )

    def _time(self, value: object, _: Schema) -> time:
        if isinstance(value, time):
            return value
        if not isinstance(value, str):
            raise _unfit(value, "time")
        if self.time_format == TIME_FORMAT:
            return time.fromisoformat(value).replace(tzinfo=None)
        return self._read(f"1970-01-01 {value}", f"yyyy-MM-dd {self.time_format}").time()

    def _timestamp(self, value: object, _: Schema) -> datetime:
        moment = value
        if isinstance(value, str):
            iso = self.datetime_format == DATETIME_FORMAT and "T" in value
            moment = datetime.fromisoformat(value) if iso else self._read(value, self.datetime_format)
        if not isinstance(moment, datetime):
            raise _unfit(value, "timestamp")
        placed = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone_of(self.time_zone_id))
        return placed.astimezone(UTC)

    def _local(self, value: object, _: Schema) -> datetime:
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        if not isinstance(value, datetime):
            raise _unfit(value, "timestamp")
        return value.replace(tzinfo=None)


_LOGICAL: dict[str, Any] = {
    "date": Conversions._date,
    "time-millis": Conversions._time,
    "time-micros": Conversions._time,
    "timestamp-millis": Conversions._timestamp,
    "timestamp-micros": Conversions._timestamp,
    "local-timestamp-millis": Conversions._local,
    "local-timestamp-micros": Conversions._local,
    "decimal": Conversions._decimal,
    "uuid": lambda _, value, __: UUID(value) if isinstance(value, str) else value,
}


def _unfit(value: object, wanted: str) -> UnfitError:
    return UnfitError(f"{value!r:.80} is not {wanted}")
