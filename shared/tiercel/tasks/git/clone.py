"""A repository's files: `io.kestra.plugin.git.Clone`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydantic import Field

from tiercel.errors import TaskError
from tiercel.model.plugin import Rendered, TextMap
from tiercel.ports import RunContext
from tiercel.tasks.base import RunnableTask
from tiercel.tasks.files import inside
from tiercel.tasks.git.command import Access, Git, Remote, remote_of

FALLBACKS = ("main", "master")
"""The branches that are tried where the repository does not say which is its own."""


class GitTask(RunnableTask):
    """The repository, and who asks for it."""

    url: Rendered[str]
    """The repository's address."""
    username: Rendered[str | None] = None
    """The user, where the server asks for one; with a token any will do."""
    password: Rendered[str | None] = Field(None, repr=False)
    """The user's password or token."""
    private_key: Rendered[str | None] = Field(None, repr=False)
    """The key for addresses of SSH, as the text of its file."""
    passphrase: Rendered[str | None] = Field(None, repr=False)
    """The key's passphrase."""
    trusted_ca_pem_path: Rendered[str | None] = None
    """The path of a file with the authorities to trust instead of the system's."""
    no_proxy: Rendered[bool | str | None] = None
    """Whether no proxy is used, or the hosts for which none is."""
    connect_timeout: Rendered[int] = Field(10_000, ge=1)
    """How long a connection may take to open, in milliseconds; over HTTP it is git's own."""
    read_timeout: Rendered[int] = Field(60_000, ge=1)
    """How long the server may be silent, in milliseconds."""
    git_config: Rendered[TextMap | None] = None
    """Settings of the repository, by name."""
    clone_submodules: Rendered[bool] = False
    """Whether the repositories inside it are cloned too."""

    @property
    def access(self) -> Access:
        """Return who asks the server."""
        no_proxy = {True: "*", False: None}.get(self.no_proxy) if isinstance(self.no_proxy, bool) else self.no_proxy
        return Access(
            username=self.username,
            password=self.password,
            private_key=self.private_key,
            passphrase=self.passphrase,
            certificates=self.trusted_ca_pem_path,
            no_proxy=no_proxy,
            connect_seconds=max(1, self.connect_timeout // 1000),
            read_seconds=max(1, self.read_timeout // 1000),
        )


class Clone(GitTask):
    """Copy a repository into the working directory, over the files that are there."""

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
        git = Git(ctx, folder, remote, self.access)
        try:
            self._clone(git, remote)
        finally:
            git.close()
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

    def _clone(self, git: Git, remote: Remote) -> None:
        git.run("init", "--quiet")
        if not git.succeeds("remote", "add", "origin", remote.url):
            git.run("remote", "set-url", "origin", remote.url)
        for name, text in (self.git_config or {}).items():
            if text is not None:
                git.run("config", name, text)
        wanted = self._fetch(git)
        git.run("checkout", "--quiet", "--force", *wanted, "--")
        if self.clone_submodules:
            git.run("submodule", "--quiet", "update", "--init", "--recursive")

    def _fetch(self, git: Git) -> Sequence[str]:
        """Fetch what is asked for; return how it is checked out."""
        tags = ["--no-tags"] if self.no_tags else []
        if self.tag is not None:
            git.run("fetch", "--quiet", "origin", *self._branches(), f"+refs/tags/{self.tag}:refs/tags/{self.tag}")
            return "--detach", f"refs/tags/{self.tag}"
        if self.commit is not None:
            git.run("fetch", "--quiet", *tags, "origin", *self._branches())
            return "--detach", self.commit
        branch = self.branch or _own_branch(git)
        depth = [f"--depth={self.depth}"] if self.depth else []
        own = f"+refs/heads/{branch}:refs/remotes/origin/{branch}"
        specs = {**dict.fromkeys(self._branches()), own: None} if branch != "HEAD" else {"HEAD": None}
        git.run("fetch", "--quiet", *depth, *tags, "origin", *specs)
        if branch == "HEAD":
            return "--detach", "FETCH_HEAD"
        return "-B", branch, f"refs/remotes/origin/{branch}"

    def _branches(self) -> Sequence[str]:
        if self.clone_all_branches:
            return ("+refs/heads/*:refs/remotes/origin/*",)
        return (f"+refs/heads/{self.branch}:refs/remotes/origin/{self.branch}",)


def _own_branch(git: Git) -> str:
    """Return the branch that the repository is on, else the first fallback that it has, else `HEAD`."""
    there = git.run("ls-remote", "--symref", "origin", "HEAD", *(f"refs/heads/{name}" for name in FALLBACKS))
    found = re.search(r"^ref: refs/heads/(\S+)\tHEAD$", there, re.MULTILINE)
    if found:
        return found.group(1)
    return next((name for name in FALLBACKS if f"\trefs/heads/{name}" in there), "HEAD")
