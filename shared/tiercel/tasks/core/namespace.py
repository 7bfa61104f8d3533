"""The files of a namespace: `io.kestra.plugin.core.namespace.*`."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import BinaryIO, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from tiercel.errors import TaskError
from tiercel.model.plugin import Outputs, Rendered, parse_structure
from tiercel.namespaces.files import NamespaceFile
from tiercel.ports import Metric, RunContext
from tiercel.tasks.base import RunnableTask
from tiercel.tasks.core.kv import reachable
from tiercel.tasks.core.moments import Moment
from tiercel.tasks.core.services import files_of, keys_of
from tiercel.tasks.files import NamespaceFiles as Selection
from tiercel.tasks.files import walk

Patterns = list[str] | str
"""One pattern or a list: one without a leading `/` matches at any depth; `glob:` and `regex:` may stand before."""


def patterns_in(value: object) -> list[str]:
    """Return the patterns of a property, which may hold them as JSON text."""
    found = parse_structure(value) if isinstance(value, str) else value
    return [str(pattern) for pattern in found] if isinstance(found, list) else [str(found)] if found else []


def wants(patterns: list[str]) -> Callable[[str], bool]:
    """Return the test for a path; without patterns nothing is wanted."""
    return Selection(include=patterns).wants if patterns else lambda _: False


def _open(path: Path) -> BinaryIO:
    return path.open("rb")


class Conflict(StrEnum):
    """What happens with a file that is already there."""

    OVERWRITE = "OVERWRITE"
    ERROR = "ERROR"
    SKIP = "SKIP"


class _NamespaceTask(RunnableTask):
    """What every task on namespace files has."""

    namespace: Rendered[str | None] = None
    """The namespace; the flow's own where nothing is said."""

    def matching(self, ctx: RunContext, patterns: object) -> list[NamespaceFile]:
        """Return the files of the namespace that match one of the patterns."""
        chosen = wants(patterns_in(patterns))
        return [file for file in files_of(ctx).list(self.namespace or ctx.namespace) if chosen(file.path)]


class Uploaded(Outputs):
    """What UploadFiles gives."""

    files: dict[str, str]
    """The files that were written: path in the namespace to URI."""


class UploadFiles(_NamespaceTask):
    """Put files into a namespace, from the working directory or from the internal storage."""

    gives = Uploaded

    files: Rendered[list[str] | dict[str, str] | str | None] = None
    """Patterns of files of the working directory; in the old form the same as `filesMap`."""
    files_map: Rendered[dict[str, str] | None] = None
    """Path in the namespace to the URI of a file, as a map or as JSON text."""
    destination: Rendered[str] = "/"
    """The folder of the namespace in which the paths start."""
    conflict: Rendered[Conflict] = Conflict.OVERWRITE
    """What happens with a file that is already there."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return path to URI of the files that were written, as `files`."""
        if self.files is None and self.files_map is None:
            raise TaskError("neither 'files' nor 'filesMap' is set; write one of them", retryable=False)
        written = dict(self._written(ctx))
        ctx.metric(Metric("uploaded", float(len(written))))
        return {"files": written}

    def _written(self, ctx: RunContext) -> Iterator[tuple[str, str]]:
        for path, opened in self._given(ctx):
            file = self._write(ctx, posixpath.join("/", self.destination, path.lstrip("/")), opened)
            if file is not None:
                yield f"/{file.path}", file.uri

    def _given(self, ctx: RunContext) -> Iterator[tuple[str, Callable[[], BinaryIO]]]:
        """Yield each path with what opens its content."""
        mapped = self.files if isinstance(self.files, dict) else self.files_map
        for path, uri in (mapped or {}).items():
            yield path, partial(ctx.open, uri)
        if self.files is not None and not isinstance(self.files, dict):
            chosen = wants(patterns_in(self.files))
            for path in sorted(walk(ctx.working_dir)):
                if chosen(path):
                    yield path, partial(_open, ctx.working_dir / path)

    def _write(self, ctx: RunContext, path: str, opened: Callable[[], BinaryIO]) -> NamespaceFile | None:
        files, namespace = files_of(ctx), self.namespace or ctx.namespace
        try:
            if self.conflict is not Conflict.OVERWRITE and files.exists(namespace, path):
                if self.conflict is Conflict.SKIP:
                    return None
                raise TaskError(
                    f"'{path}' is already in the namespace '{namespace}' and conflict is ERROR; "
                    "remove it first, or set conflict to OVERWRITE or SKIP"
                )
            with opened() as content:
                return files.write(namespace, path, content)
        except ValueError as error:
            raise TaskError(str(error), retryable=False) from None


class Downloaded(Outputs):
    """What DownloadFiles gives."""

    files: dict[str, str]
    """The copies: path, below `destination`, to URI in the internal storage."""


class DownloadFiles(_NamespaceTask):
    """Copy files of a namespace into the internal storage."""

    gives = Downloaded

    files: Rendered[Patterns]
    """Patterns of the files."""
    destination: Rendered[str] = ""
    """A folder that is put before the paths of the output."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return path to URI of the copies, as `files`."""
        files, namespace, copies = files_of(ctx), self.namespace or ctx.namespace, {}
        for file in self.matching(ctx, self.files):
            with files.read(namespace, file.path) as content:
                target = posixpath.join("/", self.destination, file.path)
                copies[target] = ctx.store(content, posixpath.basename(file.path))
        ctx.metric(Metric("downloaded", float(len(copies))))
        return {"files": copies}


class PurgeVersions(BaseModel):
    """Which versions of files a purge removes."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    type: Literal["version"] = "version"
    """`version`: old versions of files, never the current one."""
    keep_amount: int | None = Field(None, ge=1)
    """How many versions of each file stay, the current one among them; there is no more than that one here."""
    before: Moment | None = None
    """Only versions that were made before then; the current one stays however old it is."""


class Purged(Outputs):
    """What PurgeFiles gives."""

    size: int
    """How many versions were removed."""


class PurgeFiles(RunnableTask):
    """Remove old versions of namespace files. Files have one version here, the current one, so it finds none."""

    gives = Purged

    namespaces: Rendered[list[str] | None] = None
    """The namespaces; the flow's own where nothing is said."""
    namespace_pattern: Rendered[str | None] = None
    """A pattern of namespaces, with `*` and `?`, instead of `namespaces`."""
    file_pattern: Rendered[str | None] = None
    """A pattern of files; all where nothing is said."""
    include_child_namespaces: Rendered[bool] = True
    """Whether the namespaces below those of `namespaces` are purged too."""
    behavior: Rendered[PurgeVersions] = Field(default_factory=lambda: PurgeVersions(keep_amount=1))
    """Which versions are removed."""

    @model_validator(mode="after")
    def _one_choice(self) -> PurgeFiles:
        if self.namespaces is not None and self.namespace_pattern is not None:
            raise ValueError("'namespaces' and 'namespacePattern' exclude each other; leave one out")
        return self

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return how many versions were removed as `size`: none, and the log says why."""
        for namespace in self.namespaces or ():
            reachable(ctx, keys_of(ctx), namespace)
        ctx.log(
            "nothing was removed: a namespace file has one version here, the current one, and a purge of versions "
            "leaves that; to remove files, use io.kestra.plugin.core.namespace.DeleteFiles"
        )
        return {"size": 0}


class Removed(Outputs):
    """What DeleteFiles gives."""

    files: dict[str, str]
    """The files that were removed: path in the namespace to the URI they had."""


class DeleteFiles(_NamespaceTask):
    """Remove files of a namespace."""

    gives = Removed

    files: Rendered[Patterns]
    """Patterns of the files."""
    delete_parent_folder: Rendered[bool] = False
    """Accepted for flows that have it; a folder is gone with its last file."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return path to URI of the files that were removed, as `files`."""
        files, namespace = files_of(ctx), self.namespace or ctx.namespace
        removed = {
            f"/{file.path}": file.uri for file in self.matching(ctx, self.files) if files.delete(namespace, file.path)
        }
        ctx.metric(Metric("deleted", float(len(removed))))
        return {"files": removed}
