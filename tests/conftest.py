"""What the tests of several folders share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from postgres import PostgresServer, postgres_server, programs

TESTS = Path(__file__).parent


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


TOGETHER = ("infra", "clients", "browser")
"""Folders whose tests share something costly: one process takes them all. Other folders go file by file."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tell which tests one process takes, where several share the work (`--dist loadgroup`)."""
    for item in items:
        folder = item.path.relative_to(TESTS).parts[0]
        item.add_marker(pytest.mark.xdist_group(folder if folder in TOGETHER else str(item.path)))
