"""Records to Avro and Parquet and back, and the schema between them (plugin specification, 7.3)."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fake_context import FakeContext

from tiercel.errors import TaskError
from tiercel.model.states import Level
from tiercel.tasks.serdes.avro import AvroToIon, InferAvroSchemaFromIon, IonToAvro
from tiercel.tasks.serdes.parquet import IonToParquet, ParquetToIon

FORMS = [(IonToAvro, AvroToIon), (IonToParquet, ParquetToIon)]


@pytest.fixture
def ctx(tmp_path: Path) -> FakeContext:
    return FakeContext(tmp_path)


def put(ctx: FakeContext, *rows: object) -> str:
    return ctx.put("in.ion", "".join(json.dumps(row) + "\n" for row in rows))


def lines(ctx: FakeContext, uri: object) -> list[Any]:
    return [json.loads(line) for line in ctx.content(uri).decode().splitlines()]


def schema(**fields: object) -> str:
    return json.dumps(
        {"type": "record", "name": "r", "fields": [{"name": name, "type": kind} for name, kind in fields.items()]}
    )


@pytest.mark.parametrize(("writer", "reader"), FORMS)
def test_records_come_back_with_a_schema_that_was_found_out(ctx: FakeContext, writer: Any, reader: Any) -> None:
    rows: list[dict[str, Any]] = [
        {"a": None, "n": 1, "t": "x", "b": True, "m": {"k": None}, "l": [], "x": 1},
        {"a": 5, "n": 1.5, "t": None, "b": None, "m": {"k": "v"}, "l": [1, 2], "x": "y"},
    ]
    outputs = ctx.run(writer, **{"from": put(ctx, *rows)})
    assert outputs["size"] == 2
    assert lines(ctx, ctx.run(reader, **{"from": outputs["uri"]})["uri"]) == [{**rows[0], "x": "1"}, rows[1]]


def test_the_schema_that_is_found_out_can_be_had(ctx: FakeContext) -> None:
    uri = ctx.run(
        InferAvroSchemaFromIon, **{"from": put(ctx, {"a": None}, {"a": 1, "b": [1.5]}), "numberOfRowsToScan": 2}
    )
    found = json.loads(ctx.content(uri["uri"]))
    assert {field["name"]: field["type"] for field in found["fields"]} == {
        "a": ["null", "long"],
        "b": ["null", {"type": "array", "items": ["null", "double"]}],
    }


GIVEN = schema(
    id="int",
    price={"type": "bytes", "logicalType": "decimal", "precision": 6, "scale": 2},
    day={"type": "int", "logicalType": "date"},
    at={"type": "long", "logicalType": "timestamp-millis"},
    tod={"type": "long", "logicalType": "time-micros"},
    ok=["null", "boolean"],
    note=["null", "string"],
    tags={"type": "map", "values": "long"},
)
TEXTS = {
    "id": "7",
    "price": "1.50",
    "day": "2024-01-02",
    "at": "2024-01-02T03:04:05",
    "tod": "03:04:05",
    "ok": "yes",
    "note": "n/a",
    "tags": {"k": 1},
    "more": "dropped",
}


def test_texts_become_the_values_of_an_avro_schema(ctx: FakeContext) -> None:
    uri = ctx.run(IonToAvro, **{"from": put(ctx, TEXTS), "schema": GIVEN, "timeZoneId": "Europe/Berlin"})["uri"]
    (row,) = fastavro.reader(io.BytesIO(ctx.content(uri)))
    assert row == {
        "id": 7,
        "price": Decimal("1.50"),
        "day": date(2024, 1, 2),
        "at": datetime(2024, 1, 2, 2, 4, 5, tzinfo=UTC),
        "tod": time(3, 4, 5),
        "ok": True,
        "note": None,
        "tags": {"k": 1},
    }


def test_texts_become_the_values_of_a_parquet_schema(ctx: FakeContext) -> None:
    outputs = ctx.run(IonToParquet, **{"from": put(ctx, TEXTS), "schema": GIVEN, "timeZoneId": "UTC"})
    table = pq.read_table(io.BytesIO(ctx.content(outputs["uri"])))
    assert table.schema.field("price").type == pa.decimal128(6, 2)
    assert table.schema.field("day").type == pa.date32()
    assert not table.schema.field("id").nullable
    back = lines(ctx, ctx.run(ParquetToIon, **{"from": outputs["uri"]})["uri"])
    assert back == [
        {
            "id": 7,
            "price": 1.5,
            "day": "2024-01-02",
            "at": "2024-01-02T03:04:05Z",
            "tod": "03:04:05",
            "ok": True,
            "note": None,
            "tags": {"k": 1},
        }
    ]


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        ("int", 2**31, "field 'a': 2147483648 is not an integer of 32 bits"),
        ("int", 1.5, "is not an integer"),
        ("int", True, "is not a number"),
        ("boolean", "maybe", "'maybe' is not boolean"),
        ("string", None, "null is not allowed, wanted string"),
        ({"type": "int", "logicalType": "date"}, "soon", "'soon' is not date"),
        ({"type": "bytes", "logicalType": "decimal", "precision": 3, "scale": 1}, "1.25", "not a decimal of 3 digits"),
        ({"type": "enum", "name": "e", "symbols": ["A"]}, "B", "'B' is not enum"),
        ({"type": "array", "items": "int"}, "x", "'x' is not a list"),
        (["null", "int"], "x", "'x' is not int"),
    ],
)
def test_a_record_that_does_not_fit_is_named(ctx: FakeContext, kind: object, value: object, message: str) -> None:
    given = {"from": put(ctx, {"a": value}), "schema": schema(a=kind)}
    with pytest.raises(TaskError, match=f"record 1 of .* does not fit the schema: .*{message}.*onBadLines"):
        ctx.run(IonToAvro, **given)
    assert ctx.run(IonToAvro, **given, onBadLines="WARN")["size"] == 0
    assert len(ctx.messages(Level.WARN)) == 1


def test_a_strict_schema_takes_no_other_field(ctx: FakeContext) -> None:
    with pytest.raises(TaskError, match=r"the schema has no field \['b'\]"):
        ctx.run(IonToAvro, **{"from": put(ctx, {"a": 1, "b": 2}), "schema": schema(a="int"), "strictSchema": True})


def test_formats_and_words_of_ones_own(ctx: FakeContext) -> None:
    kinds = schema(d={"type": "int", "logicalType": "date"}, n="double", b="boolean")
    row = {"d": "02.01.2024", "n": "1,5", "b": "ja"}
    words = {"dateFormat": "dd.MM.yyyy", "decimalSeparator": ",", "trueValues": ["ja"]}
    uri = ctx.run(IonToAvro, **{"from": put(ctx, row), "schema": kinds, **words})["uri"]
    assert list(fastavro.reader(io.BytesIO(ctx.content(uri)))) == [{"d": date(2024, 1, 2), "n": 1.5, "b": True}]


def test_texts_count_as_what_they_say_on_demand(ctx: FakeContext) -> None:
    uri = ctx.run(IonToAvro, **{"from": put(ctx, {"a": "yes", "b": "NA", "c": "x"}), "inferAllFields": True})["uri"]
    assert list(fastavro.reader(io.BytesIO(ctx.content(uri)))) == [{"a": True, "b": None, "c": "x"}]


@pytest.mark.parametrize("codec", ["UNCOMPRESSED", "SNAPPY", "GZIP", "ZSTD"])
def test_parquet_is_compressed_as_asked_for(ctx: FakeContext, codec: str) -> None:
    uri = ctx.run(IonToParquet, **{"from": put(ctx, {"a": 1}), "compressionCodec": codec})["uri"]
    column = pq.ParquetFile(io.BytesIO(ctx.content(uri))).metadata.row_group(0).column(0)
    assert column.compression == codec


@pytest.mark.parametrize(("writer", "reader"), FORMS)
def test_what_cannot_be_read_says_why(ctx: FakeContext, writer: Any, reader: Any) -> None:
    with pytest.raises(TaskError, match=r"is no (Avro|Parquet) file"):
        ctx.run(reader, **{"from": ctx.put("x", b"nothing of the kind")})
    with pytest.raises(TaskError, match="schema is not JSON"):
        ctx.run(writer, **{"from": put(ctx, {"a": 1}), "schema": "{"})
    with pytest.raises(TaskError, match="schema is not that of a record"):
        ctx.run(writer, **{"from": put(ctx, {"a": 1}), "schema": '"int"'})
    with pytest.raises(TaskError, match=r"record 1 is \[1\]; wanted a map, or a schema"):
        ctx.run(writer, **{"from": put(ctx, [1])})


@pytest.mark.parametrize(("writer", "reader"), FORMS)
def test_no_records_make_a_file_without_rows(ctx: FakeContext, writer: Any, reader: Any) -> None:
    outputs = ctx.run(writer, **{"from": put(ctx)})
    assert ctx.run(reader, **{"from": outputs["uri"]})["size"] == outputs["size"] == 0
