"""What every object store promises."""

from __future__ import annotations

import io
import time

import pytest

from tiercel.errors import NotFoundError, TiercelError
from tiercel.ports import ObjectStore


def read(objects: ObjectStore, uri: str) -> bytes:
    with objects.open(uri) as file:
        return file.read()


def test_what_is_written_can_be_read(objects: ObjectStore) -> None:
    assert objects.write("kestra:///company/team/data.csv", b"a,b\n") == 4
    assert read(objects, "kestra:///company/team/data.csv") == b"a,b\n"
    assert objects.size("kestra:///company/team/data.csv") == 4


def test_a_stream_can_be_written(objects: ObjectStore) -> None:
    content = bytes(range(256)) * 20000
    assert objects.write("kestra:///big", io.BytesIO(content)) == len(content)
    assert read(objects, "kestra:///big") == content


def test_a_file_can_be_read_in_parts(objects: ObjectStore) -> None:
    objects.write("kestra:///f", b"0123456789")
    with objects.open("kestra:///f") as file:
        file.seek(5)
        assert file.read(2) == b"56"


def test_a_second_write_replaces_the_file(objects: ObjectStore) -> None:
    objects.write("kestra:///f", b"long content")
    objects.write("kestra:///f", b"short")
    assert read(objects, "kestra:///f") == b"short"


def test_a_write_that_breaks_off_leaves_what_was_there(objects: ObjectStore) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise ValueError("the source broke off")

    objects.write("kestra:///f", b"old")
    for uri in ("kestra:///f", "kestra:///g"):
        with pytest.raises(ValueError, match="broke off"):
            objects.write(uri, Broken())
    assert read(objects, "kestra:///f") == b"old"
    assert list(objects.list("kestra:///")) == ["kestra:///f"]


def test_an_empty_file_is_a_file(objects: ObjectStore) -> None:
    assert objects.write("kestra:///empty", b"") == 0
    assert objects.size("kestra:///empty") == 0
    assert list(objects.list("kestra:///")) == ["kestra:///empty"]


def test_a_missing_file_is_not_found(objects: ObjectStore) -> None:
    objects.write("kestra:///a/b", b"")
    for uri in ("kestra:///none", "kestra:///a", "kestra:///a/b/c"):
        with pytest.raises(NotFoundError, match=uri):
            objects.open(uri)
        with pytest.raises(NotFoundError, match=uri):
            objects.size(uri)
        assert objects.delete(uri) is False
        assert objects.local_path(uri) is None


def test_a_deleted_file_is_gone(objects: ObjectStore) -> None:
    objects.write("kestra:///a/b/c", b"")
    objects.write("kestra:///a/d", b"")
    assert objects.delete("kestra:///a/b/c") is True
    assert objects.delete("kestra:///a/b/c") is False
    assert list(objects.list("kestra:///")) == ["kestra:///a/d"]
    objects.write("kestra:///a/b", b"a file where a folder was")


def test_a_list_is_sorted_by_uri_and_keeps_to_its_folder(objects: ObjectStore) -> None:
    names = ["a", "b/x", "b-c", "b/a/z", "b.txt", "bb/x", "é/ü", "b/0", "c\n", "c\rd", "c\v0", "c\t", "c "]
    for name in names:
        objects.write(f"kestra:///{name}", b"")
    everything = sorted(f"kestra:///{name}" for name in names)
    assert list(objects.list("kestra:///")) == everything
    assert list(objects.list("kestra:///b/")) == ["kestra:///b/0", "kestra:///b/a/z", "kestra:///b/x"]
    assert list(objects.list("kestra:///b")) == list(objects.list("kestra:///b/"))
    assert list(objects.list("kestra:///none")) == []
    assert list(objects.list("kestra:///a")) == []


def test_folders_are_named_and_not_what_is_in_them(objects: ObjectStore) -> None:
    for name in ("a/b/c", "a/b/d", "a/e f/g", "a/file", "a/é/x", "top"):
        objects.write(f"kestra:///{name}", b"")
    assert list(objects.folders("kestra:///")) == ["a"]
    assert list(objects.folders("kestra:///a/")) == list(objects.folders("kestra:///a")) == ["b", "e f", "é"]
    assert list(objects.folders("kestra:///a/b")) == list(objects.folders("kestra:///none")) == []
    assert list(objects.folders("kestra:///top")) == []


def test_a_closer_look_tells_how_large_files_are_and_how_old(objects: ObjectStore) -> None:
    began = time.time()
    for name, content in (("a/b.txt", b"12345"), ("a/b/c", b""), ("b", b"1")):
        objects.write(f"kestra:///{name}", content)
    found = list(objects.look("kestra:///a/"))
    assert [(file.uri, file.size) for file in found] == [("kestra:///a/b.txt", 5), ("kestra:///a/b/c", 0)]
    assert all(abs(file.written - began) < 60 for file in found)
    assert [file.uri for file in objects.look("kestra:///")] == list(objects.list("kestra:///"))
    assert list(objects.look("kestra:///none")) == []
    assert objects.describe("kestra:///a/b.txt") == found[0]
    for none in ("a", "a/none", "b/c"):
        with pytest.raises(NotFoundError):
            objects.describe(f"kestra:///{none}")


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "a/b",
        "/etc/passwd",
        "file:///etc/passwd",
        "kestra:",
        "kestra://",
        "kestra:///",
        "kestra://host/a",
        "kestra:////etc/passwd",
        "kestra:///../a",
        "kestra:///a/../../b",
        "kestra:///a/..",
        "kestra:///./a",
        "kestra:///a//b",
        "kestra:///a/",
        "kestra:///a\0b",
        "kestra:///" + "/".join(["n" * 200] * 20),
    ],
)
def test_a_uri_that_leads_elsewhere_is_refused_by_name(objects: ObjectStore, uri: str) -> None:
    for use in (objects.open, objects.size, objects.delete, objects.local_path, lambda bad: objects.write(bad, b"")):
        with pytest.raises(TiercelError) as refused:
            use(uri)
        assert not isinstance(refused.value, NotFoundError)
        assert repr(uri)[1:60] in repr(str(refused.value))


@pytest.mark.parametrize(
    "name", ["..a", "a..", "a b", "ä€", "a\\b", "a:b?c#d%20", "-rf", "...", "~", "a\nb", "\v0\r\f"]
)
def test_an_odd_name_is_a_name(objects: ObjectStore, name: str) -> None:
    uri = f"kestra:///folder/{name}"
    objects.write(uri, name.encode())
    assert read(objects, uri) == name.encode()
    assert list(objects.list("kestra:///folder")) == [uri]


def test_a_long_name_finds_its_own_file(objects: ObjectStore) -> None:
    uris = [f"kestra:///f/{'ä' * 300}{end}" for end in ("1.csv", "2.csv", "")]
    for uri in uris:
        objects.write(uri, uri[-5:].encode())
    assert [read(objects, uri) for uri in uris] == [uri[-5:].encode() for uri in uris]
    listed = list(objects.list("kestra:///f"))
    assert len(listed) == 3
    assert sorted(read(objects, uri) for uri in listed) == sorted(uri[-5:].encode() for uri in uris)


def test_a_local_path_holds_the_content(objects: ObjectStore) -> None:
    objects.write("kestra:///a/b", b"content")
    path = objects.local_path("kestra:///a/b")
    assert path is None or path.read_bytes() == b"content"
