"""Parquet to records and back: `io.kestra.plugin.serdes.parquet.*`, batch by batch."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from tiercel.errors import TaskError
from tiercel.model.plugin import Rendered
from tiercel.ports import RunContext
from tiercel.tasks import records
from tiercel.tasks.serdes.base import Conversion, missing, store_records, told
from tiercel.tasks.serdes.schemas import Schema
from tiercel.tasks.serdes.writing import TypedWriter

BATCH = 10_000
"""How many rows are held at a time."""


def _libraries() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise missing("pyarrow", "parquet") from None
    return pyarrow, pyarrow.parquet


class ParquetToIon(Conversion):
    """Read a Parquet file into records."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return the `uri` of the record file and its `size` in rows."""
        return store_records(ctx, self._records(ctx))

    def _records(self, ctx: RunContext) -> Iterator[object]:
        pyarrow, parquet = _libraries()
        try:
            with parquet.ParquetFile(ctx.fetch(self.from_)) as file:
                for batch in file.iter_batches(batch_size=BATCH):
                    yield from batch.to_pylist(maps_as_pydicts="lossy")
        except pyarrow.ArrowException as error:
            raise TaskError(f"'{self.from_}' is no Parquet file ({error})", retryable=False) from error


class IonToParquet(TypedWriter):
    """Write records as a Parquet file."""

    compression_codec: Rendered[Literal["UNCOMPRESSED", "SNAPPY", "GZIP", "ZSTD"]] = "GZIP"
    """How the columns are compressed."""
    parquet_version: Rendered[Literal["V1", "V2"]] = "V2"
    """The version of the format."""
    row_group_size: Rendered[int] = 134_217_728
    """Accepted for flows that have it; a group has ten thousand rows."""
    page_size: Rendered[int] = 1_048_576
    """How many bytes a page has, about."""
    dictionary_page_size: Rendered[int] = 1_048_576
    """How many bytes the dictionary of a column may have."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return the `uri` of the Parquet file and its `size` in records."""
        pyarrow, parquet = _libraries()
        schema, rows = self.typed(ctx)
        try:
            arrow = pyarrow.schema(_fields(pyarrow, schema))
        except (KeyError, TypeError, ValueError) as error:
            raise TaskError(f"schema cannot be one of Parquet: {error}", retryable=False) from error
        count = 0
        with records.scratch(ctx, ".parquet") as path:
            with parquet.ParquetWriter(
                path,
                arrow,
                compression="NONE" if self.compression_codec == "UNCOMPRESSED" else self.compression_codec,
                version="1.0" if self.parquet_version == "V1" else "2.6",
                data_page_size=self.page_size,
                dictionary_pagesize_limit=self.dictionary_page_size,
            ) as writer:
                while batch := list(itertools.islice(rows, BATCH)):
                    writer.write_table(pyarrow.Table.from_pylist(batch, schema=arrow))
                    count += len(batch)
            return told(ctx, ctx.store(path, "records.parquet"), count)


def _fields(pa: Any, schema: Schema) -> list[Any]:
    return [pa.field(field["name"], *_kind(pa, field["type"])) for field in schema["fields"]]


def _kind(pa: Any, schema: Schema) -> tuple[Any, bool]:
    """Return the type of Arrow for a schema of Avro, and whether it may be null."""
    if isinstance(schema, list):
        real = [each for each in schema if each != "null"]
        if len(real) != 1:
            raise ValueError(f"a field has the alternatives {schema}, wanted one type and null")
        return _kind(pa, real[0])[0], "null" in schema
    kind = schema["type"] if isinstance(schema, Mapping) else schema
    if isinstance(kind, list | Mapping):
        return _kind(pa, kind)
    if kind == "record":
        return pa.struct(_fields(pa, schema)), False
    if kind == "array":
        return pa.list_(pa.field("element", *_kind(pa, schema["items"]))), False
    if kind == "map":
        return pa.map_(pa.string(), _kind(pa, schema["values"])[0]), False
    logical = schema.get("logicalType") if isinstance(schema, Mapping) else None
    return _scalar(pa, kind, logical, schema), False


def _scalar(pa: Any, kind: str, logical: str | None, schema: Schema) -> Any:
    if logical == "decimal":
        return pa.decimal128(schema["precision"], schema.get("scale", 0))
    logicals = {
        "date": pa.date32(),
        "time-millis": pa.time32("ms"),
        "time-micros": pa.time64("us"),
        "timestamp-millis": pa.timestamp("ms", tz="UTC"),
        "timestamp-micros": pa.timestamp("us", tz="UTC"),
        "local-timestamp-millis": pa.timestamp("ms"),
        "local-timestamp-micros": pa.timestamp("us"),
    }
    kinds = {
        "boolean": pa.bool_(),
        "int": pa.int32(),
        "long": pa.int64(),
        "float": pa.float32(),
        "double": pa.float64(),
        "string": pa.string(),
        "enum": pa.string(),
        "bytes": pa.binary(),
        "fixed": pa.binary(),
    }
    if logical == "uuid" and kind == "string":
        return pa.string()
    return logicals[logical] if logical in logicals else kinds[kind]
