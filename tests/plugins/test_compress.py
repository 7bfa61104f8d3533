"""Archives and compressed files (plugin specification, 9)."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from pathlib import Path

import pytest
import zstandard
from fake_context import FakeContext
from pydantic import ValidationError

from tiercel.errors import TaskError
from tiercel.model.states import Level
from tiercel.tasks.compress import limits
from tiercel.tasks.compress.archives import ArchiveCompress, ArchiveDecompress
from tiercel.tasks.compress.files import FileCompress, FileDecompress
from tiercel.tasks.compress.streams import ENDINGS

CONTENT = b"some text\n" * 300_000


@pytest.fixture
def ctx(tmp_path: Path) -> FakeContext:
    return FakeContext(tmp_path)


def zipped(files: dict[str, bytes]) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return whole.getvalue()


def tarred(files: dict[str, bytes], *others: tarfile.TarInfo) -> bytes:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for info in others:
            archive.addfile(info)
    return whole.getvalue()


def taken_out(ctx: FakeContext, content: bytes, **properties: object) -> dict[str, bytes]:
    files = ctx.run(ArchiveDecompress, **{"from": ctx.put("in", content), **properties})["files"]
    return {path: ctx.content(uri) for path, uri in files.items()}


# ------------------------------------------------------------------ single files


@pytest.mark.parametrize(
    ("compression", "content"),
    [
        ("GZIP", gzip.compress(CONTENT)),
        ("GZIP", gzip.compress(CONTENT[:10]) + gzip.compress(CONTENT[10:])),
        ("BZIP2", bz2.compress(CONTENT)),
        ("XZ", lzma.compress(CONTENT)),
        ("LZMA", lzma.compress(CONTENT, format=lzma.FORMAT_ALONE)),
        ("DEFLATE", zlib.compress(CONTENT)),
        ("ZSTD", zstandard.compress(CONTENT[:10]) + zstandard.compress(CONTENT[10:])),
    ],
)
def test_a_file_that_others_compressed_is_read(ctx: FakeContext, compression: str, content: bytes) -> None:
    uri = ctx.run(FileDecompress, **{"from": ctx.put("a.csv.x", content), "compression": compression})["uri"]
    assert ctx.content(uri) == CONTENT
    assert str(uri).endswith(".csv")


@pytest.mark.parametrize("compression", ENDINGS)
def test_what_is_compressed_reads_back(ctx: FakeContext, compression: str) -> None:
    for content in (CONTENT, b""):
        packed = ctx.run(FileCompress, **{"from": ctx.put("a.csv", content), "compression": compression})["uri"]
        assert str(packed).endswith(f".csv{ENDINGS[compression]}")  # type: ignore[index]
        assert len(ctx.content(packed)) < 10_000
        assert ctx.content(ctx.run(FileDecompress, **{"from": packed, "compression": compression})["uri"]) == content


@pytest.mark.parametrize("compression", ENDINGS)
@pytest.mark.parametrize("content", [b"no such file", gzip.compress(CONTENT)[:-100]])
def test_a_file_that_is_not_what_it_should_be_is_named(ctx: FakeContext, compression: str, content: bytes) -> None:
    with pytest.raises(TaskError, match=r"in' cannot be read: .*check that algorithm and compression"):
        ctx.run(FileDecompress, **{"from": ctx.put("in", content), "compression": compression})


def test_a_compression_that_is_not_there_says_which_are(ctx: FakeContext) -> None:
    with pytest.raises(TaskError, match="compression SNAPPY is not there yet; wanted one of GZIP, "):
        ctx.run(FileCompress, **{"from": ctx.put("in", b""), "compression": "SNAPPY"})
    with pytest.raises(ValidationError):
        ctx.run(FileCompress, **{"from": ctx.put("in", b""), "compression": "RAR"})


def test_a_bomb_is_stopped(ctx: FakeContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HARMLESS", 1000)
    content = gzip.compress(bytes(20_000_000))
    with pytest.raises(TaskError, match=rf"more than {len(content) * 1000} bytes come out"):
        ctx.run(FileDecompress, **{"from": ctx.put("in", content), "compression": "GZIP"})


# ------------------------------------------------------------------ archives

FILES = {"a.txt": b"1", "deep/er/b c.csv": b"2"}


@pytest.mark.parametrize("algorithm", ["ZIP", "JAR"])
def test_a_zip_file_gives_its_files(ctx: FakeContext, algorithm: str) -> None:
    assert taken_out(ctx, zipped({"deep/": b"", **FILES}), algorithm=algorithm) == FILES
    assert [(metric.name, metric.value) for metric in ctx.metrics] == [("size", 2), ("count", 2)]
    assert any(uri.endswith("b_c.csv") for uri in ctx.files), "a stored name has no blanks"


@pytest.mark.parametrize("compression", [None, "GZIP", "ZSTD", "BZIP2"])
def test_a_tar_file_gives_its_files(ctx: FakeContext, compression: str | None) -> None:
    folder, link = tarfile.TarInfo("deep"), tarfile.TarInfo("link")
    folder.type, link.type, link.linkname = tarfile.DIRTYPE, tarfile.SYMTYPE, "/etc/passwd"
    content = tarred(FILES, folder, link)
    if compression is not None:
        plain = ctx.put("plain", content)
        content = ctx.content(ctx.run(FileCompress, **{"from": plain, "compression": compression})["uri"])
    assert taken_out(ctx, content, algorithm="TAR", compression=compression) == FILES
    assert ctx.messages(Level.WARN) == ["'link' in the archive is a link or a device; it is left out"]


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/x", "..\\x", "C:\\x"])
def test_a_path_that_leads_out_of_the_archive_is_refused(ctx: FakeContext, name: str) -> None:
    with pytest.raises(TaskError, match="leads out of the archive"):
        taken_out(ctx, zipped({name: b""}), algorithm="ZIP")
    with pytest.raises(TaskError, match="leads out of the archive"):
        taken_out(ctx, tarred({name: b""}), algorithm="TAR")


def test_an_archive_of_too_many_files_is_refused(ctx: FakeContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_ENTRIES", 1)
    with pytest.raises(TaskError, match="holds more than 1 files"):
        taken_out(ctx, zipped(FILES), algorithm="ZIP")


@pytest.mark.parametrize("algorithm", ["ZIP", "TAR"])
def test_what_is_no_archive_is_named(ctx: FakeContext, algorithm: str) -> None:
    with pytest.raises(TaskError, match="cannot be read"):
        taken_out(ctx, b"nothing of the kind" * 100, algorithm=algorithm)
    with pytest.raises(TaskError, match="algorithm CPIO is not there yet"):
        taken_out(ctx, b"", algorithm="CPIO")


@pytest.mark.parametrize("compression", [None, "GZIP", "DEFLATE"])
@pytest.mark.parametrize("algorithm", ["ZIP", "JAR", "TAR"])
def test_what_goes_into_an_archive_comes_out(ctx: FakeContext, algorithm: str, compression: str | None) -> None:
    form = {"algorithm": algorithm, "compression": compression}
    given = {path: ctx.put(path.replace("/", "_"), content) for path, content in FILES.items()}
    uri = ctx.run(ArchiveCompress, **{"from": given, **form})["uri"]
    assert taken_out(ctx, ctx.content(uri), **form) == FILES


def test_the_files_to_put_in_may_be_json_text(ctx: FakeContext) -> None:
    given = '{"a.txt": "%s"}' % ctx.put("a", b"1")  # noqa: UP031 - braces
    uri = ctx.run(ArchiveCompress, **{"from": given, "algorithm": "ZIP"})["uri"]
    assert taken_out(ctx, ctx.content(uri), algorithm="ZIP") == {"a.txt": b"1"}
