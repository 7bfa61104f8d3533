"""What the plugin tests share: one PostgreSQL server for all of them, started when the first asks for it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for a run of this folder alone

from postgres import PostgresServer, postgres_server, programs


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """Run a PostgreSQL server on a TCP port of this machine."""
    if programs() is None and not os.environ.get("CI"):
        pytest.skip("pgserver is not installed")
    with postgres_server() as server:
        yield server
