"""Avro to records and back: `io.kestra.plugin.serdes.avro.*`."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

from pydantic import Field

from tiercel.errors import TaskError
from tiercel.model.plugin import Rendered
from tiercel.ports import RunContext
from tiercel.tasks import records
from tiercel.tasks.base import StoredFile
from tiercel.tasks.serdes.base import Conversion, missing, store_records, told
from tiercel.tasks.serdes.schemas import inferred
from tiercel.tasks.serdes.writing import TypedWriter


def _library() -> Any:
    try:
        import fastavro
    except ImportError:
        raise missing("fastavro", "avro") from None
    return fastavro


class AvroToIon(Conversion):
    """Read an Avro file into records."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return the `uri` of the record file and its `size` in rows."""
        return store_records(ctx, self._records(ctx, _library()))

    def _records(self, ctx: RunContext, fastavro: Any) -> Iterator[object]:
        with ctx.open(self.from_) as source:
            try:
                yield from fastavro.reader(source)
            except (ValueError, EOFError, IndexError, KeyError) as error:
                raise TaskError(f"'{self.from_}' is no Avro file, or is cut off ({error})", retryable=False) from error


class IonToAvro(TypedWriter):
    """Write records as an Avro file."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return the `uri` of the Avro file and its `size` in records."""
        fastavro = _library()
        schema, rows = self.typed(ctx)
        try:
            parsed = fastavro.parse_schema(schema)
        except Exception as error:  # the library's own, and KeyError where a part is missing
            raise TaskError(f"schema is none of Avro: {type(error).__name__}: {error}", retryable=False) from error
        with records.scratch(ctx, ".avro") as path:
            with path.open("wb") as file:
                writer = fastavro.write.Writer(file, parsed, codec="deflate")
                count = 0
                for row in rows:
                    writer.write(row)
                    count += 1
                writer.flush()
            return told(ctx, ctx.store(path, "records.avro"), count)


class InferAvroSchemaFromIon(Conversion):
    """Find out the schema of records."""

    gives = StoredFile

    number_of_rows_to_scan: Rendered[int] = Field(100, ge=1)
    """How many records are looked at."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return the `uri` of the schema."""
        schema = inferred(itertools.islice(self.rows(ctx), self.number_of_rows_to_scan))
        return {"uri": ctx.store(json.dumps(schema, ensure_ascii=False).encode(), "schema.avsc")}
