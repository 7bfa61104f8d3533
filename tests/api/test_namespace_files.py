"""The files of namespaces, over HTTP."""

from __future__ import annotations

import io
import time
import zipfile
from typing import Any
from urllib.parse import quote

import pytest

from api.driving import LOG, RETURN, Api
from tiercel.authoring import bundles

FILES = "/namespaces/company.data/files"
END = b"PK\5\6" + bytes(8) + (52_000).to_bytes(4, "little") + bytes(6)
"""The end of a ZIP whose list of files has 52,000 bytes."""
FLOW = f"id: f\nnamespace: elsewhere\ntasks:\n  - {{id: log, type: {LOG}, message: hello}}\n"


def write(api: Api, path: str, content: bytes | str = b"x", name: str = "file", files: str = FILES) -> Any:
    """Upload a file; return the answer."""
    text = content.encode() if isinstance(content, str) else content
    return api.send("POST", f"{files}?path={quote(path)}", data={"fileContent": (io.BytesIO(text), name)})


def wrote(api: Api, path: str, content: bytes | str = b"x", name: str = "file", files: str = FILES) -> None:
    """Upload a file, which must succeed."""
    response = write(api, path, content, name, files)
    assert (response.status_code, response.data) == (200, b""), response.get_data(as_text=True)


def done(api: Api, method: str, path: str) -> None:
    """Send a request that must succeed and gives nothing."""
    response = api.send(method, f"{FILES}{path}")
    assert (response.status_code, response.data) == (200, b""), response.get_data(as_text=True)


def content(api: Api, path: str) -> bytes:
    """Return a file's content."""
    response = api.send("GET", f"{FILES}?path={quote(path)}")
    assert response.status_code == 200, response.get_data(as_text=True)
    return bytes(response.data)


def listed(api: Api, folder: str = "/") -> list[tuple[str, str]]:
    """Return the names and types of what is in a folder."""
    return [(each["fileName"], each["type"]) for each in api.get(f"{FILES}/directory?path={folder}")]


def zipped(files: dict[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a ZIP with these files."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", method) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return sink.getvalue()


@pytest.fixture
def files(api: Api) -> Api:
    """Write a few files."""
    for path in ("/a.txt", "/dir/b.py", "/dir/deep/c.csv", "/dirt"):
        wrote(api, path, path)
    return api


def test_a_file_is_written_read_and_written_again(api: Api) -> None:
    wrote(api, "/dir/ä b.py", "one")
    assert content(api, "dir/ä b.py") == b"one"
    wrote(api, "//dir/./ä b.py", "two")
    response = api.send("GET", f"{FILES}?path=/dir/%C3%A4%20b.py&revision=1")
    assert response.data == b"two"
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert (response.content_type, response.headers["Content-Length"]) == ("application/octet-stream", "3")
    api.fails(404, "GET", f"{FILES}?path=/dir/%C3%A4%20b.py&revision=2")
    api.fails(404, "GET", f"{FILES}?path=/dir")
    api.fails(404, "GET", "/namespaces/company/files?path=/dir/b.py")


def test_a_flow_reads_what_was_written(api: Api) -> None:
    wrote(api, "/greeting.txt", "hello", files="/namespaces/t/files")
    api.deploy(f"tasks: [{{id: say, type: {RETURN}, format: \"{{{{ read('greeting.txt') }}}}\"}}]")
    assert api.get(f"/executions/{api.run()}")["taskRunList"][0]["outputs"]["value"] == "hello"


def test_a_body_is_a_form_or_nothing(api: Api) -> None:
    done(api, "POST", "?path=/empty")
    assert content(api, "/empty") == b""
    assert api.send("POST", f"{FILES}?path=/text", data={"fileContent": "typed"}).status_code == 200
    assert content(api, "/text") == b"typed"
    assert "multipart" in api.fails(422, "POST", f"{FILES}?path=/raw", data=b"raw")["message"]
    form = {"file": (io.BytesIO(b"x"), "x")}
    assert "'fileContent'" in api.fails(422, "POST", f"{FILES}?path=/other", data=form)["message"]
    assert "'path'" in api.fails(400, "POST", FILES)["message"]
    assert api.get(f"{FILES}/search") == ["/empty", "/text"]


@pytest.mark.parametrize(
    "path",
    [
        "/../x",
        "..",
        "/a/../../x",
        "a\\..\\x",
        "C:\\x",
        "/a\0b",
        "/%2e%2e/x",
        "/a/%2E%2e%2Fx",
        "/%5cx",
        "/a%00",
        "kestra:///company/_files/x",
        "file:///etc/passwd",
        "/a\nb",
        "/.tiercel-folder",
        "/_flows/a/b.yml",
        "/_flows",
        "/",
    ],
)
def test_paths_that_lead_elsewhere_are_refused(files: Api, path: str) -> None:
    for method, where in (("POST", "?path="), ("POST", "/directory?path="), ("PUT", "?from=/a.txt&to=")):
        assert files.send(method, f"{FILES}{where}{quote(path)}").status_code in (400, 422)
    for method, where in (("GET", "?path="), ("PUT", "?to=/z&from="), ("GET", "/revisions?path=")):
        assert files.send(method, f"{FILES}{where}{quote(path)}").status_code in (400, 422)
    if path.strip("/") and not path.startswith("/_flows"):
        for method, where in (("DELETE", ""), ("GET", "/stats"), ("GET", "/directory")):
            assert files.send(method, f"{FILES}{where}?path={quote(path)}").status_code == 422
    assert files.get(f"{FILES}/search") == ["/a.txt", "/dir/b.py", "/dir/deep/c.csv", "/dirt"]


@pytest.mark.parametrize("namespace", ["%2e%2e", "a%2F..%2Fb", "a..b", "a._files.b", "%00", "a%5Cb", "-a", "a" * 151])
def test_namespaces_that_lead_elsewhere_are_refused(api: Api, namespace: str) -> None:
    assert write(api, "/x", files=f"/namespaces/{namespace}/files").status_code == 422


def test_a_path_that_is_too_long_is_refused(api: Api) -> None:
    assert "shorten" in write(api, "/d" * 2000).json["message"]


def test_a_folder_shows_what_is_directly_in_it(files: Api) -> None:
    assert listed(files) == [("a.txt", "File"), ("dir", "Directory"), ("dirt", "File")]
    assert listed(files, "/dir/") == [("b.py", "File"), ("deep", "Directory")]
    assert files.get("/namespaces/company/files/directory") == []
    assert files.get("/namespaces/unused/files/directory?path=/") == []
    files.fails(404, "GET", f"{FILES}/directory?path=/none")


def test_a_file_and_a_folder_tell_their_size_and_time(files: Api) -> None:
    file = files.get(f"{FILES}/stats?path=/dir/b.py")
    assert (file["fileName"], file["type"], file["size"]) == ("b.py", "File", 9)
    assert abs(file["lastModifiedTime"] / 1000 - time.time()) < 60
    assert file["creationTime"] == file["lastModifiedTime"]
    folder = files.get(f"{FILES}/stats?path=/dir")
    assert (folder["fileName"], folder["type"]) == ("dir", "Directory")
    assert folder["lastModifiedTime"] >= file["lastModifiedTime"]
    assert files.get("/namespaces/unused/files/stats")["type"] == "Directory"
    files.fails(404, "GET", f"{FILES}/stats?path=/non")
    assert files.get(f"{FILES}/revisions?path=/a.txt") == [{"revision": 1}]
    files.fails(404, "GET", f"{FILES}/revisions?path=/dir")


def test_a_folder_that_was_made_stays_until_it_is_emptied(api: Api) -> None:
    done(api, "POST", "/directory?path=/made/inside")
    done(api, "POST", "/directory?path=/made/inside")
    assert listed(api) == [("made", "Directory")]
    assert listed(api, "/made/inside") == []
    assert api.get(f"{FILES}/search") == []
    wrote(api, "/made/inside/x")
    assert listed(api, "/made/inside") == [("x", "File")]
    done(api, "DELETE", "?path=/made/inside/x")
    assert listed(api) == []
    done(api, "POST", "/directory?path=/made")
    done(api, "DELETE", "?path=/made")
    assert listed(api) == []


def test_a_file_and_a_folder_cannot_have_one_name(files: Api) -> None:
    for path in ("/a.txt/x", "/dir"):
        assert write(files, path).status_code == 409
    files.fails(409, "POST", f"{FILES}/directory?path=/a.txt")
    done(files, "POST", "/directory?path=/dir")


def test_what_is_removed_takes_emptied_folders_along(files: Api) -> None:
    done(files, "DELETE", "?path=/dir/deep/c.csv")
    assert listed(files, "/dir") == [("b.py", "File")]
    done(files, "DELETE", "?path=dir")
    assert listed(files) == [("a.txt", "File"), ("dirt", "File")]
    files.fails(404, "DELETE", f"{FILES}?path=/dir")
    done(files, "DELETE", "?path=/")
    assert listed(files) == []
    done(files, "DELETE", "?path=/")


def test_a_file_and_a_folder_are_moved(files: Api) -> None:
    done(files, "PUT", "?from=/a.txt&to=/new/name.txt")
    assert content(files, "/new/name.txt") == b"/a.txt"
    done(files, "PUT", "?from=/dir&to=/new/dir")
    assert files.get(f"{FILES}/search") == ["/dirt", "/new/dir/b.py", "/new/dir/deep/c.csv", "/new/name.txt"]
    assert listed(files) == [("dirt", "File"), ("new", "Directory")]
    done(files, "PUT", "?from=/dirt&to=/dirt")
    assert content(files, "/dirt") == b"/dirt"


@pytest.mark.parametrize(
    ("source", "target", "status"),
    [
        ("/none", "/x", 404),
        ("/none", "/none", 404),
        ("/a.txt", "/dirt", 409),
        ("/a.txt", "/dir", 409),
        ("/dir", "/a.txt", 409),
        ("/dir", "/dir/deep/x", 409),
        ("/dir", "/a.txt/x", 409),
    ],
)
def test_a_move_never_loses_anything(files: Api, source: str, target: str, status: int) -> None:
    files.fails(status, "PUT", f"{FILES}?from={source}&to={target}")
    assert files.get(f"{FILES}/search") == ["/a.txt", "/dir/b.py", "/dir/deep/c.csv", "/dirt"]


def test_paths_are_searched(files: Api) -> None:
    assert files.get(f"{FILES}/search?q=DEEP/c") == ["/dir/deep/c.csv"]
    assert files.get(f"{FILES}/search?q=none") == []


def test_a_zip_is_unpacked_and_packed_again(api: Api) -> None:
    wrote(api, "/ignored", zipped({"b/c.txt": "c", "d.bin": bytes(300_000), "_flows/f.yml": FLOW, "e/": ""}), "all.ZIP")
    assert api.get(f"{FILES}/search") == ["/b/c.txt", "/d.bin"]
    assert api.get("/flows/company.data/f")["source"] == FLOW.replace("elsewhere", "company.data")
    api.fails(404, "GET", "/flows/elsewhere/f")
    response = api.send("GET", f"{FILES}/export")
    assert response.headers["Content-Disposition"] == "attachment; filename=company.data_files.zip"
    with zipfile.ZipFile(io.BytesIO(response.data)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["b/c.txt", "d.bin", "_flows/f.yml"]
        assert archive.read("d.bin") == bytes(300_000)
        assert archive.infolist()[0].date_time[0] >= 2024
    wrote(api, "/any", response.data, "back.zip", "/namespaces/copy/files")
    assert api.get("/namespaces/copy/files/search") == ["/b/c.txt", "/d.bin"]
    assert api.get("/flows/copy/f")["revision"] == 1


@pytest.mark.parametrize(
    "name", ["../x", "/etc/x", "a\\b", "a/../../x", "C:/x", "x/.tiercel-folder", "_flows/a/b.yml", "a.txt/x", "dir"]
)
def test_a_zip_with_a_wrong_name_writes_nothing(files: Api, name: str) -> None:
    response = write(files, "/x", zipped({"good": "x", "_flows/f.yml": FLOW, name: FLOW}), "x.zip")
    assert response.status_code in (409, 422), response.get_data(as_text=True)
    assert files.get(f"{FILES}/search") == ["/a.txt", "/dir/b.py", "/dir/deep/c.csv", "/dirt"]
    assert files.get("/flows/company.data") == []


def test_a_zip_with_a_wrong_flow_writes_nothing(api: Api) -> None:
    response = write(api, "/x", zipped({"good": "x", "_flows/f.yml": FLOW, "_flows/g.yml": "id: g"}), "x.zip")
    assert response.status_code == 422
    assert "_flows/g.yml" in response.json["message"]
    assert api.get("/flows/company.data") == api.get(f"{FILES}/search") == []


def test_a_zip_bomb_writes_nothing(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "MOST_BYTES", 1_000_000)
    monkeypatch.setattr(bundles, "MOST_ENTRIES", 100)
    bombs = {
        "over the limit": zipped({"a": bytes(600_000), "b": bytes(600_000)}),
        "of another method": zipped({"a": bytes(100_000)}, zipfile.ZIP_BZIP2),
        "that says less than it holds": zipped({"a": bytes(600_000)}).replace(
            (600_000).to_bytes(4, "little"), (10).to_bytes(4, "little")
        ),
        "with a list of files that never ends": zipped({"a": "a" * 10}).replace(b"PK\5\6", b"PK\1\2" * 13_000 + END),
        "that is none": b"PK no zip",
        "of nothing": b"",
    }
    for what, bomb in bombs.items():
        assert write(api, "/x", bomb, "x.zip").status_code == 422, what
    assert api.get(f"{FILES}/search") == []


def test_a_file_below_flows_is_deployed(api: Api) -> None:
    wrote(api, "/_flows/f.yml", FLOW)
    assert api.get("/flows/company.data/f")["id"] == "f"
    assert "id" in write(api, "/_flows/g.yml", "namespace: company.data").json["message"]
    assert api.get(f"{FILES}/search") == []
