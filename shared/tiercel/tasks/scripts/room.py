"""Where one attempt of a script works: its folder, its variables, its environment, and the files that are our own."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from tiercel.errors import TaskError
from tiercel.model.plugin import parse_structure, text_of
from tiercel.ports import RunContext
from tiercel.tasks.files import localize


@dataclass
class Room:
    """One attempt at work; what is held and what is ours goes when it is closed."""

    ctx: RunContext
    folder: Path
    variables: dict[str, object] = field(default_factory=dict)
    output_dir: Path | None = None
    env: dict[str, str] = field(default_factory=dict)
    ours: list[Path] = field(default_factory=list)
    """What is not the user's: never an output file, and gone after the run."""
    stack: ExitStack = field(default_factory=ExitStack)
    """What is held until the process has ended."""

    @cached_property
    def private(self) -> Path:
        """A folder of our own inside the working directory, made on first use."""
        return self.own(Path(tempfile.mkdtemp(prefix=".tiercel-", dir=self.folder)))

    def own(self, path: Path) -> Path:
        """Note a path as ours."""
        self.ours.append(path)
        return path

    def write_script(self, text: str, suffix: str) -> Path:
        """Write a script beside the user's files (so that it finds its neighbours) and return its path."""
        handle, name = tempfile.mkstemp(prefix=f"{self.ctx.task_id}-", suffix=suffix, dir=self.folder)
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        return self.own(Path(name))

    def render(self, text: str) -> str:
        """Render a command or a script, and bring the files it names here."""
        return localize(self.ctx, self.ctx.render(text, self.variables), self._copy_path)

    def render_all(self, texts: list[str] | str | None) -> list[str]:
        """Render a list of commands, or the expression that gives one."""
        if isinstance(texts, str):
            parsed = parse_structure(self.ctx.render(texts, self.variables))
            if not isinstance(parsed, list):
                raise TaskError(
                    f"wanted a list of commands, found {parsed!r:.80}; the expression must give a JSON list"
                )
            return [localize(self.ctx, text_of(item), self._copy_path) for item in parsed]
        return [self.render(text) for text in texts or ()]

    def _copy_path(self, uri: str) -> Path:
        folder = self._copies.setdefault(uri, str(len(self._copies) + 1))
        return self.private / folder / (PurePosixPath(unquote(uri)).name or "file")

    @cached_property
    def _copies(self) -> dict[str, str]:
        return {}

    def close(self) -> None:
        """Let go of what was held and remove what is ours."""
        self.stack.close()
        for path in self.ours:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
