"""Fixtures of the contract suites."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.places import PLACES, LocalPlace, Place
from tiercel.ports import MessageBus, ObjectStore, StateStore


@pytest.fixture(params=sorted(PLACES))
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Each place in turn, empty."""
    place = PLACES[request.param](tmp_path)
    yield place
    place.close()


@pytest.fixture
def store(place: Place) -> StateStore:
    return place.store


@pytest.fixture
def bus(place: Place) -> MessageBus:
    return place.bus


@pytest.fixture
def objects(place: Place) -> ObjectStore:
    return place.objects


@pytest.fixture
def local(tmp_path: Path) -> Iterator[LocalPlace]:
    """Give the local place, for what only it promises."""
    place = LocalPlace(tmp_path)
    yield place
    place.close()
