"""The folder of a task whose database is a file: files go in, the database and other files come out."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tiercel.errors import TaskError
from tiercel.model.plugin import Outputs
from tiercel.ports import RunContext
from tiercel.tasks.files import NamespaceFiles, inside, place_files, place_namespace_files, reason
from tiercel.tasks.jdbc.base import read_sql
from tiercel.tasks.jdbc.fetch import RowLists, Rows


class Kept(Outputs):
    """What is kept of a database that is a file."""

    output_files: dict[str, str]
    """The files that `outputFiles` names: name to URI; absent where it names none."""
    database_uri: str
    """The URI of the database itself, with `outputDbFile`."""


class RowsAndFiles(Kept, Rows):
    """What one statement on such a database gives."""


class RowListsAndFiles(Kept, RowLists):
    """What several statements on such a database give."""


@dataclass
class Desk:
    """Where the files of one attempt lie."""

    ctx: RunContext
    database: str
    """The database's path, or what the driver takes instead (`:memory:`, `md:...`)."""
    outputs: dict[str, Path] = field(default_factory=dict)
    """Where each output file is expected, by its name."""
    made: list[Path] = field(default_factory=list)
    """The folders that only this attempt uses."""

    @property
    def folder(self) -> Path:
        """The folder that relative paths start from."""
        return self.ctx.working_dir

    @property
    def is_file(self) -> bool:
        """Tell whether the database is a file of this machine."""
        return Path(self.database).is_absolute()

    def place(self, files: Mapping[str, object] | None, namespace_files: NamespaceFiles | None) -> None:
        """Put input files and namespace files into the folder."""
        if namespace_files is not None:
            place_namespace_files(self.ctx, self.folder, namespace_files)
        place_files(self.ctx, self.folder, files or {})

    def start_from(self, uri: str, option: str) -> None:
        """Put a stored database where the new one is expected."""
        target = Path(self.database)
        if not self.is_file or not target.is_relative_to(self.folder):
            found = f"{option} and the database '{self.database}' of url are both given"
            raise TaskError(f"{found}; leave the path out of url to start from the stored file", retryable=False)
        try:
            with self.ctx.open(uri) as source, target.open("wb") as sink:
                shutil.copyfileobj(source, sink, 1 << 20)
        except OSError as error:
            raise TaskError(f"{option} '{uri}' could not be copied to {target}: {reason(error)}") from error

    def expect(self, names: list[str] | None) -> None:
        """Choose a path for each output file; the folder of each is made."""
        if not names:
            return
        folder = Path(tempfile.mkdtemp(prefix=".tiercel-out-", dir=self.folder))
        self.made.append(folder)
        for name in names:
            path = inside(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            self.outputs[name] = path

    def sql(self, text: str) -> str:
        """Return the task's SQL rendered, with the variables that only this task knows."""
        return read_sql(self.ctx, self.ctx.render(text, self.variables))

    @property
    def variables(self) -> dict[str, Any]:
        """The further variables of the task's SQL."""
        return {
            "workingDir": str(self.folder),
            "dbFilePath": self.database,
            "outputFiles": {name: str(path) for name, path in self.outputs.items()},
        }

    def collect(self, keep_database: bool) -> dict[str, object]:
        """Keep the output files, and the database if wanted; call it when the database is closed.

        Raises:
            TaskError: The SQL did not write one of the output files, or the database is no file.
        """
        found: dict[str, object] = {}
        for name, path in self.outputs.items():
            if not path.is_file():
                wanted = f"wanted the SQL to write to '{{{{ outputFiles['{name}'] }}}}'"
                raise TaskError(f"the output file '{name}' was not written; {wanted}")
        if self.outputs:
            found["outputFiles"] = {name: self.ctx.store(path, path.name) for name, path in self.outputs.items()}
        if keep_database:
            if not self.is_file:
                raise TaskError(f"outputDbFile: the database '{self.database}' is no file; wanted a path in url")
            found["databaseUri"] = self.ctx.store(Path(self.database), Path(self.database).name)
        return found

    def clear(self) -> None:
        """Remove what was made for this attempt alone, for the folder may be shared with other tasks."""
        for folder in self.made:
            shutil.rmtree(folder, ignore_errors=True)


def own_database(ctx: RunContext, name: str) -> Desk:
    """Return a desk whose database lives only as long as the attempt."""
    folder = Path(tempfile.mkdtemp(prefix=".tiercel-db-", dir=ctx.working_dir))
    return Desk(ctx, str(folder / name), made=[folder])
