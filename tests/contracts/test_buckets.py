"""The buckets of others, as the service itself copies, moves and removes their objects."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from emulators import fresh_project, storage
from tiercel.adapters.gcp.buckets import GcsBuckets
from tiercel.adapters.gcp.objects import BucketObjects, connect
from tiercel.errors import TiercelError
from tiercel.model.addresses import Address, Version

URI = "kestra:///n/f/executions/e/trigger/w/a b#c.csv"


class Place:
    """An internal storage, and two buckets of somebody else's."""

    def __init__(self) -> None:
        self.client = connect(storage())
        self.name = fresh_project()
        for suffix in ("own", "in", "out"):
            self.client.create_bucket(f"{self.name}-{suffix}")
        self.objects = BucketObjects(f"{self.name}-own", prefix="storage/", host=storage())
        self.buckets = GcsBuckets(self.objects)

    def put(self, name: str, content: bytes) -> Version:
        """Upload an object."""
        blob = self.client.bucket(f"{self.name}-in").blob(name)
        blob.upload_from_string(content)
        return Version(f"{self.name}-in", name, str(blob.generation))

    def content(self, suffix: str, name: str) -> bytes | None:
        """Return what an object holds; None where there is none."""
        blob = self.client.bucket(f"{self.name}-{suffix}").blob(name)
        return bytes(blob.download_as_bytes()) if blob.exists() else None


@pytest.fixture
def place() -> Iterator[Place]:
    """Give fresh buckets."""
    made = Place()
    yield made
    made.objects.close()
    made.client.close()


@pytest.mark.parametrize("content", [b"", b"a,b\n", b"x" * (9 << 20)])
def test_a_copy_is_a_file_of_the_internal_storage(place: Place, content: bytes) -> None:
    source = place.put("in/a b#c.csv", content)
    assert place.buckets.copy(source, URI)
    assert place.buckets.copy(source, URI)
    assert place.objects.open(URI).read() == content
    assert place.content("in", "in/a b#c.csv") == content


def test_a_copy_of_what_is_gone_is_none(place: Place) -> None:
    assert not place.buckets.copy(Version(f"{place.name}-in", "nothing", "7"), URI)
    assert not place.buckets.copy(Version(f"{place.name}-in", "nothing"), URI)


def test_an_object_is_moved_once(place: Place) -> None:
    source = place.put("in/a.csv", b"a")
    to = Address(f"{place.name}-out", "done/a.csv")
    place.buckets.move(source, to)
    place.buckets.move(source, to)
    assert place.content("out", "done/a.csv") == b"a"
    assert place.content("in", "in/a.csv") is None


def test_an_object_that_cannot_be_moved_stays_and_the_error_says_why(place: Place) -> None:
    source = place.put("in/a.csv", b"a")
    with pytest.raises(TiercelError, match="nowhere"):
        place.buckets.move(source, Address("nowhere", "a.csv"))
    assert place.content("in", "in/a.csv") == b"a"


def test_an_object_is_deleted_once(place: Place) -> None:
    source = place.put("in/a.csv", b"a")
    place.buckets.delete(source)
    place.buckets.delete(source)
    assert place.content("in", "in/a.csv") is None
