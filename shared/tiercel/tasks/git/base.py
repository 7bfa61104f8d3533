"""What all tasks of Git have: the repository, and who asks for it."""

from __future__ import annotations

from pydantic import Field

from tiercel.model.plugin import Rendered, TextMap
from tiercel.tasks.base import RunnableTask
from tiercel.tasks.git.remote import Access


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
    """How long a connection may take to open, in milliseconds."""
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
