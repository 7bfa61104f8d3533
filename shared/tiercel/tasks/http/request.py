"""Asking a web server and reading what it says: `io.kestra.plugin.core.http.Request`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tiercel.errors import TaskError
from tiercel.model.plugin import Outputs, Rendered
from tiercel.ports import Metric, RunContext
from tiercel.tasks.base import RunnableTask
from tiercel.tasks.http.base import HttpTask, header_lists
from tiercel.tasks.http.wire import shown

if TYPE_CHECKING:
    import httpx

LONGEST = 10 * 1024 * 1024
"""How many bytes a response may have where `options.maxContentLength` says nothing."""
ENCRYPTED = "io.kestra.datatype:aes_encrypted"


class Answer(Outputs):
    """What an answered request gives."""

    uri: str
    """The address that answered, after redirects."""
    code: int
    """The status of the response."""
    headers: dict[str, list[str]]
    """Its headers, each with all its values."""
    body: str | None
    """Its body as text; null where it has none."""
    encrypted_body: dict[str, str] | None
    """With `encryptBody`, instead of `body`: the body, encrypted."""


class Asking(HttpTask):
    """A request whose response is given back as text, with its status and headers."""

    gives = Answer

    encrypt_body: Rendered[bool] = False
    """Whether the response's body is kept encrypted, as `encryptedBody` instead of `body`."""

    def ask(self, ctx: RunContext) -> dict[str, object]:
        """Ask; return `uri`, `code`, `headers` and `body` (null where the response has none)."""
        encrypt = _encryption(ctx) if self.encrypt_body else None
        with self.exchange(ctx) as response:
            content = self._read(ctx, response)
        text = self._text(response, content)
        ctx.metric(Metric("response.length", float(len(content))))
        if "RESPONSE_BODY" in self.settings.logged and encrypt is None:
            self.log_body(ctx, "Response", content)
        outputs: dict[str, object] = {
            "uri": shown(response.url),
            "code": response.status_code,
            "headers": header_lists(response),
        }
        if encrypt is None:
            return {**outputs, "body": text}
        return {**outputs, "encryptedBody": None if text is None else {"type": ENCRYPTED, "value": encrypt(text)}}

    def _read(self, ctx: RunContext, response: httpx.Response) -> bytes:
        limit = self.settings.max_content_length
        limit = LONGEST if limit is None else limit
        content = bytearray()
        for piece in response.iter_bytes():
            content += piece
            if len(content) > limit:
                raise TaskError(
                    f"{self.method} {shown(response.url)} answered with more than {limit} bytes; "
                    "use http.Download, or raise options.maxContentLength"
                )
        if ctx.cancelled:  # a body that ends with its connection looks whole when the connection is shut
            raise TaskError(f"{self.method} {shown(response.url)} failed: the attempt was cancelled")
        return bytes(content)

    def _text(self, response: httpx.Response, content: bytes) -> str | None:
        if not content:
            return None
        charset = response.charset_encoding or self.settings.default_charset
        try:
            return content.decode(charset)
        except (LookupError, UnicodeDecodeError) as error:
            raise TaskError(
                f"{self.method} {shown(response.url)} answered with a body that is not text ({error}); "
                "use http.Download for it, or set options.defaultCharset to its encoding"
            ) from None


class Request(Asking, RunnableTask):
    """Send an HTTP request and give back the response's text, status and headers."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Ask; return `uri`, `code`, `headers` and `body` (null where the response has none)."""
        return self.ask(ctx)


def _encryption(ctx: RunContext) -> Callable[[str], str]:
    encrypt: Callable[[str], str] | None = getattr(ctx, "encrypt", None)
    if encrypt is None:
        raise TaskError(
            "encryptBody needs an encryption key, and this installation has none; configure one or leave it out",
            retryable=False,
        )
    return encrypt
