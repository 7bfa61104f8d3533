"""What the tests of several folders share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

import declared
from postgres import PostgresServer, postgres_server, programs

TESTS = Path(__file__).parent

declared.watch()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """Run a PostgreSQL server on a TCP port of this machine, one for all tests, from when the first asks for it."""
    if programs() is None and not os.environ.get("CI"):
        pytest.skip("pgserver is not installed")
    with postgres_server() as server:
        yield server


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the settings of whoever runs the tests out of them."""
    for name in ("TIERCEL_STORE", "TIERCEL_DEBUG", "TIERCEL_ENCRYPTION_KEY", "TIERCEL_WORKERS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _outputs_are_declared() -> Iterator[None]:
    """Fail a test in which a plugin gave what it does not say it gives."""
    yield
    found = list(dict.fromkeys(declared.undeclared))
    declared.undeclared.clear()
    assert not found, found


TOGETHER = ("infra", "clients", "browser")
"""Folders whose tests share something costly: one process takes them all. Other folders go file by file."""


class Grouped(LoadScopeScheduling):  # type: ignore[misc]
    """Gives each process whole files, or whole folders, where several share the work (`-n`)."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        folder = file.removeprefix(f"{TESTS.name}/").partition("/")[0]
        return folder if folder in TOGETHER else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Grouped:
    """Have tests shared out in our way; the library's own way of groups does nothing with this pytest."""
    return Grouped(config, log)
