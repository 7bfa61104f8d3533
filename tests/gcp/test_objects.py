"""What the bucket does beyond the port: portions, names, its prefix."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from google.api_core.exceptions import Forbidden, ServiceUnavailable
from google.cloud._http import JSONConnection

from contracts.places import GcpObjects
from emulators import fresh_project, storage
from tiercel.adapters.gcp.objects import LONGEST_NAME, PORTION, BucketObjects
from tiercel.errors import NotFoundError, TiercelError


@pytest.fixture
def objects() -> Iterator[GcpObjects]:
    objects = GcpObjects(fresh_project(), prefix="a prefix/", host=storage())
    objects.make_bucket()
    yield objects
    objects.close()


class Trickle(io.RawIOBase):
    """A source that cannot seek, and gives less than is asked for."""

    def __init__(self, size: int) -> None:
        self._left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        count = min(len(buffer), self._left, 700_001)
        buffer[:count] = b"x" * count
        self._left -= count
        return count


@pytest.mark.parametrize("size", [0, 1, PORTION - 1, PORTION, PORTION + 1, 2 * PORTION, 2 * PORTION + 1])
def test_a_file_of_any_size_is_written_and_read_whole(objects: GcpObjects, size: int) -> None:
    assert objects.write("kestra:///s", Trickle(size)) == size  # type: ignore[arg-type]
    assert objects.size("kestra:///s") == size
    with objects.open("kestra:///s") as file:
        assert file.read() == b"x" * size
    assert objects.write("kestra:///b", b"y" * size) == size
    assert objects.size("kestra:///b") == size


def test_a_source_is_read_from_where_it_stands(objects: GcpObjects) -> None:
    source = io.BytesIO(b"0" * 10 + b"1" * (PORTION + 5))
    source.seek(10)
    assert objects.write("kestra:///f", source) == PORTION + 5
    with objects.open("kestra:///f") as file:
        assert file.read(3) == b"111"


def test_a_large_source_that_breaks_off_late_leaves_what_was_there(objects: GcpObjects) -> None:
    class Broken(Trickle):
        def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
            count = super().readinto(buffer)
            if not count:
                raise ValueError("the source broke off")
            return count

    objects.write("kestra:///f", b"old")
    with pytest.raises(ValueError, match="broke off"):
        objects.write("kestra:///f", Broken(2 * PORTION + 100))  # type: ignore[arg-type]
    with objects.open("kestra:///f") as file:
        assert file.read() == b"old"


def test_a_file_is_read_by_lines_and_from_its_end(objects: GcpObjects) -> None:
    lines = [b"line %d\n" % number for number in range(100_000)]
    objects.write("kestra:///f", b"".join(lines))
    with objects.open("kestra:///f") as file:
        assert list(file) == lines
        assert file.seek(-len(lines[-1]), io.SEEK_END) == len(b"".join(lines[:-1]))
        assert file.read() == lines[-1]
        assert file.read(10) == b""
        file.seek(10**9)
        assert file.read() == b""


def test_a_file_that_is_removed_while_it_is_open_is_not_found(objects: GcpObjects) -> None:
    objects.write("kestra:///f", b"content")
    with objects.open("kestra:///f") as file:
        objects.delete("kestra:///f")
        with pytest.raises(NotFoundError, match="kestra:///f"):
            file.read()


def test_a_file_is_read_as_it_was_when_it_was_opened(objects: GcpObjects, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def download(blob: Any, **others: object) -> bytes:
        asked.append(blob.generation)
        return b"old"

    monkeypatch.setattr("google.cloud.storage.Blob.download_as_bytes", download)
    objects.write("kestra:///f", b"old")
    generation = objects._bucket.get_blob("a prefix/f").generation
    with objects.open("kestra:///f") as file:
        objects.write("kestra:///f", b"new")
        assert file.read() == b"old"
    assert asked == [generation], "the service gives this one or none; the emulator always gives the newest"


def test_everything_lies_below_the_prefix(objects: GcpObjects) -> None:
    objects.write("kestra:///a/b", b"")
    names = [blob.name for blob in objects._client.list_blobs(objects._bucket)]
    assert names == ["a prefix/a/b"]
    elsewhere = BucketObjects(objects._bucket.name, prefix="other/", host=storage())
    assert list(elsewhere.list("kestra:///")) == []
    elsewhere.close()


def test_objects_that_cannot_be_files_are_not_listed(objects: GcpObjects) -> None:
    for name in ("a prefix/", "a prefix/folder/", "a prefix/a//b", "elsewhere", "a prefix/good"):
        objects._bucket.blob(name).upload_from_string(b"")
    assert list(objects.list("kestra:///")) == ["kestra:///good"]


def test_a_list_that_breaks_off_is_never_short(objects: GcpObjects, monkeypatch: pytest.MonkeyPatch) -> None:
    objects.write("kestra:///a", b"")
    ask: Any = JSONConnection.api_request
    failures = [ServiceUnavailable("busy"), None, *[Forbidden("no")] * 9]

    def asked(*given: Any, **named: Any) -> Any:
        failure = failures.pop(0)
        if failure is not None:
            raise failure
        return ask(*given, **named)

    monkeypatch.setattr(JSONConnection, "api_request", asked)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    assert list(objects.list("kestra:///")) == ["kestra:///a"]
    with pytest.raises(TiercelError, match="refuses"):
        list(objects.list("kestra:///"))


def test_a_name_longer_than_a_bucket_takes_is_refused(objects: GcpObjects) -> None:
    room = LONGEST_NAME - len("a prefix/")
    path = "/".join(["n" * 100] * 11)[:room]
    objects.write(f"kestra:///{path[: room - 1]}", b"")
    with pytest.raises(TiercelError, match=f"the path has over {room} bytes; shorten it"):
        objects.write(f"kestra:///{path}n", b"")


def test_a_bucket_that_is_not_there_is_named() -> None:
    objects = BucketObjects("no-such-bucket", host=storage())
    with pytest.raises(TiercelError, match="the bucket no-such-bucket refuses"):
        objects.write("kestra:///f", b"")
    with pytest.raises(TiercelError, match="the bucket no-such-bucket refuses"):
        list(objects.list("kestra:///"))
    objects.close()
