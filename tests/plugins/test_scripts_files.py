"""Files of a working directory: nothing leaves it, nothing enters it from outside."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_context import FakeContext

from tiercel.errors import TaskError
from tiercel.tasks.files import NamespaceFiles, collect_files, place_files, place_namespace_files, render_files

FILES = ["a.csv", ".hidden.csv", "out/b.csv", "out/deep/c.csv", "out/d.txt", "[x].csv"]


@pytest.fixture
def ctx(tmp_path: Path) -> FakeContext:
    return FakeContext(tmp_path)


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a/../../x", "./x", "", "link/x"])
def test_paths_that_lead_out_are_refused_by_name(ctx: FakeContext, path: str) -> None:
    (ctx.working_dir / "link").symlink_to(ctx.root)
    with pytest.raises(TaskError, match="refused") as caught:
        place_files(ctx, ctx.working_dir, {path: "x"})
    assert f"'{path}'" in str(caught.value)
    assert not (ctx.root / "x").exists()


def test_a_link_at_the_target_is_replaced_not_followed(ctx: FakeContext) -> None:
    (ctx.root / "outside").write_text("kept")
    (ctx.working_dir / "x").symlink_to(ctx.root / "outside")
    place_files(ctx, ctx.working_dir, {"x": "new"})
    assert (ctx.root / "outside").read_text() == "kept"
    assert (ctx.working_dir / "x").read_text() == "new"


@pytest.mark.parametrize(
    ("globs", "found"),
    [
        (["*.csv"], [".hidden.csv", "[x].csv", "a.csv"]),
        (["out/**"], ["out/b.csv", "out/d.txt", "out/deep/c.csv"]),
        (["out/*"], ["out/b.csv", "out/d.txt"]),
        (["**/*.csv"], [".hidden.csv", "[x].csv", "a.csv", "out/b.csv", "out/deep/c.csv"]),
        (["out/{b,d}.{csv,txt}"], ["out/b.csv", "out/d.txt"]),
        (["?.[ac]sv", "/out/d.txt"], ["a.csv", "out/d.txt"]),
        (["regex:.*/[bc]\\.csv"], ["out/b.csv", "out/deep/c.csv"]),
        (["glob:a.csv"], ["a.csv"]),
        (["a.csv", "./out/d.txt", "missing.txt", "out"], ["a.csv", "out/d.txt"]),
        (["*.parquet"], []),
        ([], []),
    ],
)
def test_globs_find_files(ctx: FakeContext, globs: list[str], found: list[str]) -> None:
    place_files(ctx, ctx.working_dir, {path: path for path in FILES})
    collected = collect_files(ctx, ctx.working_dir, globs)
    assert sorted(collected) == found
    assert all(ctx.content(uri) == path.encode() for path, uri in collected.items())


def test_links_are_not_collected(ctx: FakeContext) -> None:
    (ctx.root / "secret.txt").write_text("x")
    (ctx.working_dir / "file.txt").symlink_to(ctx.root / "secret.txt")
    (ctx.working_dir / "folder").symlink_to(ctx.root)
    assert collect_files(ctx, ctx.working_dir, ["**"]) == {}
    assert collect_files(ctx, ctx.working_dir, ["file.txt", "folder/secret.txt", "../secret.txt"]) == {}


def test_input_files_may_be_json_text_and_keys_are_rendered(ctx: FakeContext) -> None:
    assert render_files(ctx, '{"a.txt": "{{ flow.id }}", "b": null}') == {"a.txt": "flow"}
    assert render_files(ctx, {"{{ flow.id }}.txt": "x", "b": None}) == {"flow.txt": "x"}
    with pytest.raises(TaskError, match="wanted a map"):
        render_files(ctx, "kestra:///a/b")


def test_a_missing_file_is_named(ctx: FakeContext) -> None:
    with pytest.raises(TaskError, match="kestra:///gone"):
        place_files(ctx, ctx.working_dir, {"x": "kestra:///gone"})


def test_later_namespaces_win_unless_told_otherwise(ctx: FakeContext) -> None:
    ctx.names = {"a": {"f": b"1"}, "b": {"f": b"2"}}
    both = {"namespaces": ["a", "b"]}
    place_namespace_files(ctx, ctx.working_dir, NamespaceFiles.model_validate(both))
    assert (ctx.working_dir / "f").read_text() == "2"
    with pytest.raises(TaskError, match="'f' is already"):
        place_namespace_files(ctx, ctx.working_dir, NamespaceFiles.model_validate({**both, "ifExists": "FAIL"}))
    (ctx.working_dir / "f").unlink()
    place_namespace_files(ctx, ctx.working_dir, NamespaceFiles.model_validate({**both, "ifExists": "WARN"}))
    assert (ctx.working_dir / "f").read_text() == "1"
    assert len(ctx.messages()) == 1
    place_namespace_files(ctx, ctx.working_dir, NamespaceFiles.model_validate({**both, "folderPerNamespace": True}))
    assert (ctx.working_dir / "b/f").read_text() == "2"
