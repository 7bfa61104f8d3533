"""Fixtures of the tests of bad input."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.calling import Cli
from postgres import PostgresServer, postgres_server, programs


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the settings of whoever runs the tests out of them."""
    for name in ("TIERCEL_STORE", "TIERCEL_DEBUG", "TIERCEL_ENCRYPTION_KEY", "TIERCEL_WORKERS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """Give the command line on a store of its own."""
    return Cli(tmp_path)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """Run a PostgreSQL server on a TCP port of this machine."""
    if programs() is None and not os.environ.get("CI"):
        pytest.skip("pgserver is not installed")
    with postgres_server() as server:
        yield server
