"""JSON to records and back: `io.kestra.plugin.serdes.json.*`. Record files are JSON Lines already; rows are checked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

from tiercel.errors import TaskError
from tiercel.model.plugin import Rendered
from tiercel.ports import RunContext
from tiercel.tasks import records
from tiercel.tasks.serdes.base import BOM, Conversion, store_records, told, without_bom


class JsonToIon(Conversion):
    """Read JSON into records."""

    new_line: Rendered[bool] = True
    """Whether each line is a document; otherwise the file is one, and an array is a record for each element."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return the `uri` of the record file and its `size` in rows."""
        return store_records(ctx, self._lines(ctx) if self.new_line else documents(self, ctx))

    def _lines(self, ctx: RunContext) -> Iterator[object]:
        with self.opened_text(ctx) as text:
            for number, line in enumerate(without_bom(text), 1):
                if line.strip():
                    yield decoded(
                        line, f"line {number} of '{self.from_}'", "; set newLine: false if it is one document"
                    )


class JsonToJsonl(Conversion):
    """Write the elements of a JSON array as one document a line."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return the `uri` of the new file and its `size` in lines."""
        return store_records(ctx, documents(self, ctx), "records.jsonl")


class IonToJson(Conversion):
    """Write records as JSON."""

    new_line: Rendered[bool] = True
    """Whether each record is a line; otherwise the file is one array, or the record itself where there is but one."""
    time_zone_id: Rendered[str | None] = None
    """Accepted for flows that have it; times are written as they are."""
    should_keep_annotations: Rendered[bool] = False
    """Accepted for flows that have it; record files hold no annotations."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return the `uri` of the new file and its `size` in records."""
        with records.scratch(ctx, ".json") as path:
            with self.new_text(path) as file:
                texts = (records.encode(row).decode() for row in self.rows(ctx))
                count = _write_lines(texts, file) if self.new_line else _write_document(texts, file)
            return told(ctx, ctx.store(path, "records.jsonl" if self.new_line else "records.json"), count)


def _write_lines(texts: Iterator[str], file: TextIO) -> int:
    count = 0
    for count, text in enumerate(texts, 1):  # noqa: B007 - returned
        file.write(text + "\n")
    return count


def _write_document(texts: Iterator[str], file: TextIO) -> int:
    """Write the only record by itself, or all as an array; nothing is held but one record."""
    first, second = next(texts, None), next(texts, None)
    if first is None or second is None:
        file.write("[]" if first is None else first)
        return int(first is not None)
    file.write(f"[{first},{second}")
    count = 2
    for text in texts:
        file.write("," + text)
        count += 1
    file.write("]")
    return count


def documents(task: Conversion, ctx: RunContext) -> Iterator[object]:
    """Yield the elements of a file that is one JSON array, or the document that it is; it is held whole."""
    with task.opened_text(ctx) as text:
        whole = text.read().removeprefix(BOM)
    if not whole.strip():
        return
    found = decoded(whole, f"'{task.from_}'", "; set newLine: true if each line is a document")
    yield from found if isinstance(found, list) else [found]


def decoded(text: str, place: str, remedy: str) -> object:
    """Return the value of a JSON text, its decimals exact.

    Raises:
        TaskError: It is none; the text names the place.
    """
    try:
        return records.decode(text)
    except ValueError as error:
        raise TaskError(f"{place} is not JSON ({error}){remedy}", retryable=False) from None
