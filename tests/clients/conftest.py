"""One server for all tests of the official clients, and the clients."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from kestrapy.kestra_client import KestraClient

from clients.flows import Place
from serving import Server, serving

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run a server that asks nobody for credentials."""
    with serving(tmp_path_factory.mktemp("clients") / "store") as running:
        yield running


@pytest.fixture(scope="session")
def client(server: Server) -> Iterator[KestraClient]:
    """Return kestrapy, unchanged."""
    with KestraClient(host=server.url, timeout=60) as made:
        yield made


@pytest.fixture
def place(client: KestraClient) -> Place:
    """Return a namespace that no other test uses."""
    return Place(client, f"clients.n{next(_numbers)}")
