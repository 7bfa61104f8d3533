"""What every conversion has: where it reads, in which encoding, and how it counts (plugin specification, 7)."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar, TextIO

from pydantic import Field

from tiercel.errors import TaskError
from tiercel.model.plugin import Outputs, Rendered
from tiercel.ports import Metric, RunContext
from tiercel.tasks import records
from tiercel.tasks.base import CountedFile, RunnableTask

BOM = "\ufeff"


class Conversion(RunnableTask):
    """A task that makes one file of another."""

    gives: ClassVar[type[Outputs]] = CountedFile

    from_: Rendered[str] = Field(alias="from")
    """The URI of the file to convert."""
    charset: Rendered[str] = "UTF-8"
    """The encoding of the text that is read or written."""

    @property
    def codec(self) -> str:
        """Return Python's name of the encoding, or raise TaskError where there is none."""
        try:
            return codecs.lookup(self.charset).name
        except LookupError:
            raise TaskError(
                f"charset is '{self.charset}', which is unknown; wanted one such as UTF-8 or ISO-8859-1",
                retryable=False,
            ) from None

    @contextmanager
    def opened_text(self, ctx: RunContext) -> Iterator[TextIO]:
        """Open the source as text with its line ends as they are; a byte-order mark is left out.

        Raises:
            TaskError: The file is not there, or a byte of it is none of the encoding.
        """
        with ctx.open(self.from_) as source, io.TextIOWrapper(source, self.codec, newline="") as text:
            try:
                yield text
            except UnicodeDecodeError as error:
                raise TaskError(
                    f"'{self.from_}' is not {self.charset} ({error.reason} at byte {error.start}); set charset to its "
                    "encoding",
                    retryable=False,
                ) from None

    @contextmanager
    def new_text(self, path: Path) -> Iterator[TextIO]:
        """Open a file to write text into, its line ends as they are given.

        Raises:
            TaskError: A character cannot be written in the encoding.
        """
        with path.open("w", encoding=self.codec, newline="") as file:
            try:
                yield file
            except UnicodeEncodeError as error:
                raise TaskError(
                    f"{error.object[error.start]!r} cannot be written as {self.charset}; set charset: UTF-8",
                    retryable=False,
                ) from None

    def rows(self, ctx: RunContext) -> Iterator[object]:
        """Yield the records of the source, which is a record file; null ones are left out."""
        return (row for row in records.read_uri(ctx, self.from_, exact=True) if row is not None)


def without_bom(lines: Iterable[str]) -> Iterator[str]:
    """Yield lines, the first one without its byte-order mark."""
    for number, line in enumerate(lines):
        yield line.removeprefix(BOM) if number == 0 else line


def told(ctx: RunContext, uri: str, size: int) -> dict[str, object]:
    """Return the outputs of a conversion, and count its records."""
    ctx.metric(Metric("records", float(size)))
    return {"uri": uri, "size": size}


def store_records(ctx: RunContext, found: Iterable[object], name: str = "records.ion") -> dict[str, object]:
    """Keep records as a record file; return `uri` and `size`."""
    return told(ctx, *records.store(ctx, found, name))


def missing(package: str, extra: str) -> TaskError:
    """Return the error of a library that is not installed."""
    return TaskError(f"the package '{package}' is not installed; run: pip install 'tiercel[{extra}]'", retryable=False)
