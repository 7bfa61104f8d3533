"""Files of the internal storage: cutting, joining, items, local files; and the splitting rule on its own."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

import pytest
from core_fakes import CoreContext, run
from hypothesis import given
from hypothesis import strategies as st

from tiercel.errors import TaskError
from tiercel.splitting import SplitRule, parse_size, rows_backwards, rows_of, split
from tiercel.tasks.core.items import DeduplicateItems, FilterItems
from tiercel.tasks.core.storage import (
    Concat,
    Delete,
    LocalFiles,
    PurgeCurrentExecutionFiles,
    Reverse,
    Size,
    Split,
    Write,
)

ITEMS = b'{"key":"k1","value":1}\n{"key":"k2","value":2}\n{"key":"k3","value":3}\n{"key":"k1","value":4.50}\n'


@pytest.fixture
def ctx(tmp_path: Path) -> CoreContext:
    return CoreContext(tmp_path)


@pytest.fixture
def lines(ctx: CoreContext) -> str:
    return ctx.store(b"".join(b"%20d\n" % number for number in range(102)), "lines.txt")


@pytest.fixture
def items(ctx: CoreContext) -> str:
    return ctx.store(ITEMS, "items.ion")


def parts(content: bytes, rule: SplitRule) -> list[bytes]:
    found = []
    for part in split(io.BytesIO(content), rule, tempfile.SpooledTemporaryFile):
        with part:
            found.append(part.read())
    return found


# ------------------------------------------------------------------ the rule


def test_without_a_criterion_each_row_is_a_part() -> None:
    assert parts(b"a\nb\nc", SplitRule()) == [b"a\n", b"b\n", b"c\n"]


def test_rows_partitions_and_bytes() -> None:
    content = b"a\nb\nc\nd\ne\n"
    assert parts(content, SplitRule(rows=2)) == [b"a\nb\n", b"c\nd\n", b"e\n"]
    assert parts(content, SplitRule(partitions=2)) == [b"a\nc\ne\n", b"b\nd\n"]
    assert parts(content, SplitRule(partitions=9)) == [b"a\n", b"b\n", b"c\n", b"d\n", b"e\n"]
    assert parts(content, SplitRule(bytes=3)) == [b"a\nb\n", b"c\nd\n", b"e\n"]
    assert parts(content, SplitRule(bytes=4, partitions=1, rows=1)) == [b"a\nb\n", b"c\nd\n", b"e\n"]
    assert parts(b"", SplitRule(rows=2)) == []


def test_rows_may_end_with_any_separator() -> None:
    assert parts(b"a||b|c||d", SplitRule(rows=1, separator="||")) == [b"a||", b"b|c||", b"d||"]


@pytest.mark.parametrize("rule", [{"rows": 0}, {"partitions": -1}, {"bytes": 0}, {"separator": ""}])
def test_a_rule_that_never_ends_a_part_is_refused(rule: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must"):
        SplitRule(**rule)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "size"), [("1KB", 1024), ("10 MB", 10 << 20), (512, 512), ("1.5k", 1536), ("2GiB", 2 << 30), ("7B", 7)]
)
def test_sizes(text: str | int, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "KB", "1 XB", "-1"])
def test_a_text_that_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="is not a size"):
        parse_size(text)


@given(rows=st.lists(st.text("ab;", max_size=3)), separator=st.sampled_from(["\n", ";", "ab"]))
def test_rows_forward_and_backward_are_the_same(rows: list[str], separator: str) -> None:
    content = "".join(row + separator for row in rows).encode()
    forward = list(rows_of(io.BytesIO(content), separator))
    if separator != "ab":  # 'a' + 'ab' + 'b' can be read in two ways
        assert list(rows_backwards(io.BytesIO(content), separator.encode())) == forward[::-1]
    assert b"".join(forward) == content


def test_backwards_over_many_chunks() -> None:
    content = b"".join(b"%d--" % number for number in range(50_000))
    backwards = b"".join(rows_backwards(io.BytesIO(content), b"--"))
    assert backwards == b"".join(b"%d--" % number for number in reversed(range(50_000)))


# ------------------------------------------------------------------ the tasks


def test_split_keeps_the_extension(ctx: CoreContext, lines: str) -> None:
    uris = run(Split, ctx, **{"from": lines}, bytes="1KB")["uris"]
    assert len(uris) == 3
    assert all(uri.endswith(".txt") for uri in uris)
    assert b"".join(ctx.memory.files[uri] for uri in uris) == ctx.memory.files[lines]
    assert len(run(Split, ctx, **{"from": lines}, partitions="5")["uris"]) == 5
    assert len(run(Split, ctx, **{"from": lines}, rows=50)["uris"]) == 3


def test_split_says_what_is_wrong_with_a_size(ctx: CoreContext, lines: str) -> None:
    with pytest.raises(TaskError, match="'many' is not a size"):
        run(Split, ctx, **{"from": lines}, bytes="many")


def test_concat_writes_the_separator_after_every_file(ctx: CoreContext) -> None:
    first, second = ctx.store(b"a", "a.txt"), ctx.store(b"b", "b.txt")
    uri = run(Concat, ctx, files=[first, second], separator="|", extension=".csv")["uri"]
    assert uri.endswith(".csv")
    assert ctx.memory.files[uri] == b"a|b|"
    uri = run(Concat, ctx, files=f'["{first}", "{second}"]')["uri"]
    assert uri.endswith(".tmp")
    assert ctx.memory.files[uri] == b"ab"


def test_concat_names_a_file_that_is_missing(ctx: CoreContext) -> None:
    with pytest.raises(TaskError, match=r"kestra:///none\.txt"):
        run(Concat, ctx, files=["kestra:///none.txt"])
    with pytest.raises(TaskError, match="wanted a list"):
        run(Concat, ctx, files='{"a": 1}')


def test_delete_and_size(ctx: CoreContext, lines: str) -> None:
    assert run(Size, ctx, uri=lines) == {"size": 2142}
    assert run(Delete, ctx, uri=lines) == {"uri": lines, "deleted": True}
    assert run(Delete, ctx, uri=lines) == {"uri": lines, "deleted": False}
    with pytest.raises(TaskError, match="there is no file"):
        run(Delete, ctx, uri=lines, errorOnMissing=True)


@pytest.mark.parametrize("charset", ["UTF-8", "UTF-16", "ISO-8859-1"])
def test_reverse(ctx: CoreContext, charset: str) -> None:
    source = ctx.store("ä\nb\nc\n".encode(charset), "a.csv")
    uri = run(Reverse, ctx, **{"from": source}, charset=charset)["uri"]
    assert ctx.memory.files[uri].decode(charset) == "c\nb\nä\n"
    assert uri.endswith(".csv")


def test_reverse_with_an_unknown_charset(ctx: CoreContext, lines: str) -> None:
    with pytest.raises(TaskError, match="KLINGON"):
        run(Reverse, ctx, **{"from": lines}, charset="KLINGON")


def test_write(ctx: CoreContext) -> None:
    uri = run(Write, ctx, content="hello {{ flow.id }}", extension=".txt")["uri"]
    assert uri.endswith(".txt")
    assert ctx.memory.files[uri] == b"hello daily"


def test_deduplicate_keeps_the_last_of_each_key(ctx: CoreContext, items: str) -> None:
    outputs = run(DeduplicateItems, ctx, **{"from": items}, expr=" {{ key }} ")
    assert ctx.memory.files[outputs.pop("uri")] == b"".join(ITEMS.splitlines(keepends=True)[1:])
    assert outputs == {"numKeys": 3, "processedItemsTotal": 4, "droppedItemsTotal": 1}


@pytest.mark.parametrize(("kind", "kept"), [("INCLUDE", ["k2"]), ("EXCLUDE", ["k1", "k3", "k1"])])
def test_filter_keeps_or_leaves_out(ctx: CoreContext, items: str, kind: str, kept: list[str]) -> None:
    outputs = run(FilterItems, ctx, **{"from": items}, filterCondition=" {{ value == 2 }} ", filterType=kind)
    content = ctx.memory.files[outputs["uri"]].decode()
    assert [line[8:10] for line in content.splitlines()] == kept
    assert (outputs["processedItemsTotal"], outputs["droppedItemsTotal"]) == (4, 4 - len(kept))


def test_filter_decides_on_errors(ctx: CoreContext, items: str) -> None:
    with pytest.raises(TaskError, match="item 1 of"):
        run(FilterItems, ctx, **{"from": items}, filterCondition="{{ none.x }}")
    for behavior, dropped in (("INCLUDE", 0), ("EXCLUDE", 4)):
        outputs = run(FilterItems, ctx, **{"from": items}, filterCondition="{{ none.x }}", errorOrNullBehavior=behavior)
        assert outputs["droppedItemsTotal"] == dropped


def test_local_files_go_in_and_come_out(ctx: CoreContext, lines: str) -> None:
    inputs = {"sub/a.txt": "Hello {{ flow.id }}", "sub/dir/b.txt": lines, "left-out.txt": "x", "none": None}
    uris = run(LocalFiles, ctx, inputs=inputs, outputs=["sub/**"])["uris"]
    assert set(uris) == {"sub/a.txt", "sub/dir/b.txt"}
    assert ctx.memory.files[uris["sub/a.txt"]] == b"Hello daily"
    assert len(ctx.memory.files[uris["sub/dir/b.txt"]]) == 2142
    assert run(LocalFiles, ctx, outputs="left-*")["uris"].keys() == {"left-out.txt"}


def test_purge_removes_the_files_of_the_execution(ctx: CoreContext, lines: str) -> None:
    ctx.objects.write("kestra:///company/team/_files/a.txt", b"stays")
    assert run(PurgeCurrentExecutionFiles, ctx) == {"uris": [lines]}
    assert list(ctx.memory.files) == ["kestra:///company/team/_files/a.txt"]
