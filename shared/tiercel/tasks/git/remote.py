"""A repository elsewhere: its address, who asks for it, and what is fetched from it, without a program of Git's.

Promise: credentials reach the server alone, and stand in no file and in no error.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote, urlsplit, urlunsplit
from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]

from tiercel.errors import TaskError
from tiercel.ports import RunContext

if TYPE_CHECKING:
    from dulwich.client import GitClient, LsRemoteResult, SubprocessWrapper
    from dulwich.repo import BaseRepo

Wants = Callable[[Mapping[bytes, bytes]], list[bytes]]
"""Chooses among what a repository has, by name: the objects that are fetched."""


@dataclass(frozen=True)
class Access:
    """Who asks the server, and how patiently."""

    username: str | None = None
    password: str | None = field(default=None, repr=False)
    private_key: str | None = field(default=None, repr=False)
    passphrase: str | None = field(default=None, repr=False)
    certificates: str | None = None
    """The path of a file with the authorities to trust."""
    no_proxy: str | None = None
    """The hosts that are reached without a proxy."""
    connect_seconds: int = 10
    read_seconds: int = 60


@dataclass(frozen=True)
class Remote:
    """A repository's address, and the user that stood in it."""

    url: str
    """Without user and password."""
    username: str | None
    password: str | None = field(repr=False)


def remote_of(url: str) -> Remote:
    """Return an address taken apart.

    Raises:
        TaskError: It is blank, or a program would take it for an option.
    """
    url = url.strip()
    if not url or url.startswith("-"):
        raise TaskError(f"url is '{url}'; wanted one such as https://github.com/owner/repository", retryable=False)
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        return Remote(url, None, None)
    clean = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    return Remote(clean, *(None if text is None else unquote(text) for text in (parts.username, parts.password)))


class Connection:
    """Asks one repository; to be closed."""

    def __init__(self, ctx: RunContext, remote: Remote, access: Access) -> None:
        """Prepare to ask.

        Raises:
            TaskError: The package is missing, or the address is of no kind that can be asked.
        """
        try:
            from dulwich.client import SSHGitClient, SSHVendor, get_transport_and_path
        except ImportError:
            text = "the package 'dulwich' is not installed; run: pip install 'tiercel[git]'"
            raise TaskError(text, retryable=False) from None
        self._ctx = ctx
        self._stack = ExitStack()
        given = (access.password, remote.password, access.passphrase)
        self._secrets = [text for text in given if text]
        more: dict[str, Any] = {}
        if urlsplit(remote.url).scheme in ("http", "https"):
            password = access.password or remote.password
            user = access.username or remote.username or ("git" if password is not None else None)
            more = {"username": user, "password": password, "pool_manager": _pool(remote.url, access)}
        with self._told("ls-remote"):
            self._client: GitClient
            self._client, self._path = get_transport_and_path(remote.url, quiet=True, **more)
        if isinstance(self._client, SSHGitClient):
            self._client.ssh_vendor = cast(SSHVendor, _Ssh(ctx, self._stack, access))

    def __enter__(self) -> Connection:
        """Ask."""
        return self

    def __exit__(self, *_: object) -> None:
        """Remove what was written for this attempt alone."""
        self._stack.close()

    def look(self) -> LsRemoteResult:
        """Return what the repository has.

        Raises:
            TaskError: It cannot be reached, or there is none.
        """
        with self._told("ls-remote"):
            return self._client.get_refs(self._path.encode())

    def fetch(self, into: BaseRepo, wants: Wants, depth: int | None = None) -> None:
        """Fetch objects.

        Args:
            into: Where they are kept.
            wants: Chooses them.
            depth: How many commits of history at most; None for all.

        Raises:
            TaskError: It failed.
        """

        def choose(refs: Mapping[Any, Any], depth: int | None = None) -> list[Any]:  # noqa: ARG001 - as it is called
            return wants(refs)

        with self._told("fetch"):
            self._client.fetch(self._path, into, determine_wants=choose, progress=self._progress, depth=depth)

    def _progress(self, _said: bytes) -> None:
        if self._ctx.cancelled:
            raise TaskError("the task was stopped: killed, or out of time")

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """Turn what goes wrong into an error for the flow's author, without passwords."""
        from dulwich.client import HTTPUnauthorized
        from dulwich.errors import GitProtocolError, HangupException, NotGitRepository
        from urllib3.exceptions import HTTPError

        try:
            yield
        except HTTPUnauthorized:
            text = "the server asks for a user and a password, or takes others than those given"
            raise TaskError(f"git {what} failed: {text}") from None
        except (NotGitRepository, GitProtocolError, HangupException, HTTPError, OSError, ValueError, KeyError) as error:
            if self._ctx.cancelled:
                raise TaskError("the task was stopped: killed, or out of time") from None
            said = str(error) or type(error).__name__
            for secret in self._secrets:
                said = said.replace(secret, "******")
            raise TaskError(f"git {what} failed: {said}") from None


def _pool(url: str, access: Access) -> Any:
    """Return what keeps connections to a server of HTTP, perhaps through the proxy that the environment names."""
    from dulwich.client import default_user_agent_string
    from urllib3 import PoolManager, ProxyManager, Timeout

    settings: dict[str, Any] = {
        "headers": {"User-agent": default_user_agent_string()},
        "timeout": Timeout(connect=access.connect_seconds, read=access.read_seconds),
        "ca_certs": access.certificates,
        "cert_reqs": "CERT_REQUIRED",
        "retries": False,
    }
    parts, proxies = urlsplit(url), getproxies_environment()
    if access.no_proxy is not None:
        proxies["no"] = access.no_proxy
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if proxy is None or proxy_bypass_environment(parts.netloc, proxies):
        return PoolManager(**settings)
    return ProxyManager(proxy, **settings)


_WITHHELD = ("GIT_", "SECRET_", "TIERCEL_")
"""How the names of variables start that are not the program's business."""


@dataclass(frozen=True)
class _Ssh:
    """Runs commands on a server through the program `ssh`; what dulwich calls a vendor of SSH."""

    ctx: RunContext
    stack: ExitStack
    """Removes the key's file, and ends what still runs."""
    access: Access

    def run_command(
        self, host: str, command: bytes, username: str | None = None, port: int | None = None, **_: object
    ) -> SubprocessWrapper:
        """Begin a command on a host.

        Raises:
            TaskError: There is no `ssh`, or the host's name would be an option.
        """
        from dulwich.client import SubprocessWrapper

        program = shutil.which("ssh")
        if program is None:
            text = "ssh is not installed on this machine; take an address of HTTPS, or install it"
            raise TaskError(text, retryable=False)
        place = f"{username}@{host}" if username else host
        if place.startswith("-"):
            raise TaskError(f"'{place}' is no name of a host", retryable=False)
        options, variables = ssh_options(self.stack, self.access)
        argv = [program, *options, *(["-p", str(port)] if port else []), place, command.decode()]
        inherited = {name: text for name, text in os.environ.items() if not name.startswith(_WITHHELD)}
        pipe = subprocess.PIPE
        process = subprocess.Popen(argv, bufsize=0, stdin=pipe, stdout=pipe, stderr=pipe, env=inherited | variables)
        self.stack.callback(process.kill)
        self.stack.enter_context(self.ctx.on_cancel(process.kill))
        return SubprocessWrapper(process)


def ssh_options(stack: ExitStack, access: Access) -> tuple[list[str], dict[str, str]]:
    """Return the options and the variables of `ssh`; the stack removes the files that they name."""
    options = ["-x", "-o", "StrictHostKeyChecking=accept-new", "-o", f"ConnectTimeout={access.connect_seconds}"]
    batch = ["-o", "BatchMode=yes"]
    if access.private_key is None:
        return [*options, *batch], {}
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tiercel-git-")))
    key = folder / "key"
    key.touch(mode=0o600)
    key.write_text(access.private_key.strip() + "\n", "utf-8")
    options += ["-i", str(key), "-o", "IdentitiesOnly=yes"]
    if access.passphrase is None:
        return [*options, *batch], {}
    ask = folder / "ask"
    ask.write_text("#!/bin/sh\nprintf '%s\\n' \"$KEY_PASSPHRASE\"\n", "utf-8")
    ask.chmod(0o700)
    asking = {"SSH_ASKPASS": str(ask), "SSH_ASKPASS_REQUIRE": "force"}
    return options, {**asking, "KEY_PASSPHRASE": access.passphrase}
