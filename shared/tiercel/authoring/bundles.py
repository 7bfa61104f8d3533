"""Flows in and out by the file: YAML with several documents, or a ZIP with a file for each flow.

Promise: nothing is unpacked to a disk; how much may come out of a ZIP is bounded, and a name that leads out of it, or
that stands there twice, refuses the whole.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, BinaryIO

from tiercel.errors import FlowError, InputError, NotFoundError
from tiercel.flowfile import parse_flows
from tiercel.flowfile.reading import MAX_BYTES
from tiercel.flows import FlowRecord, FlowStore, stored_source
from tiercel.model.flow import Flow

MOST_ENTRIES = 10_000
"""Files of a ZIP that is imported."""
MOST_BYTES = 256 << 20
"""Bytes that may come out of all of them together."""
_LONGEST_ENTRY = 512
"""Bytes of an entry in the list of a ZIP's files, on average."""
_YAML = (".yaml", ".yml")
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The first time that a ZIP can name."""

Parsed = tuple[str, list[Flow | FlowError]]


def import_flows(flows: FlowStore, name: str, content: bytes, *, strictly: bool = False) -> list[str]:
    """Store the flows of a file, whether they are there or not; return what could not be.

    Args:
        flows: Where they are stored.
        name: The file's name: its end says whether it is YAML or a ZIP.
        content: The file.
        strictly: Whether one that is wrong refuses all of them.

    Returns:
        The numbers of the documents of a YAML file, or the names of the files of a ZIP, that are no valid flows.

    Raises:
        InputError: The name has another end, or the ZIP cannot be read or holds too much.
        FlowError: One is wrong and `strictly` was asked for; nothing was stored.
    """
    parsed = _parsed(name, content)
    wrong = [(label, each) for label, found in parsed for each in found if isinstance(each, FlowError)]
    if strictly and wrong:
        raise FlowError([problem for _, error in wrong for problem in error.problems], name)
    for _, found in parsed:
        for each in found:
            if isinstance(each, Flow):
                flows.deploy(each)
    return list(dict.fromkeys(label for label, _ in wrong))


def examine_file(flows: FlowStore, name: str, content: bytes) -> list[dict[str, Any]]:
    """Return what storing the flows of a file would do, and store nothing.

    Args:
        flows: Where they would be stored.
        name: As in `import_flows`.
        content: The file.

    Returns:
        For each flow `{place, action, problems}`, with its `namespace` and `flow` where it can be read: the place is as
        in `import_flows`, the action is `created`, `updated`, `unchanged`, or `refused` with problems.

    Raises:
        InputError: As in `import_flows`.
    """
    return [_examined(flows, place, each) for place, found in _parsed(name, content) for each in found]


def _examined(flows: FlowStore, place: str, found: Flow | FlowError) -> dict[str, Any]:
    if isinstance(found, FlowError):
        return {"place": place, "action": "refused", "problems": [str(each) for each in found.problems]}
    said: dict[str, Any] = {"place": place, "namespace": found.namespace, "flow": found.id, "problems": []}
    try:
        same = flows.record(found.namespace, found.id).source == stored_source(found)
    except NotFoundError:
        return {**said, "action": "created"}
    return {**said, "action": "unchanged" if same else "updated"}


def _parsed(name: str, content: bytes) -> list[Parsed]:
    ending = name.lower()
    if not ending.endswith((*_YAML, ".zip")):
        raise InputError(f"the file is called '{name}', wanted a name that ends in .yaml, .yml or .zip")
    return list(_zipped(content) if ending.endswith(".zip") else _documents(content))


def _documents(content: bytes) -> Iterator[Parsed]:
    for index, each in enumerate(parse_flows(content)):
        yield str(index), [each]


def _zipped(content: bytes) -> Iterator[Parsed]:
    with opened(io.BytesIO(content)) as archive:
        for entry in archive.infolist():
            if not entry.is_dir() and entry.filename.lower().endswith(_YAML):
                yield entry.filename, parse_flows(read_text(archive, entry), entry.filename)


@contextmanager
def opened(content: BinaryIO) -> Iterator[zipfile.ZipFile]:
    """Open a ZIP that somebody sends, with every name and all sizes checked: no more comes out than it says.

    Raises:
        InputError: It cannot be read, holds too much, or a name leads out of it.
    """
    try:
        _check_directory(content)
        with zipfile.ZipFile(content) as archive:
            _check_names(archive)
            _check_sizes(archive)
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise InputError(f"the ZIP file cannot be read: {error}; make it again, without a password") from None


def _check_directory(content: BinaryIO) -> None:
    """Refuse a list of files that is too long before `zipfile` reads it whole: an entry of 46 bytes takes 600 there."""
    end = zipfile._EndRecData(content)  # type: ignore[attr-defined]  # the only way to ask what it will read
    if end is not None and end[5] > MOST_ENTRIES * _LONGEST_ENTRY:
        raise InputError(
            f"the list of the files of the ZIP file has {end[5]:,} bytes; "
            f"{MOST_ENTRIES * _LONGEST_ENTRY:,} is the limit"
        )


def _check_sizes(archive: zipfile.ZipFile) -> None:
    """Refuse what is too large; `zipfile` itself gives no more bytes of a file than its entry says."""
    if sum(entry.file_size for entry in archive.infolist()) > MOST_BYTES:
        raise InputError(f"more than {MOST_BYTES:,} bytes come out of the ZIP file, which is the limit")
    for entry in archive.infolist():
        # Of the others, `zipfile` unpacks at once whatever a piece holds: gigabytes, in a ZIP that is made for it.
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise InputError(f"'{entry.filename[:200]}' is compressed with another method than deflate; make it again")


def _check_names(archive: zipfile.ZipFile) -> None:
    names = archive.namelist()
    if len(names) > MOST_ENTRIES:
        raise InputError(f"the ZIP file holds {len(names):,} files; {MOST_ENTRIES:,} is the limit")
    if len(set(names)) < len(names):
        raise InputError("the ZIP file holds two files of the same name; make it again")
    for name in names:
        if name.startswith("/") or "\\" in name or "\0" in name or ".." in name.split("/") or name[1:2] == ":":
            raise InputError(
                f"the ZIP file holds '{name[:200]}', a path that leads out of it; it is refused as a whole"
            )


def read_text(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """Return the text of a flow, or raise InputError where it is longer than a flow may be."""
    with archive.open(entry) as file:
        text = file.read(MAX_BYTES + 1)
    if len(text) > MAX_BYTES:
        raise InputError(f"more than {MAX_BYTES:,} bytes come out of '{entry.filename}', which is the limit of a flow")
    return text


def export_flows(records: Iterable[FlowRecord]) -> bytes:
    """Return a ZIP with the source of each flow as `<namespace>.<id>.yml`; the same flows give the same bytes."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for record in records:
            at = datetime.fromtimestamp(record.at, UTC).timetuple()[:6]
            info = zipfile.ZipInfo(f"{record.namespace}.{record.id}.yml", max(at, _EPOCH))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, record.source)
    return sink.getvalue()
