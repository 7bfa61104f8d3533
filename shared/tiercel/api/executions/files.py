"""The files of an execution (api.md, 3.2): their bytes, their size, the beginning of what is in them.

Promise: only files of the execution that is named are given; one of another execution is where that one is asked.
"""

from __future__ import annotations

import base64
import codecs
import io
from collections.abc import Iterator
from itertools import islice
from typing import Any, BinaryIO
from urllib.parse import urlencode

from werkzeug.http import dump_options_header

from tiercel.adapters.uris import segments
from tiercel.api.calls import Answer, Call, Stream
from tiercel.api.failures import UnprocessableError
from tiercel.api.parameters import Parameter
from tiercel.api.routing import TENANT, routes
from tiercel.errors import NotFoundError, TaskError, TiercelError
from tiercel.paths import execution_folder
from tiercel.ports import ObjectStore
from tiercel.tasks import records

PIECE = 256 * 1024
"""Bytes that are sent at a time."""

ROWS, MOST_ROWS = 100, 5000
"""Lines or records of a preview: by default, and at most."""

LARGEST = 16 * 1024 * 1024
"""Bytes of a file that a preview reads."""

IMAGES = frozenset(("png", "jpg", "jpeg", "gif", "svg", "webp", "bmp", "ico", "tiff"))

PATH = Parameter("path", required=True, description="The file's URI, `kestra:///...`.")


class _Elsewhere(Exception):  # noqa: N818 - not a failure: another execution has the file
    """The file belongs to another execution."""

    def __init__(self, execution: str) -> None:
        super().__init__(execution)
        self.execution = execution


def _uri(call: Call) -> str:
    """Return the file's URI, if the execution may give it.

    Raises:
        NotFoundError: There is no such execution.
        UnprocessableError: It is no file of an execution.
        _Elsewhere: It is the file of another one.
    """
    view, uri = call.site.parts.view, str(call.query["path"])
    header = view.header(call.path["id"])
    try:
        names = segments(uri)
    except TiercelError as error:
        raise UnprocessableError(str(error)) from None
    if uri.startswith(execution_folder(header.namespace, header.flow_id, header.id)):
        return uri
    place = names.index("executions") + 1 if "executions" in names else len(names)
    if place < len(names):
        try:
            other = view.header(names[place])
        except NotFoundError:
            raise UnprocessableError(f"the file '{uri}' belongs to an execution that there is not") from None
        if uri.startswith(execution_folder(other.namespace, other.flow_id, other.id)):
            raise _Elsewhere(other.id)
    raise UnprocessableError(f"the file '{uri}' does not belong to the execution '{header.id}'")


def _moved(call: Call, execution: str, suffix: str = "") -> Answer:
    """Return the answer that sends a client to the execution that has the file."""
    query = urlencode({name: value for name, value in call.query.items() if value is not None})
    where = f"/api/v1/{TENANT}/executions/{execution}/file{suffix}?{query}"
    return Answer(None, 307, {"Location": where})


@routes.route(
    "GET",
    "/executions/{id}/file",
    parameters=[PATH, Parameter("format")],
    gives="application/octet-stream",
    codes=(200, 307),
)
def download_file(call: Call) -> object:
    """Return a file of an execution."""
    if call.query["format"] not in (None, "raw"):
        raise UnprocessableError(f"format is '{call.query['format']}'; files are given as they are (raw)")
    try:
        uri = _uri(call)
    except _Elsewhere as other:
        return _moved(call, other.execution)
    objects = call.site.parts.services.objects
    headers = {
        "Content-Length": str(objects.size(uri)),
        "Content-Disposition": dump_options_header("attachment", {"filename": uri.rpartition("/")[2]}),
    }
    return Stream(pieces(objects, uri), "application/octet-stream", headers)


def pieces(objects: ObjectStore, uri: str) -> Iterator[bytes]:
    """Yield a file piece by piece."""
    with objects.open(uri) as file:
        while piece := file.read(PIECE):
            yield piece


@routes.route("GET", "/executions/{id}/file/metas", parameters=[PATH], codes=(200, 307))
def file_metas(call: Call) -> object:
    """Return the size of a file of an execution."""
    try:
        return {"size": call.site.parts.services.objects.size(_uri(call))}
    except _Elsewhere as other:
        return _moved(call, other.execution, "/metas")


@routes.route(
    "GET",
    "/executions/{id}/file/preview",
    parameters=[
        PATH,
        Parameter("maxRows", "integer", ROWS, description=f"Lines or records, at most {MOST_ROWS}."),
        Parameter("encoding", default="UTF-8"),
    ],
    codes=(200, 307),
)
def preview_file(call: Call) -> object:
    """Return the beginning of a file of an execution, as a page shows it."""
    rows = call.query["maxRows"]
    if rows < 1:
        raise UnprocessableError(f"maxRows is {rows}, wanted 1 to {MOST_ROWS}")
    try:
        codec = codecs.lookup(call.query["encoding"]).name
        b"a".decode(codec, "replace")  # some codecs are none of text
    except (LookupError, ValueError):
        raise UnprocessableError(f"encoding is '{call.query['encoding']}', wanted one such as UTF-8") from None
    try:
        uri = _uri(call)
    except _Elsewhere as other:
        return _moved(call, other.execution, "/preview")
    objects = call.site.parts.services.objects
    extension = uri.rpartition("/")[2].rpartition(".")[2].lower() if "." in uri.rpartition("/")[2] else ""
    kind = _kind(extension)
    if kind in ("IMAGE", "PDF") and objects.size(uri) > LARGEST:
        raise UnprocessableError(f"the file has more than {LARGEST} bytes; download it")
    with objects.open(uri) as file:
        content, truncated = _content(kind, file, min(rows, MOST_ROWS), codec)
    return {"extension": extension, "type": kind, "content": content, "maxLine": min(rows, MOST_ROWS)} | {
        "truncated": truncated
    }


def _kind(extension: str) -> str:
    if extension in IMAGES:
        return "IMAGE"
    return {"pdf": "PDF", "md": "MARKDOWN", "ion": "LIST"}.get(extension, "TEXT")


def _content(kind: str, file: BinaryIO, rows: int, codec: str) -> tuple[Any, bool]:
    """Return what a preview shows, and whether there is more."""
    if kind in ("IMAGE", "PDF"):
        return base64.b64encode(file.read()).decode(), False
    head = _Head(file)
    if kind == "LIST":
        found = _records(head, rows + 1)
        return found[:rows], len(found) > rows or head.is_cut
    lines = list(islice(io.TextIOWrapper(io.BufferedReader(head), codec, "replace", newline=""), rows + 1))
    return "".join(lines[:rows]), len(lines) > rows or head.is_cut


def _records(head: _Head, most: int) -> list[object]:
    found: list[object] = []
    try:
        for record in islice(records.read(io.BufferedReader(head)), most):
            found.append(record)
    except TaskError:
        if not head.is_cut:  # else it is the record at which the reading ended
            raise
    return found


class _Head(io.RawIOBase):
    """The first bytes of a file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = LARGEST
        self.is_cut = False
        """Whether there was more."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._file.read(min(len(buffer), self._left))
        if self._left == 0 and self._file.read(1):
            self.is_cut = True
        self._left -= len(piece)
        buffer[: len(piece)] = piece
        return len(piece)
