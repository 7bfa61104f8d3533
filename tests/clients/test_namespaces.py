"""kestrapy's `kv`, `files`, `namespaces` and `misc`."""

from __future__ import annotations

import io
import zipfile

import pytest
from kestrapy.exceptions import ApiException, NotFoundException
from kestrapy.models.api_autocomplete import ApiAutocomplete
from kestrapy.models.kv_controller_api_delete_bulk_request import KVControllerApiDeleteBulkRequest

from clients.flows import FAIL, Place, T, by


def test_values_keep_their_types(place: Place) -> None:
    kv, ns = place.client.kv, place.namespace
    for key, text, kind, value in (
        ("text", '"hello"', "STRING", "hello"),
        ("number", "42", "NUMBER", 42),
        ("bool", "true", "BOOLEAN", True),
        ("map", '{"a": [1, 2]}', "JSON", {"a": [1, 2]}),
        ("date", "2026-01-31", "DATE", "2026-01-31"),
        ("duration", "PT5M", "DURATION", "PT5M"),
    ):
        kv.set_key_value(ns, key, T, text)
        found = kv.key_value(ns, key, T)
        assert (found.type.value, found.value) == (kind, value)
    kv.set_key_value(ns, "text", T, '"other"')
    assert kv.key_value(ns, "text", T).value == "other"
    with pytest.raises(NotFoundException):
        kv.key_value(ns, "none", T)
    with pytest.raises(ApiException):
        kv.set_key_value(ns, "bad", T, '{"a":')


def test_keys_are_listed_and_deleted(place: Place) -> None:
    kv, ns = place.client.kv, place.namespace
    for key in ("a", "b", "c"):
        kv.set_key_value(ns, key, T, "1")
    page = kv.list_all_keys(T, page=1, size=2, sort=["key:asc"], filters=place.here())
    assert ([entry.key for entry in page.results], page.total) == (["a", "b"], 3)
    assert page.results[0].namespace == ns
    assert page.results[0].creation_date <= page.results[0].update_date
    assert [entry.key for entry in kv.list_all_keys(T, filters=place.here(by("q", "EQUALS", "c"))).results] == ["c"]
    assert {entry.key for entry in kv.list_keys_with_inheritance(f"{ns}.below", T)} >= {"a", "b", "c"}
    assert kv.delete_key_value(ns, "a", T) is True
    assert kv.delete_key_value(ns, "a", T) is False
    gone = kv.delete_key_values(ns, T, KVControllerApiDeleteBulkRequest(keys=["b", "none"]))
    assert gone.keys == ["b"]


def test_files_of_a_namespace_are_kept(place: Place) -> None:
    files, ns = place.client.files, place.namespace
    assert files.list_namespace_directory_files(ns, T, path="/") == []
    files.create_namespace_file(ns, "/scripts/a.py", T, file_content=b"print(1)")
    files.create_namespace_file(ns, "/scripts/a.py", T, file_content=b"print(2)")
    files.create_namespace_directory(ns, T, path="/empty")
    assert files.file_content(ns, "/scripts/a.py", T) == b"print(2)"
    listed = {each.file_name: each.type.value for each in files.list_namespace_directory_files(ns, T, path="/")}
    assert listed == {"scripts": "Directory", "empty": "Directory"}
    told = files.file_metadatas(ns, T, path="/scripts/a.py")
    assert (told.file_name, told.size, told.type.value) == ("a.py", 8, "File")
    assert told.last_modified_time >= told.creation_time > 1_600_000_000_000
    assert files.file_revisions(ns, T, path="/scripts/a.py")
    assert files.search_namespace_files(ns, "a.p", T) == ["/scripts/a.py"]
    files.move_file_directory(ns, "/scripts/a.py", "/moved/b.py", T)
    assert files.file_content(ns, "/moved/b.py", T) == b"print(2)"
    names = zipfile.ZipFile(io.BytesIO(files.export_namespace_files(ns, T))).namelist()
    assert "moved/b.py" in names
    files.delete_file_directory(ns, "/moved", T)
    with pytest.raises(NotFoundException):
        files.file_content(ns, "/moved/b.py", T)


def test_namespaces_are_found(place: Place) -> None:
    place.deploy(FAIL)
    namespaces = place.client.namespaces
    found = namespaces.namespace(place.namespace, T)
    assert (found.id, found.deleted) == (place.namespace, False)
    page = namespaces.search_namespaces(T, page=1, size=100, sort=["id:asc"], existing=False)
    assert {"clients", place.namespace} <= {each.id for each in page.results}
    assert page.total == len(page.results)
    sought = namespaces.search_namespaces(T, filters=[by("q", "EQUALS", place.namespace)])
    assert [each.id for each in sought.results] == [place.namespace]
    assert place.namespace in namespaces.autocomplete_namespaces(T, ApiAutocomplete(q="clients", ids=[]))
    assert isinstance(namespaces.inherited_variables(place.namespace, T), dict)


def test_the_installation_tells_of_itself(place: Place) -> None:
    shown = place.client.misc.configuration()
    assert shown.version.split(".")[0].isdecimal()
    assert (shown.uuid != "", shown.system_namespace) == (True, "system")
    assert place.client.misc.login_configuration() is not None
    assert place.client.misc.basic_auth_validation_errors() == []


def test_what_only_the_enterprise_edition_has_is_said(place: Place) -> None:
    for ask in (place.client.misc.license_info, lambda: place.client.tenants.tenant("main")):
        with pytest.raises(NotFoundException):
            ask()
