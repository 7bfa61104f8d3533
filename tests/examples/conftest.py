"""Fixtures of the example flows."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.calling import Cli
from examples.places import Database, new_database, store_with
from postgres import PostgresServer


@pytest.fixture
def database(postgres: PostgresServer) -> Database:
    """Give an empty database."""
    return new_database(postgres, "examples")


@pytest.fixture(scope="session")
def cache(pytestconfig: pytest.Config) -> Path:
    """Give the folder with the environments of scripts; it outlives the session, and `make clean` removes it."""
    return pytestconfig.cache.mkdir("tiercel-environments").absolute()


@pytest.fixture
def cli(tmp_path: Path, cache: Path) -> Cli:
    """Give the command line on a store of its own."""
    return store_with(cache, tmp_path)
