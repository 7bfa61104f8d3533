"""Fixtures of the tests that need a whole emulation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.calling import Cli
from gcp.emulating import Emulation, There, emulating

TOPIC = "orders"
BUCKET = "tiercel-more"


@pytest.fixture(scope="session")
def emulation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulation]:
    """Lend an emulation that runs, one for all tests: with a topic and a bucket more, and a secret."""
    folder = tmp_path_factory.mktemp("emulation")
    with emulating(folder, "--topic", TOPIC, "--bucket", BUCKET, SECRET_WORD="b3Blbg==") as found:
        found.wait()
        yield found


@pytest.fixture
def there(emulation: Emulation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> There:
    """Give the command line on that emulation."""
    for name, value in emulation.settings.items():
        monkeypatch.setenv(name, value)
    return There(tmp_path)


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """Give the command line on a store of its own."""
    return Cli(tmp_path)
