"""The files of one branch, read from the repository itself: nothing is checked out, and no link is followed."""

from __future__ import annotations

import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from tiercel.errors import TaskError
from tiercel.ports import RunContext
from tiercel.tasks.git.remote import Access, Connection, remote_of

if TYPE_CHECKING:
    from dulwich.ignore import IgnoreFilter
    from dulwich.objects import ObjectID
    from dulwich.repo import Repo

IGNORE_FILE = ".kestraignore"
"""Names what is left out, in the language of .gitignore."""


@dataclass(frozen=True)
class Snapshot:
    """A branch as it is."""

    repo: Repo
    branch: str
    tip: ObjectID

    def files(self, directory: str) -> dict[str, bytes] | None:
        """Return what lies below a directory, by its path from there; None where there is no such directory.

        Links are left out, and so is what is Git's own (`.git*`) and what a `.kestraignore` of the directory names.
        """
        from dulwich.ignore import IgnoreFilter, read_ignore_patterns
        from dulwich.object_store import iter_tree_contents
        from dulwich.objects import Commit

        commit = self.repo[self.tip]
        assert isinstance(commit, Commit)
        prefix = directory.strip("/") + "/" if directory.strip("/") not in ("", ".") else ""
        found: dict[str, ObjectID] = {}
        for entry in iter_tree_contents(self.repo.object_store, commit.tree):
            assert entry.path is not None
            assert entry.mode is not None
            path = entry.path.decode("utf-8", "surrogateescape")
            if stat.S_ISREG(entry.mode) and path.startswith(prefix) and entry.sha is not None:
                found[path.removeprefix(prefix)] = entry.sha
        if not found and prefix:
            return None
        ignored = IgnoreFilter([])
        if IGNORE_FILE in found:
            ignored = IgnoreFilter(read_ignore_patterns(BytesIO(self._content(found.pop(IGNORE_FILE)))))
        return {
            path: self._content(sha)
            for path, sha in sorted(found.items())
            if not any(part.startswith(".git") for part in path.split("/")) and not _is_ignored(ignored, path)
        }

    def _content(self, sha: ObjectID) -> bytes:
        content: bytes = self.repo[sha].as_raw_string()
        return content


def _is_ignored(ignored: IgnoreFilter, path: str) -> bool:
    """Tell whether a file, or a folder around it, is named."""
    parts = path.split("/")
    above = ["/".join(parts[:count]) + "/" for count in range(1, len(parts))]
    return any(ignored.is_ignored(each) for each in (*above, path))


@contextmanager
def snapshot(ctx: RunContext, url: str, branch: str, access: Access) -> Iterator[Snapshot]:
    """Fetch the latest commit of a branch.

    Raises:
        TaskError: The repository cannot be reached, or has no such branch.
    """
    with Connection(ctx, remote_of(url), access) as connection:
        from dulwich.repo import Repo

        refs = {name.decode(): found for name, found in connection.look().refs.items()}
        tip = refs.get(f"refs/heads/{branch}")
        if tip is None:
            there = sorted(each.removeprefix("refs/heads/") for each in refs if each.startswith("refs/heads/"))
            remedy = f"it has {', '.join(there[:20])}" if there else "it is empty"
            raise TaskError(f"the repository has no branch '{branch}': {remedy}", retryable=False)
        with tempfile.TemporaryDirectory(prefix="tiercel-git-") as folder, Repo.init_bare(folder) as repo:
            connection.fetch(repo, lambda _: [tip], depth=1)
            yield Snapshot(repo, branch, tip)
