"""Keeping what a web server sends: `io.kestra.plugin.core.http.Download`."""

from __future__ import annotations

import posixpath
import re
import tempfile
from email.message import Message
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING
from urllib.parse import unquote

from tiercel.errors import TaskError
from tiercel.model.plugin import Rendered
from tiercel.model.states import Level
from tiercel.ports import Metric, RunContext
from tiercel.tasks.base import RunnableTask, StoredFile
from tiercel.tasks.http.base import HttpTask, header_lists
from tiercel.tasks.http.wire import shown

if TYPE_CHECKING:
    import httpx

LONGEST_NAME = 150
"""How many characters of a server's file name are kept."""


class Downloaded(StoredFile):
    """What Download gives."""

    code: int
    """The status of the response."""
    length: int
    """How many bytes the file has."""
    headers: dict[str, list[str]]
    """The headers of the response, each with all its values."""


class Download(HttpTask, RunnableTask):
    """Download a file into the internal storage."""

    gives = Downloaded

    fail_on_empty_response: Rendered[bool] = True
    """Whether an empty response fails the task."""
    save_as: Rendered[str | None] = None
    """The file's name in the storage; without it the server's name, else a random one with the address's extension."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Download; return `uri`, `code`, `length` and `headers`."""
        with tempfile.TemporaryFile() as file:
            with self.exchange(ctx) as response:
                length = self._copy(ctx, response, file)
            if length == 0:
                self._was_empty(ctx, response)
            file.seek(0)
            uri = ctx.store(file, self._name(response))
        ctx.metric(Metric("response.length", float(length)))
        return {"uri": uri, "code": response.status_code, "length": length, "headers": header_lists(response)}

    def _copy(self, ctx: RunContext, response: httpx.Response, file: IO[bytes]) -> int:
        limit, length = self.settings.max_content_length, 0
        for piece in response.iter_bytes():
            length += file.write(piece)
            if limit is not None and length > limit:
                raise TaskError(f"{self.method} {shown(response.url)} sent more than the {limit} bytes it may")
        if ctx.cancelled:  # a body that ends with its connection looks whole when the connection is shut
            raise TaskError(f"{self.method} {shown(response.url)} failed: the attempt was cancelled")
        announced = response.headers.get("content-length", "")
        arrived = response.num_bytes_downloaded  # before a compression is undone, so the two can be compared
        if self.method != "HEAD" and announced.isdigit() and int(announced) != arrived:
            raise TaskError(
                f"{self.method} {shown(response.url)} announced {announced} bytes and sent {arrived}; try again"
            )
        return length

    def _was_empty(self, ctx: RunContext, response: httpx.Response) -> None:
        message = f"No response from server: {self.method} {shown(response.url)} sent an empty body"
        if self.fail_on_empty_response and not self.allows_failed:
            raise TaskError(f"{message}; set failOnEmptyResponse: false if that is expected")
        ctx.log(message, Level.WARN)

    def _name(self, response: httpx.Response) -> str:
        given = posixpath.basename(self.save_as or "") or disposition_name(
            response.headers.get("content-disposition", "")
        )
        if given:
            return given
        return f"download{PurePosixPath(unquote(response.request.url.path)).suffix}"


def disposition_name(header: str) -> str | None:
    """Return the file name of a Content-Disposition header: its last path segment, without control characters."""
    encoded = re.search(r"filename\*\s*=\s*\"?([\w!#$%&+^`{}~-]+)'[^']*'([^;\s\"]+)", header, re.IGNORECASE)
    name: str | None = None
    if encoded:
        try:
            name = unquote(encoded.group(2), encoding=encoded.group(1))
        except LookupError:
            name = None
    if name is None:
        message = Message()
        message["Content-Disposition"] = " ".join(header.split())
        name = message.get_filename()
    last = re.split(r"[/\\]", name or "")[-1]
    clean = "".join(char for char in last if char.isprintable()).strip()
    return None if clean in ("", ".", "..") else clean[-LONGEST_NAME:]
