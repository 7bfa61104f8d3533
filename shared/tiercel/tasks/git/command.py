"""The `git` command: run in a folder, with credentials that reach neither its files, its arguments nor a log."""

from __future__ import annotations

import base64
import os
import shutil
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote
from urllib.parse import unquote, urlsplit, urlunsplit

from tiercel.errors import TaskError
from tiercel.ports import RunContext
from tiercel.tasks.scripts.process import run_process

_WITHHELD = ("GIT_", "SECRET_", "TIERCEL_")
"""How the names of variables start that are not git's business here."""


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
        TaskError: It is blank, or git would take it for an option.
    """
    url = url.strip()
    if not url or url.startswith("-"):
        raise TaskError(f"url is '{url}'; wanted one such as https://github.com/owner/repository", retryable=False)
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        return Remote(url, None, None)
    clean = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    return Remote(clean, *(None if text is None else unquote(text) for text in (parts.username, parts.password)))


class Git:
    """Runs git in one folder; `close` removes the keys."""

    def __init__(self, ctx: RunContext, folder: Path, remote: Remote, access: Access) -> None:
        program = shutil.which("git")
        if program is None:
            raise TaskError("git is not installed on this machine; get it from https://git-scm.com", retryable=False)
        self._ctx, self._folder, self._program = ctx, folder, program
        self._stack = ExitStack()
        self._secrets = [text for text in (access.password, remote.password, access.passphrase) if text]
        inherited = {name: text for name, text in os.environ.items() if not name.startswith(_WITHHELD)}
        self._env = inherited | {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"} | self._settings(remote, access)

    def close(self) -> None:
        """Remove what was written for this attempt alone."""
        self._stack.close()

    def run(self, *arguments: str) -> str:
        """Run a command of git and return what it prints.

        Raises:
            TaskError: It failed; the text is git's own, without passwords.
        """
        code, out, said = self._run(arguments)
        if code != 0:
            raise TaskError(f"git {arguments[0]} failed: {said or f'exit code {code}'}")
        return out

    def succeeds(self, *arguments: str) -> bool:
        """Run a command of git and tell whether it succeeded."""
        return self._run(arguments)[0] == 0

    def _run(self, arguments: tuple[str, ...]) -> tuple[int, str, str]:
        streams: dict[str, bytearray] = {"stdout": bytearray(), "stderr": bytearray()}
        argv = [self._program, *arguments]
        code = run_process(
            self._ctx, argv, folder=self._folder, env=self._env, feed=lambda name, chunk: streams[name].extend(chunk)
        )
        if self._ctx.cancelled:
            raise TaskError("the task was stopped: killed, or out of time")
        out, said = (bytes(stream).decode("utf-8", "replace").strip() for stream in streams.values())
        for secret in self._secrets:
            said = said.replace(secret, "******")
        return code, out, said

    def _settings(self, remote: Remote, access: Access) -> dict[str, str]:
        """Return the variables that tell git who asks."""
        config = {"http.lowSpeedLimit": "1", "http.lowSpeedTime": str(access.read_seconds), "credential.helper": ""}
        config["maintenance.auto"] = "false"  # it would go on in the background
        user, password = access.username or remote.username, access.password or remote.password
        parts = urlsplit(remote.url)
        if password is not None and parts.scheme in ("http", "https"):
            encoded = base64.b64encode(f"{user or 'git'}:{password}".encode()).decode()
            self._secrets.append(encoded)
            config[f"http.{parts.scheme}://{parts.netloc}/.extraHeader"] = f"Authorization: Basic {encoded}"
        settings = {"GIT_CONFIG_COUNT": str(len(config))}
        for number, (name, text) in enumerate(config.items()):
            settings |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": text}
        if access.certificates:
            settings["GIT_SSL_CAINFO"] = access.certificates
        if access.no_proxy:
            settings |= {"no_proxy": access.no_proxy, "NO_PROXY": access.no_proxy}
        return settings | self._ssh(access)

    def _ssh(self, access: Access) -> dict[str, str]:
        options = f"-o StrictHostKeyChecking=accept-new -o ConnectTimeout={access.connect_seconds}"
        if access.private_key is None:
            return {"GIT_SSH_COMMAND": f"ssh -o BatchMode=yes {options}"}
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="tiercel-git-")))
        key = folder / "key"
        key.touch(mode=0o600)
        key.write_text(access.private_key.strip() + "\n", "utf-8")
        command = f"ssh -i {quote(str(key))} -o IdentitiesOnly=yes {options}"
        if access.passphrase is None:
            return {"GIT_SSH_COMMAND": f"{command} -o BatchMode=yes"}
        ask = folder / "ask"
        ask.write_text("#!/bin/sh\nprintf '%s\\n' \"$KEY_PASSPHRASE\"\n", "utf-8")
        ask.chmod(0o700)
        asking = {"SSH_ASKPASS": str(ask), "SSH_ASKPASS_REQUIRE": "force", "KEY_PASSPHRASE": access.passphrase}
        return {"GIT_SSH_COMMAND": command, **asking}
