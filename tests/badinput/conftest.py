"""Fixtures of the tests of bad input."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.calling import Cli


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """Give the command line on a store of its own."""
    return Cli(tmp_path)
