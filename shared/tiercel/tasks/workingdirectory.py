"""WorkingDirectory: several tasks on one worker, one after the other, in the same folder."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from tiercel.errors import TaskError
from tiercel.model.durations import Duration
from tiercel.model.flow import MAIN
from tiercel.model.ids import derived_id
from tiercel.model.nesting import Nested
from tiercel.model.plugin import Outputs, Rendered, TemplateMap
from tiercel.ports import RunContext
from tiercel.tasks.base import RunnableTask, loop_value
from tiercel.tasks.files import (
    NamespaceFiles,
    collect_files,
    inside,
    matching,
    place_files,
    place_namespace_files,
    render_files,
)


class Cache(BaseModel):
    """Files that the next run of the directory begins with."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    patterns: list[str] = Field(min_length=1)
    """Which files are kept."""
    ttl: Duration
    """How long they are good for."""


class Collected(Outputs):
    """What WorkingDirectory gives."""

    output_files: dict[str, str]
    """The files that were kept, path to URI; absent where `outputFiles` asks for none."""


class WorkingDirectory(RunnableTask):
    """Run tasks one after the other in one folder; what one writes, the next can read."""

    nested: ClassVar[Mapping[str, Nested]] = {MAIN: Nested.REQUIRED}
    gives = Collected
    cache: Cache | None = None
    """Files that are kept for the next execution."""
    namespace_files: NamespaceFiles | None = None
    """Namespace files that are copied in first."""
    input_files: TemplateMap | str | None = None
    """Files to write first: path to content, or to the URI of a stored file."""
    output_files: Rendered[list[str] | None] = None
    """Patterns of the files to keep at the end; their URIs are in the output `outputFiles`."""

    def prepare(self, ctx: RunContext) -> None:
        """Fill the folder before the first task."""
        folder = ctx.working_dir
        if self.cache is not None:
            _restore(ctx, self.cache.ttl, folder)
        if self.namespace_files is not None and self.namespace_files.enabled:
            place_namespace_files(ctx, folder, self.namespace_files)
        if self.input_files is not None:
            place_files(ctx, folder, render_files(ctx, self.input_files))

    def collect(self, ctx: RunContext) -> Mapping[str, object] | None:
        """Keep what is to be kept, after the last task."""
        if self.cache is not None:
            _keep(ctx, self.cache.patterns, ctx.working_dir)
        if not self.output_files:
            return None
        return {"outputFiles": collect_files(ctx, ctx.working_dir, self.output_files)}


def _cache_file(ctx: RunContext) -> Path:
    round_ = loop_value(ctx) or ""
    return ctx.cache_dir / "directories" / f"{derived_id(ctx.namespace, ctx.flow_id, ctx.task_id, round_)}.zip"


def _restore(ctx: RunContext, ttl: timedelta, folder: Path) -> None:
    """Unpack the files of the last run, when they are young enough."""
    path = _cache_file(ctx)
    try:
        if time.time() - path.stat().st_mtime > ttl.total_seconds():
            ctx.log("the cache of this directory is older than its ttl; it is left out")
            return
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                target = inside(folder, name)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(archive.read(name))
    except FileNotFoundError:
        return
    except zipfile.BadZipFile as error:
        raise TaskError(f"the cache of this directory is broken: {error}; remove {path.name}") from None


def _keep(ctx: RunContext, patterns: list[str], folder: Path) -> None:
    names = matching(folder, patterns)
    if not names:
        return
    path = _cache_file(ctx)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{ctx.task_run_id}")
    with zipfile.ZipFile(fresh, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.write(folder / name, name)
    fresh.replace(path)
