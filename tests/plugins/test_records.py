"""Record files: what is written, and what is read."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from uuid import UUID

import pytest
from fake_context import FakeContext

from tiercel.errors import TaskError
from tiercel.tasks import records


class Colour(StrEnum):
    RED = "RED"


@pytest.mark.parametrize(
    ("value", "line"),
    [
        (Decimal("1.50"), "1.50"),
        (Decimal("0.00000001"), "0.00000001"),
        (Decimal("1E+3"), "1000"),
        (10**25, "10000000000000000000000000"),
        (-(2**64), "-18446744073709551616"),
        (1e300, "1e300"),
        (1.5, "1.5"),
        (float("nan"), '"NaN"'),
        (float("-inf"), '"-Infinity"'),
        (Decimal("NaN"), '"NaN"'),
        (True, "true"),
        (datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC), '"2024-01-02T03:04:05Z"'),
        (datetime(2024, 1, 2, 3, 4, 5, 123000, tzinfo=UTC), '"2024-01-02T03:04:05.123Z"'),
        (datetime(2024, 1, 2, 3, 4, 5, 123456), '"2024-01-02T03:04:05.123456"'),  # noqa: DTZ001
        (datetime(2024, 1, 2, tzinfo=timezone(timedelta(hours=2))), '"2024-01-02T00:00:00+02:00"'),
        (date(2024, 1, 2), '"2024-01-02"'),
        (time(3, 4, 5), '"03:04:05"'),
        (timedelta(days=1, seconds=3661.5), '"P1DT1H1M1.5S"'),
        (-timedelta(seconds=1), '"-P0DT0H0M1S"'),
        (b"\x00\xff", '"AP8="'),
        (memoryview(b"a"), '"YQ=="'),
        (UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
        (Colour.RED, '"RED"'),
        ((1, [Decimal("2.0")]), "[1,[2.0]]"),
        ({1: {"a": float("inf")}}, '{"1":{"a":"Infinity"}}'),
        (MappingProxyType({"a": Decimal("1.0")}), '{"a":1.0}'),
        ("a\u0085\u2028\u2029\n", '"a\\u0085\\u2028\\u2029\\n"'),
        ({"n": 10**25, "d": Decimal("1.10"), "t": time(1)}, '{"n":10000000000000000000000000,"d":1.10,"t":"01:00:00"}'),
    ],
)
def test_a_value_is_written_so(value: object, line: str) -> None:
    assert records.encode(value).decode() == line


def test_lines_end_with_a_newline_and_null_records_are_left_out() -> None:
    file = io.BytesIO()
    assert records.write([{"a": 1}, None, {"a": None}], file) == 2
    assert file.getvalue() == b'{"a":1}\n{"a":null}\n'
    assert records.write([], file) == 0


def test_a_file_of_many_blocks_is_read_as_it_was_written() -> None:
    rows = [{"n": number, "text": "ü" * 500} for number in range(5000)]
    file = io.BytesIO()
    assert records.write(iter(rows), file) == 5000
    file.seek(0)
    assert list(records.read(file)) == rows


def test_decimals_stay_exact_where_that_is_wanted() -> None:
    line = b'{"a":1.50,"b":1e3,"c":2,"d":1234567890123456789012345}\n'
    [exact] = records.read(io.BytesIO(line), exact=True)
    assert exact == {"a": Decimal("1.50"), "b": 1000.0, "c": 2, "d": 1234567890123456789012345}
    assert str(exact["a"]) == "1.50"
    assert list(records.read(io.BytesIO(line))) == [json.loads(line)]


def test_blank_lines_windows_lines_and_a_byte_order_mark_are_read_over() -> None:
    assert list(records.read(io.BytesIO(b'\xef\xbb\xbf{"a":1}\r\n\r\n{"a":2}'))) == [{"a": 1}, {"a": 2}]
    assert list(records.read(io.BytesIO(b""))) == []


def test_ion_text_is_read_from_the_first_line_that_is_no_json() -> None:
    text = b'{"a":1}\n{a:2,b:"x"}\n{\n  a: 3\n}\n'
    assert list(records.read(io.BytesIO(text))) == [{"a": 1}, {"a": 2, "b": "x"}, {"a": 3}]


def test_text_that_is_neither_names_the_line() -> None:
    with pytest.raises(TaskError, match="line 2 of the record file is not JSON"):
        list(records.read(io.BytesIO(b'{"a":1}\n{"a":\n')))


def test_binary_ion_is_refused_with_the_remedy() -> None:
    with pytest.raises(TaskError, match=r"binary Ion; wanted one JSON value a line"):
        list(records.read(io.BytesIO(records.ION_MAGIC + b"\n\x00")))


def test_a_stored_file_leaves_nothing_in_the_folder(tmp_path: Path) -> None:
    ctx = FakeContext(tmp_path)
    uri, count = records.store(ctx, ({"n": n} for n in range(3)), "rows.ion")
    assert count == 3
    assert uri.endswith("rows.ion")
    assert ctx.content(uri) == b'{"n":0}\n{"n":1}\n{"n":2}\n'
    assert os.listdir(ctx.working_dir) == []
    assert list(records.read_uri(ctx, uri)) == [{"n": 0}, {"n": 1}, {"n": 2}]


def test_a_source_that_fails_stores_nothing(tmp_path: Path) -> None:
    def rows() -> Iterator[object]:
        yield {"n": 1}
        raise TaskError("the source is gone")

    ctx = FakeContext(tmp_path)
    with pytest.raises(TaskError, match="the source is gone"):
        records.store(ctx, rows())
    assert ctx.files == {}
    assert os.listdir(ctx.working_dir) == []


def test_a_full_disk_is_an_error_that_names_the_folder(tmp_path: Path) -> None:
    def full() -> Iterator[object]:
        yield {"n": 1}
        raise OSError(28, os.strerror(28))

    ctx = FakeContext(tmp_path)
    with pytest.raises(TaskError, match=r"writing to .*work failed: No space left on device; make room"):
        records.store(ctx, full())


def test_an_output_is_plain_but_keeps_exact_decimals() -> None:
    given = {"d": Decimal("1.50"), "n": float("nan"), "t": (1, date(2024, 1, 2)), "big": 2**70, "b": b"a"}
    wanted = {"d": Decimal("1.50"), "n": "NaN", "t": [1, "2024-01-02"], "big": str(2**70), "b": "YQ=="}
    assert records.plain(given) == wanted
