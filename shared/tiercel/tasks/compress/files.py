"""One file, compressed or not: `io.kestra.plugin.compress.FileCompress` and `FileDecompress`."""

from __future__ import annotations

import shutil
from pathlib import PurePosixPath

from pydantic import Field

from tiercel.model.plugin import Rendered
from tiercel.ports import RunContext
from tiercel.tasks import records
from tiercel.tasks.base import RunnableTask, StoredFile
from tiercel.tasks.compress.limits import Meter
from tiercel.tasks.compress.streams import BLOCK, ENDINGS, Compression, explained, reading, writing


class FileTask(RunnableTask):
    """Which file, and how it is compressed."""

    gives = StoredFile

    compression: Rendered[Compression]
    """How the file is compressed: GZIP, BZIP2, XZ, LZMA, DEFLATE or ZSTD."""
    from_: Rendered[str] = Field(alias="from")
    """The URI of the file."""


class FileCompress(FileTask):
    """Compress a file."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return the `uri` of the compressed file."""
        with records.scratch(ctx) as path:
            with (
                path.open("wb") as sink,
                ctx.open(self.from_) as source,
                explained(self.from_),
                writing(sink, self.compression) as packed,
            ):
                shutil.copyfileobj(source, packed, BLOCK)
            ending = PurePosixPath(self.from_).suffix + ENDINGS[self.compression]
            return {"uri": ctx.store(path, f"file{ending}")}


class FileDecompress(FileTask):
    """Undo the compression of a file."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return the `uri` of the file as it was before.

        Raises:
            TaskError: It is compressed in another way, or it is larger than any file may be.
        """
        packed = ctx.fetch(self.from_)
        meter = Meter(self.from_, packed.stat().st_size)
        with records.scratch(ctx) as path:
            with (
                path.open("wb") as sink,
                packed.open("rb") as source,
                explained(self.from_),
                reading(source, self.compression) as plain,
            ):
                meter.copy(plain, sink)
            inner = PurePosixPath(self.from_).with_suffix("").suffix if PurePosixPath(self.from_).suffix else ""
            return {"uri": ctx.store(path, f"file{inner}")}
