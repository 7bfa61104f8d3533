"""Files in one file: `io.kestra.plugin.compress.ArchiveCompress` and `ArchiveDecompress`."""

from __future__ import annotations

import re
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, nullcontext
from enum import StrEnum
from pathlib import PurePosixPath
from typing import BinaryIO, cast

from pydantic import Field

from tiercel.errors import TaskError
from tiercel.model.plugin import Outputs, Rendered
from tiercel.model.states import Level
from tiercel.ports import Metric, RunContext
from tiercel.tasks import records
from tiercel.tasks.base import RunnableTask, StoredFile
from tiercel.tasks.compress.limits import Meter
from tiercel.tasks.compress.streams import BLOCK, ENDINGS, Compression, explained, reading, writing

Entry = tuple[str, Callable[[], BinaryIO]]
"""The path of a file in an archive, and what opens it."""


class Algorithm(StrEnum):
    """The form of an archive."""

    AR = "AR"
    ARJ = "ARJ"
    CPIO = "CPIO"
    DUMP = "DUMP"
    JAR = "JAR"
    TAR = "TAR"
    ZIP = "ZIP"

    @property
    def is_zip(self) -> bool:
        """Tell whether it is a zip file, whatever it is called; TaskError where the form is not there."""
        if self in (Algorithm.ZIP, Algorithm.JAR):
            return True
        if self is not Algorithm.TAR:
            raise TaskError(f"algorithm {self} is not there yet; wanted one of TAR, ZIP, JAR", retryable=False)
        return False


class ArchiveTask(RunnableTask):
    """The form of the archive."""

    algorithm: Rendered[Algorithm]
    """The form of the archive: TAR, ZIP or JAR."""
    compression: Rendered[Compression | None] = None
    """How the archive as a whole is compressed, such as GZIP for `.tar.gz`."""


class Unpacked(Outputs):
    """What ArchiveDecompress gives."""

    files: dict[str, str]
    """The files: path in the archive to URI."""


class ArchiveDecompress(ArchiveTask):
    """Take the files out of an archive."""

    gives = Unpacked

    from_: Rendered[str] = Field(alias="from")
    """The URI of the archive."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return the `files`: path in the archive to URI.

        Raises:
            TaskError: It is no such archive, a path leads out of it, or more is in it than may be.
        """
        path = ctx.fetch(self.from_)
        meter = Meter(self.from_, path.stat().st_size)
        files: dict[str, str] = {}
        with path.open("rb") as source, ExitStack() as stack, explained(self.from_):
            entries = self._zipped if self.algorithm.is_zip else self._tarred
            for name, opened in entries(ctx, source, stack, meter):
                meter.entry()
                inside = safe_path(name, self.from_)
                with opened() as content, records.scratch(ctx) as scratch:
                    with scratch.open("wb") as sink:
                        meter.copy(content, sink)
                    files[inside] = ctx.store(scratch, re.sub(r"\s", "_", PurePosixPath(inside).name))
        ctx.metric(Metric("size", float(meter.bytes)))
        ctx.metric(Metric("count", float(len(files))))
        return {"files": files}

    def _zipped(self, ctx: RunContext, source: BinaryIO, stack: ExitStack, meter: Meter) -> Iterator[Entry]:
        if self.compression is not None:  # a zip file's table of contents stands at its end
            whole = stack.enter_context(records.scratch(ctx))
            with whole.open("wb") as sink, reading(source, self.compression) as plain:
                meter.copy(plain, sink)
            source, meter.bytes = stack.enter_context(whole.open("rb")), 0
        archive = stack.enter_context(zipfile.ZipFile(source))
        for info in archive.infolist():
            if not info.is_dir():
                yield info.filename, lambda info=info: cast(BinaryIO, archive.open(info))  # type: ignore[misc]

    def _tarred(self, ctx: RunContext, source: BinaryIO, stack: ExitStack, _: Meter) -> Iterator[Entry]:
        if self.compression is not None:
            source = stack.enter_context(reading(source, self.compression))
        archive = stack.enter_context(tarfile.open(fileobj=source, mode="r|"))  # noqa: SIM115 - the stack closes it
        for member in archive:
            if member.isfile():
                content = archive.extractfile(member)
                assert content is not None  # it is a file
                yield member.name, lambda content=content: cast(BinaryIO, content)  # type: ignore[misc]
            elif not member.isdir():
                ctx.log(f"'{member.name}' in the archive is a link or a device; it is left out", Level.WARN)


def safe_path(name: str, uri: str) -> str:
    """Return the path of an entry below the archive's root; TaskError where it leads out of it."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", name) or not path.name:
        raise TaskError(f"'{uri}' holds the path '{name}', which leads out of the archive", retryable=False)
    return str(path)


class _Forward:
    """A file that is only written on: a compressed one says that it can go back, and cannot."""

    def __init__(self, sink: BinaryIO) -> None:
        self.write, self.flush = sink.write, sink.flush


class ArchiveCompress(ArchiveTask):
    """Put files into an archive."""

    gives = StoredFile

    from_: Rendered[dict[str, str]] = Field(alias="from")
    """The files: path in the archive to URI."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return the `uri` of the archive."""
        ending = "." + self.algorithm.lower() + (ENDINGS.get(self.compression, "") if self.compression else "")
        with records.scratch(ctx) as path:
            with path.open("wb") as sink, self._packed(sink) as packed:
                put = self._into_zip if self.algorithm.is_zip else self._into_tar
                put(ctx, packed)
            ctx.metric(Metric("size", float(path.stat().st_size)))
            ctx.metric(Metric("count", float(len(self.from_))))
            return {"uri": ctx.store(path, f"archive{ending}")}

    def _packed(self, sink: BinaryIO) -> BinaryIO:
        return cast(BinaryIO, nullcontext(sink)) if self.compression is None else writing(sink, self.compression)

    def _into_zip(self, ctx: RunContext, sink: BinaryIO) -> None:
        target = cast(BinaryIO, sink if self.compression is None else _Forward(sink))
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, uri in self.from_.items():
                info = zipfile.ZipInfo(safe_path(name, "from"))
                info.compress_type = zipfile.ZIP_DEFLATED
                with ctx.open(uri) as source, archive.open(info, "w", force_zip64=True) as entry:
                    shutil.copyfileobj(source, entry, BLOCK)

    def _into_tar(self, ctx: RunContext, sink: BinaryIO) -> None:
        with tarfile.open(fileobj=sink, mode="w|") as archive:
            for name, uri in self.from_.items():
                path = ctx.fetch(uri)
                info = tarfile.TarInfo(safe_path(name, "from"))
                info.size = path.stat().st_size
                with path.open("rb") as source:
                    archive.addfile(info, source)
