"""The files of a namespace in and out as a ZIP, its flows with them, below `_flows/`.

Promise: nothing is written where a name, a size or a flow of the ZIP is wrong; files go through the storage piece by
piece, whatever their size.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import BinaryIO, cast

from tiercel.authoring.bundles import opened, read_text
from tiercel.errors import InputError
from tiercel.flowfile import parse_flow
from tiercel.flowfile.rewriting import with_namespace
from tiercel.flows import FlowStore
from tiercel.model.flow import Flow
from tiercel.namespaces.files import NamespaceFiles, clean_path

FLOWS = "_flows"
"""The folder that stands for the namespace's flows."""
_PIECE = 256 * 1024
_FIRST_YEAR = 1980
"""The first one that a ZIP can name."""


def is_flow(path: str) -> bool:
    """Tell whether a clean path stands for a flow (or for the folder of flows)."""
    return path == FLOWS or path.startswith(f"{FLOWS}/")


def flow_at(path: str, text: bytes, namespace: str) -> Flow:
    """Return the flow that a file below `_flows/` holds, in the namespace whatever it says itself.

    Raises:
        InputError: The path is not `_flows/<file>`.
        FlowError: The text is no valid flow.
    """
    if path.count("/") != 1:
        raise InputError(f"'{path}' is no place of a flow; write {FLOWS}/<id>.yml")
    flow = parse_flow(text, source=path)
    return flow if flow.namespace == namespace else parse_flow(with_namespace(flow.source, namespace), source=path)


def unpack(files: NamespaceFiles, flows: FlowStore, namespace: str, content: BinaryIO) -> None:
    """Write the files of a ZIP into a namespace, and deploy its flows.

    Raises:
        InputError: The ZIP cannot be read, holds too much, or has a name that is refused.
        FlowError: A flow in it is not valid.
        ConflictError: A file would lie where a folder is, or the other way round.
    """
    with opened(content) as archive:
        places = {_place(entry): entry for entry in archive.infolist() if not entry.is_dir()}
        texts = {path: entry for path, entry in places.items() if is_flow(path)}
        found = [flow_at(path, read_text(archive, entry), namespace) for path, entry in texts.items()]
        others = {path: entry for path, entry in places.items() if path not in texts}
        files.check_places(namespace, others)
        for flow in found:
            flows.deploy(flow)
        for path, entry in others.items():
            with archive.open(entry) as source:
                files.write(namespace, path, cast(BinaryIO, source))


def _place(entry: zipfile.ZipInfo) -> str:
    try:
        return clean_path(entry.filename)
    except ValueError as error:
        raise InputError(f"the ZIP file is refused: {error}") from None


class _Sink(io.RawIOBase):
    """Keeps what is written until somebody takes it."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, piece: object) -> int:
        self._pieces.append(bytes(piece))  # type: ignore[call-overload]
        return len(self._pieces[-1])

    def take(self) -> bytes:
        """Return what was written since the last time."""
        found, self._pieces = b"".join(self._pieces), []
        return found


def pack(files: NamespaceFiles, flows: FlowStore, namespace: str) -> Iterator[bytes]:
    """Yield a ZIP with the files of a namespace and the sources of its flows, piece by piece."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry in files.entries(namespace):
            with files.read(namespace, entry.path) as content:
                for _ in _packed(archive, _info(entry.path, entry.written, entry.size), content):
                    yield sink.take()
        for record in flows.all(namespace):
            text = record.source.encode()
            info = _info(f"{FLOWS}/{record.id}.yml", record.at, len(text))
            for _ in _packed(archive, info, io.BytesIO(text)):
                yield sink.take()
    yield sink.take()


def _info(name: str, at: float, size: int) -> zipfile.ZipInfo:
    moment = datetime.fromtimestamp(at, UTC)
    info = zipfile.ZipInfo(name, max(moment.timetuple()[:6], (_FIRST_YEAR, 1, 1, 0, 0, 0)))
    info.compress_type, info.file_size = zipfile.ZIP_DEFLATED, size  # from its size follows the form of its header
    return info


def _packed(archive: zipfile.ZipFile, info: zipfile.ZipInfo, content: BinaryIO) -> Iterable[None]:
    """Write a file into a ZIP; stop after each piece."""
    with archive.open(info, "w") as target:
        while piece := content.read(_PIECE):
            target.write(piece)
            yield
    yield
