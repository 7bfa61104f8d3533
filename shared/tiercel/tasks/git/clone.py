"""A repository's files: `io.kestra.plugin.git.Clone`."""

from __future__ import annotations

import re

from pydantic import Field

from tiercel.errors import TaskError
from tiercel.model.plugin import Outputs, Rendered
from tiercel.ports import RunContext
from tiercel.tasks.files import inside
from tiercel.tasks.git.base import GitTask
from tiercel.tasks.git.checkouts import Checkout, Wanted
from tiercel.tasks.git.remote import Access, Connection, remote_of


class Cloned(Outputs):
    """What Clone gives."""

    directory: str
    """The folder with the files, as a path of the machine that ran the task."""


class Clone(GitTask):
    """Copy a repository into the working directory, over the files that are there."""

    gives = Cloned

    directory: Rendered[str | None] = None
    """The folder to clone into, relative to the working directory; by default that itself."""
    branch: Rendered[str | None] = None
    """The branch to check out; by default the repository's own."""
    depth: Rendered[int] = Field(1, ge=0)
    """How many commits of history are fetched, 0 for all; without effect with `commit` or `tag`."""
    commit: Rendered[str | None] = Field(None, pattern=r"^[0-9a-fA-F]{4,64}$|\{[{%]")
    """The commit to check out."""
    tag: Rendered[str | None] = None
    """The tag to check out."""
    clone_all_branches: Rendered[bool] = True
    """Whether all branches are fetched; otherwise `branch` alone."""
    no_tags: Rendered[bool] = False
    """Whether tags are left out."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return the `directory` with the files.

        Raises:
            TaskError: Two properties do not go together, or git failed.
        """
        self._check()
        folder = inside(ctx.working_dir, self.directory) if self.directory else ctx.working_dir
        folder.mkdir(parents=True, exist_ok=True)
        remote = remote_of(self.url)

        def connect(url: str, access: Access) -> Connection:
            return Connection(ctx, remote if url == remote.url else remote_of(url), access)

        wanted = Wanted(self.branch, self.tag, self.commit, self.depth, self.clone_all_branches, self.no_tags)
        checkout = Checkout(connect, remote.url, self.access, self.git_config or {})
        checkout.run(folder, wanted, submodules=self.clone_submodules)
        return {"directory": str(folder)}

    def _check(self) -> None:
        given = [name for name, value in (("branch", self.branch), ("tag", self.tag)) if value is not None]
        if self.no_tags and self.tag:
            raise TaskError("tag and noTags are both given; leave out noTags", retryable=False)
        if not self.clone_all_branches and not self.branch:
            raise TaskError("cloneAllBranches is false and branch is missing; name the branch", retryable=False)
        for name in given:
            if re.search(r"^-|\.\.|[\s~^:?*\[\\]", getattr(self, name)):
                raise TaskError(f"{name} is '{getattr(self, name)}', which is no name of one", retryable=False)
