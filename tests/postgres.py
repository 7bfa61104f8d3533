"""A PostgreSQL server of our own, on a TCP port of this machine, from the programs in the PyPI package `pgserver`.

The package's own `get_server` listens on a socket only and widens the rights of every folder above; so its programs
are called directly. As root they run as `nobody`, since PostgreSQL refuses to run as root.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PASSWORD = "Tr0ub4dor-and-3"
SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "20"}
"""Fast instead of safe: the server lives as long as the tests."""


@dataclass(frozen=True)
class PostgresServer:
    """Where the server listens and how to log in."""

    port: int
    host: str = "127.0.0.1"
    database: str = "postgres"
    user: str = "postgres"
    password: str = PASSWORD

    @property
    def url(self) -> str:
        """The JDBC URL, without user and password."""
        return f"jdbc:postgresql://{self.host}:{self.port}/{self.database}"


def programs() -> Path | None:
    """Return the folder of `initdb` and `pg_ctl`, or None where `pgserver` is not installed."""
    found = importlib.util.find_spec("pgserver")  # not imported: it warns and writes into the user's folders
    if found is None or not found.submodule_search_locations:
        return None
    return Path(found.submodule_search_locations[0]) / "pginstall" / "bin"


@contextmanager
def postgres_server(folder: Path | None = None) -> Iterator[PostgresServer]:
    """Run a server while the block runs.

    Args:
        folder: Where its data lies, made anew and removed afterwards; by default under the temporary folder. As root,
            every folder above must be open to `nobody`.
    """
    commands = programs()
    if commands is None:
        raise RuntimeError("pgserver is not installed; run: pip install 'tiercel[demo]'")
    folder = Path(tempfile.mkdtemp(prefix="tiercel-postgres-", dir=folder))
    server = PostgresServer(_free_port())
    asked: dict[str, Any] = {"check": True, "cwd": folder, "stdin": subprocess.DEVNULL}
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        asked |= {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    try:
        _start(commands, folder, server, asked)
        try:
            yield server
        finally:
            stop: list[str | Path] = [commands / "pg_ctl", "stop", "-D", folder / "data", "-m", "immediate", "-w"]
            subprocess.run(stop, stdout=subprocess.DEVNULL, **asked)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _start(commands: Path, folder: Path, server: PostgresServer, asked: dict[str, Any]) -> None:
    password = folder / "password"
    password.write_text(server.password)
    password.chmod(0o644)
    make = ["initdb", "-D", "data", "-U", server.user, "--encoding=UTF8", "--locale=C", "--no-sync"]
    make += ["--auth=scram-sha-256", "--pwfile=password"]
    options = {"listen_addresses": server.host, "port": str(server.port), "unix_socket_directories": "", **SETTINGS}
    text = " ".join(f"-c {name}='{value}'" for name, value in options.items())
    start = ["pg_ctl", "start", "-D", "data", "-l", "log", "-w", "-t", "30", "-o", text]
    try:
        for name, *words in (make, start):
            # to a file and not to a pipe: the server keeps what it inherits, and a pipe would never end
            with (folder / "said").open("ab") as said:
                subprocess.run([commands / name, *words], stdout=said, stderr=said, timeout=60, **asked)
    except subprocess.CalledProcessError as error:
        found = [(folder / name).read_text() for name in ("said", "log") if (folder / name).exists()]
        raise RuntimeError(f"PostgreSQL did not start: {' '.join(found)}") from error


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
