"""Files of the internal storage as a whole: `io.kestra.plugin.core.storage.*` without those that read items."""

from __future__ import annotations

import codecs
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import PurePosixPath
from typing import IO, BinaryIO, cast

from pydantic import Field

from tiercel.errors import TaskError
from tiercel.model.plugin import Outputs, Rendered, TemplateMap, parse_structure
from tiercel.ports import RunContext
from tiercel.splitting import SplitRule, parse_size, rows_backwards, split
from tiercel.tasks.base import RunnableTask, StoredFile
from tiercel.tasks.core.services import storage_of
from tiercel.tasks.files import collect_files, place_files, render_files

_IN_MEMORY = 1 << 20
"""How many bytes a part may have before it goes to the disk."""


def extension_of(uri: str, otherwise: str = ".tmp") -> str:
    """Return the extension of a file's name, with its dot."""
    return PurePosixPath(uri).suffix or otherwise


def new_part() -> IO[bytes]:
    """Open an empty file that stays in memory while it is small."""
    return tempfile.SpooledTemporaryFile(_IN_MEMORY)


def texts_in(value: str | list[str], name: str) -> list[str]:
    """Return the texts of a property that takes a list of them, perhaps as JSON text, perhaps only one."""
    found = parse_structure(value) if isinstance(value, str) else value
    if isinstance(found, str):
        found = [found.strip()]
    if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
        raise TaskError(f"'{name}' is {value!r:.200}; wanted a list of texts, or the same as JSON")
    return [str(text) for text in found]


class Concat(RunnableTask):
    """Put files together, one after the other."""

    gives = StoredFile

    files: Rendered[list[str] | str]
    """The URIs of the files, as a list or as JSON text."""
    separator: Rendered[str | None] = None
    """What is written after every file."""
    extension: Rendered[str] = ".tmp"
    """The extension of the new file, with its dot."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return the `uri` of the new file."""
        separator = (self.separator or "").encode()
        with tempfile.TemporaryFile() as target:
            for uri in texts_in(self.files, "files"):
                with ctx.open(uri) as source:
                    shutil.copyfileobj(source, target, 1 << 20)
                target.write(separator)
            target.seek(0)
            return {"uri": ctx.store(cast(BinaryIO, target), f"concat{self.extension}")}


class Deleted(Outputs):
    """What Delete gives."""

    uri: str
    """The URI that was given."""
    deleted: bool
    """Whether the file was there."""


class Delete(RunnableTask):
    """Remove a file."""

    gives = Deleted

    uri: Rendered[str]
    """The file's URI."""
    error_on_missing: Rendered[bool] = False
    """Whether a file that is not there fails the task."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Remove the file; return its `uri` and whether it was there as `deleted`."""
        deleted = storage_of(ctx).delete(self.uri)
        if not deleted and self.error_on_missing:
            raise TaskError(f"there is no file '{self.uri}'; leave out errorOnMissing if that is no failure")
        return {"uri": self.uri, "deleted": deleted}


class Measured(Outputs):
    """What Size gives."""

    size: int
    """How many bytes the file has."""


class Size(RunnableTask):
    """Measure a file."""

    gives = Measured

    uri: Rendered[str]
    """The file's URI."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return the `size` in bytes."""
        return {"size": storage_of(ctx).size(self.uri)}


class Parts(Outputs):
    """What Split gives."""

    uris: list[str]
    """The URIs of the new files, in order."""


class Split(RunnableTask):
    """Cut a file into smaller ones; rows stay whole."""

    gives = Parts

    from_: Rendered[str] = Field(alias="from")
    """The file's URI."""
    rows: Rendered[int | None] = None
    """How many rows a new file has."""
    bytes: Rendered[str | int | None] = None
    """From which size on a new file takes no further row, such as 1KB or 10 MB."""
    partitions: Rendered[int | None] = None
    """How many new files there are; the rows go to them in turn."""
    separator: Rendered[str] = "\n"
    """What ends a row."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return the `uris` of the new files."""
        try:
            rule = SplitRule(
                rows=self.rows,
                bytes=None if self.bytes is None else parse_size(self.bytes),
                partitions=self.partitions,
                separator=self.separator,
            )
        except ValueError as error:
            raise TaskError(str(error), retryable=False) from None
        with ctx.open(self.from_) as source:
            return {"uris": store_parts(ctx, source, rule, f"part{extension_of(self.from_)}")}


def store_parts(ctx: RunContext, source: BinaryIO, rule: SplitRule, name: str) -> list[str]:
    """Cut a file and keep each part under a name; return their URIs in order."""
    uris = []
    with closing(split(source, rule, new_part)) as parts:
        for part in parts:
            with part:
                uris.append(ctx.store(cast(BinaryIO, part), name))
    return uris


class Reverse(RunnableTask):
    """Turn a file's rows around, the last one first."""

    gives = StoredFile

    from_: Rendered[str] = Field(alias="from")
    """The file's URI."""
    separator: Rendered[str] = "\n"
    """What ends a row."""
    charset: Rendered[str] = "UTF-8"
    """The file's encoding."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return the `uri` of the new file."""
        if not self.separator:
            raise TaskError("'separator' is empty; it must have at least one character", retryable=False)
        with tempfile.TemporaryFile() as target:
            with ctx.fetch(self.from_).open("rb") as source:
                target.writelines(self._rows(source))
            target.seek(0)
            return {"uri": ctx.store(cast(BinaryIO, target), f"reverse{extension_of(self.from_)}")}

    def _rows(self, source: BinaryIO) -> Iterator[bytes]:
        try:
            name = codecs.lookup(self.charset).name
            if not name.startswith(("utf-16", "utf-32")):
                yield from rows_backwards(source, self.separator.encode(name))
                return
            # Two and four bytes a character: a separator's bytes may stand across two of them, so this one is decoded.
            text = source.read().decode(name).removesuffix(self.separator)
            rows = text.split(self.separator)[::-1] if text else []
            yield "".join(row + self.separator for row in rows).encode(name)
        except (LookupError, UnicodeError) as error:
            raise TaskError(f"'charset' is {self.charset}, which does not fit: {error}", retryable=False) from None


class Write(RunnableTask):
    """Write a text to a file."""

    gives = StoredFile

    content: Rendered[str]
    """The text."""
    extension: Rendered[str | None] = None
    """The file's extension, with its dot."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return the file's `uri`."""
        return {"uri": ctx.store(self.content.encode(), f"write{self.extension or ''}")}


class Kept(Outputs):
    """What LocalFiles gives."""

    uris: dict[str, str]
    """The files that were kept: path in the working directory to URI."""


class LocalFiles(RunnableTask):
    """Put files into the working directory and keep some of those that are there.

    Today the task that works on them does it itself, with `inputFiles` and `outputFiles`.
    """

    gives = Kept

    inputs: TemplateMap | str | None = None
    """Path to content: text, or the URI of a file. Rendered here, so that a null content is left out."""
    outputs: Rendered[list[str] | str | None] = None
    """Patterns of the files to keep."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return path to URI of the files that were kept, as `uris`."""
        if isinstance(self.inputs, str | Mapping):
            place_files(ctx, ctx.working_dir, render_files(ctx, self.inputs))
        patterns = [] if self.outputs is None else texts_in(self.outputs, "outputs")
        return {"uris": collect_files(ctx, ctx.working_dir, patterns)}


class Purged(Outputs):
    """What PurgeCurrentExecutionFiles gives."""

    uris: list[str]
    """The URIs of the files that were removed."""


class PurgeCurrentExecutionFiles(RunnableTask):
    """Remove every file of this execution from the internal storage."""

    gives = Purged

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return the `uris` of the files that were removed."""
        storage = storage_of(ctx)
        return {"uris": [uri for uri in list(storage.execution_files()) if storage.delete(uri)]}
