"""The API over an embedded runtime, without a socket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.test import Client

from api.driving import Api
from tiercel.api.app import Application
from tiercel.api.site import Site
from tiercel.runtime import Runtime, embedded


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    """Run the embedded runtime on a fresh store."""
    with embedded(tmp_path / "store") as started:
        yield started


@pytest.fixture
def site(runtime: Runtime) -> Site:
    """Return the installation behind its door."""
    return Site(runtime)


@pytest.fixture
def client(site: Site) -> Client:
    """Return a client of the API."""
    return Client(Application(site))


@pytest.fixture
def api(runtime: Runtime) -> Api:
    """Return a client that deploys flows, and reads answers as JSON."""
    return Api(runtime, Site(runtime, url="http://tiercel.test", longest_wait=20.0))
