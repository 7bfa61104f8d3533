"""What namespaces keep, over every store: descriptions and variables, keys, and files with their folders."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from contracts.places import Place
from tiercel.errors import ConflictError, NotFoundError
from tiercel.model.durations import parse_duration
from tiercel.namespaces.files import NamespaceFiles
from tiercel.namespaces.keyvalues import ExpiredError
from tiercel.namespaces.records import NamespaceRecord, Namespaces
from tiercel.namespaces.storekeys import StoreKeyValues
from tiercel.ports import ObjectStore, StateStore


@pytest.fixture
def files(objects: ObjectStore) -> NamespaceFiles:
    """Return the files of a namespace with a few in it."""
    found = NamespaceFiles(objects)
    for path in ("a.txt", "dir/b", "dir/deep/c", "dirt"):
        found.write("n.s", path, path.encode())
    found.write("n", "above", b"")
    return found


def paths(files: NamespaceFiles) -> Sequence[str]:
    """Return the paths of all files."""
    return [file.path for file in files.list("n.s")]


def test_variables_are_laid_over_those_above(store: StateStore) -> None:
    namespaces = Namespaces(store)
    namespaces.create(NamespaceRecord("n", "", {"a": 1, "b": {"c": 1, "d": 1}}))
    namespaces.put(NamespaceRecord("n.s", "", {"b": {"c": 2}}))
    namespaces.put(NamespaceRecord("ns", "", {"a": 9}))
    assert namespaces.variables("n.s.t") == namespaces.variables("n.s") == {"a": 1, "b": {"c": 2, "d": 1}}
    assert namespaces.inherited("n.s") == {"a": 1, "b": {"c": 1, "d": 1}}
    assert namespaces.inherited("n") == namespaces.variables("other") == {}
    with pytest.raises(ConflictError):
        namespaces.create(NamespaceRecord("n.s"))
    namespaces.delete("n")
    assert [record.id for record in namespaces.all()] == ["n.s", "ns"]
    with pytest.raises(NotFoundError):
        namespaces.delete("n")


def test_keys_of_all_namespaces_are_listed_until_they_expire(place: Place) -> None:
    keys = StoreKeyValues(place.store, place.clock)
    keys.set("n", "a", 1)
    keys.set("n.s", "b", "x", ttl=parse_duration("PT1H"))
    assert {(namespace, entry.key) for namespace, entry in keys.all()} == {("n", "a"), ("n.s", "b")}
    place.clock.advance(3600)
    assert [(namespace, entry.key) for namespace, entry in keys.all()] == [("n", "a")]
    with pytest.raises(ExpiredError):
        keys.get("n.s", "b")
    assert keys.get("n.s", "b") is None


def test_folders_show_what_is_in_them(files: NamespaceFiles) -> None:
    assert [(each.path, each.is_folder, each.size) for each in files.children("n.s")] == [
        ("a.txt", False, 5),
        ("dir", True, 0),
        ("dirt", False, 4),
    ]
    assert [each.path for each in files.children("n.s", "/dir/")] == ["dir/b", "dir/deep"]
    assert files.entry("n.s", "dir").written >= files.entry("n.s", "dir/b").written > 0
    assert files.children("none") == []
    for path in ("none", "a.tx", "di"):
        with pytest.raises(NotFoundError):
            files.children("n.s", path)
        with pytest.raises(NotFoundError):
            files.entry("n.s", path)


def test_a_folder_is_made_kept_and_gone_with_its_last_file(files: NamespaceFiles) -> None:
    files.make_folder("n.s", "made/empty")
    assert files.children("n.s", "made/empty") == []
    assert "made" in [each.path for each in files.children("n.s")]
    assert len(paths(files)) == len(list(files.entries("n.s"))) == 4
    files.write("n.s", "made/empty/x", b"")
    files.remove("n.s", "made/empty/x")
    assert "made" not in [each.path for each in files.children("n.s")]
    files.remove("n.s", "dir")
    assert paths(files) == ["a.txt", "dirt"]
    with pytest.raises(NotFoundError):
        files.remove("n.s", "dir")
    files.remove("n.s", "")
    assert paths(files) == []
    assert [file.path for file in files.list("n")] == ["above"]


def test_a_folder_is_moved_and_nothing_is_lost(files: NamespaceFiles) -> None:
    files.move("n.s", "dir", "new/place")
    assert paths(files) == ["a.txt", "dirt", "new/place/b", "new/place/deep/c"]
    for source, target in (("a.txt", "dirt"), ("new", "a.txt"), ("new", "new/place/x"), ("a.txt", "dirt/x")):
        with pytest.raises(ConflictError):
            files.move("n.s", source, target)
    with pytest.raises(NotFoundError):
        files.move("n.s", "none", "x")
    assert paths(files) == ["a.txt", "dirt", "new/place/b", "new/place/deep/c"]
    for path in ("new/place", "a.txt/x"):
        with pytest.raises(ConflictError):
            files.check_places("n.s", [path])
