"""The files of a namespace."""

from __future__ import annotations

from pathlib import Path

import pytest
from core_fakes import CoreContext, run
from pydantic import ValidationError

from tiercel.errors import NotFoundError, TaskError
from tiercel.tasks.core.namespace import DeleteFiles, DownloadFiles, PurgeFiles, UploadFiles

ROOT = "kestra:///company/team/_files/"


@pytest.fixture
def ctx(tmp_path: Path) -> CoreContext:
    return CoreContext(tmp_path)


@pytest.fixture
def some(ctx: CoreContext) -> CoreContext:
    for path in ("a.txt", "sub/a.txt", "sub/deep/b.csv", "c.csv"):
        ctx.files.write(ctx.namespace, path, path.encode())
    return ctx


def test_files_are_addressed_by_namespace_and_path(ctx: CoreContext) -> None:
    file = ctx.files.write("company.team", "/sub//a.txt", b"x")
    assert (file.path, file.uri) == ("sub/a.txt", f"{ROOT}sub/a.txt")
    assert ctx.files.read("company.team", "sub/a.txt").read() == b"x"
    assert [found.path for found in ctx.files.list("company.team", "sub")] == ["sub/a.txt"]
    assert list(ctx.files.list("company")) == []
    assert ctx.files.delete("company.team", "sub/a.txt")
    with pytest.raises(NotFoundError):
        ctx.files.read("company.team", "sub/a.txt")


@pytest.mark.parametrize("path", ["../x", "a/../../x", "", "/", "a\\b", "a\0b"])
def test_a_path_that_leads_out_is_refused(ctx: CoreContext, path: str) -> None:
    with pytest.raises(ValueError, match="not a path"):
        ctx.files.write("company.team", path, b"x")


def test_upload_from_the_storage(ctx: CoreContext) -> None:
    uri = ctx.store(b"x", "x.txt")
    outputs = run(UploadFiles, ctx, filesMap={"sub/x.txt": uri, "/y.txt": uri}, destination="/into")
    assert outputs["files"] == {
        "/into/sub/x.txt": f"{ROOT}into/sub/x.txt",
        "/into/y.txt": f"{ROOT}into/y.txt",
    }
    assert ctx.memory.files[f"{ROOT}into/y.txt"] == b"x"
    assert run(UploadFiles, ctx, filesMap=f'{{"z.txt": "{uri}"}}', namespace="company.team")["files"].keys() == {
        "/z.txt"
    }
    assert run(UploadFiles, ctx, files={"old.txt": uri})["files"].keys() == {"/old.txt"}


def test_upload_from_the_working_directory(ctx: CoreContext) -> None:
    (ctx.working_dir / "sub").mkdir()
    for path in ("a.txt", "sub/b.txt", "c.csv"):
        (ctx.working_dir / path).write_text(path)
    assert run(UploadFiles, ctx, files=["*.txt"])["files"].keys() == {"/a.txt", "/sub/b.txt"}
    assert ctx.memory.files[f"{ROOT}sub/b.txt"] == b"sub/b.txt"


def test_upload_of_a_file_that_is_there(some: CoreContext) -> None:
    uri = some.store(b"new", "x.txt")
    with pytest.raises(TaskError, match=r"'/a\.txt' is already"):
        run(UploadFiles, some, filesMap={"a.txt": uri}, conflict="ERROR")
    assert run(UploadFiles, some, filesMap={"a.txt": uri, "n.txt": uri}, conflict="SKIP")["files"].keys() == {"/n.txt"}
    assert some.memory.files[f"{ROOT}a.txt"] == b"a.txt"
    run(UploadFiles, some, filesMap={"a.txt": uri})
    assert some.memory.files[f"{ROOT}a.txt"] == b"new"


def test_upload_refuses_what_leads_out_and_nothing_at_all(ctx: CoreContext) -> None:
    uri = ctx.store(b"x", "x.txt")
    with pytest.raises(TaskError, match="not a path"):
        run(UploadFiles, ctx, filesMap={"../../x": uri})
    with pytest.raises(TaskError, match="neither 'files' nor 'filesMap'"):
        run(UploadFiles, ctx)


@pytest.mark.parametrize(
    ("patterns", "found"),
    [
        ("*.txt", {"/a.txt", "/sub/a.txt"}),
        ("/*.txt", {"/a.txt"}),
        (["sub/**"], {"/sub/a.txt", "/sub/deep/b.csv"}),
        ('["a.txt", "c.csv"]', {"/a.txt", "/sub/a.txt", "/c.csv"}),
        ("glob:**.csv", {"/sub/deep/b.csv", "/c.csv"}),
        ("regex:.*/deep/.*", {"/sub/deep/b.csv"}),
        ([], set()),
        ("none", set()),
    ],
)
def test_download_by_pattern(some: CoreContext, patterns: object, found: set[str]) -> None:
    files = run(DownloadFiles, some, files=patterns)["files"]
    assert set(files) == found
    assert all(some.memory.files[uri].decode() == path[1:] for path, uri in files.items())


def test_download_into_a_folder(some: CoreContext) -> None:
    assert run(DownloadFiles, some, files="/c.csv", destination="in")["files"].keys() == {"/in/c.csv"}


def test_delete_by_pattern(some: CoreContext) -> None:
    outputs = run(DeleteFiles, some, files=["sub/**"], deleteParentFolder=True)
    assert outputs["files"] == {"/sub/a.txt": f"{ROOT}sub/a.txt", "/sub/deep/b.csv": f"{ROOT}sub/deep/b.csv"}
    assert [file.path for file in some.files.list("company.team")] == ["a.txt", "c.csv"]
    assert [(metric.name, metric.value) for metric in some.metrics] == [("deleted", 2.0)]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"behavior": {"type": "version", "keepAmount": 3}, "filePattern": "**/*.csv"},
        {"behavior": {"before": "2100-01-01"}, "namespaces": ["company", "company.team"]},
        {"namespacePattern": "company.*", "includeChildNamespaces": False},
    ],
)
def test_a_purge_of_versions_leaves_the_only_one_and_says_so(some: CoreContext, given: dict[str, object]) -> None:
    before = dict(some.memory.files)
    assert run(PurgeFiles, some, **given) == {"size": 0}
    assert some.memory.files == before
    [(_, line)] = some.logs
    assert "one version" in line
    assert "DeleteFiles" in line


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"namespaces": ["company"], "namespacePattern": "*"}, "exclude each other"),
        ({"behavior": {"type": "version", "keepAmount": 0}}, "greater than or equal to 1"),
        ({"behavior": {"type": "key"}}, "version"),
    ],
)
def test_a_purge_that_cannot_be_meant_is_refused(some: CoreContext, given: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        run(PurgeFiles, some, **given)


def test_a_purge_of_a_namespace_that_is_not_there_fails(some: CoreContext) -> None:
    with pytest.raises(TaskError, match="'elsewhere' does not exist"):
        run(PurgeFiles, some, namespaces=["elsewhere"])
