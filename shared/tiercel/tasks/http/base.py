"""What every HTTP task has: the request's properties, and one way to send it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from tiercel.errors import TaskError
from tiercel.model.plugin import Plugin, Rendered, TextMap
from tiercel.model.retry import next_attempt
from tiercel.model.states import Level
from tiercel.ports import Metric, RunContext
from tiercel.tasks.http.bodies import Body, form_body, text_body
from tiercel.tasks.http.options import HttpOptions, Ssl
from tiercel.tasks.http.wire import Sockets, address, checked_headers, client, credentials, explained, shown

if TYPE_CHECKING:
    import httpx

SHOWN = 2048
"""How many bytes of a response's body an error shows."""
SECRET_HEADERS = ("authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key")


class HttpTask(Plugin):
    """The properties of a request and the sending of it: what tasks and triggers have in common."""

    deprecated: ClassVar[dict[str, str]] = {
        "allowFailed": "write options.allowFailed",
        "sslOptions": "write options.ssl",
    }

    uri: Rendered[str]
    """The address, with http or https; blanks in it are encoded."""
    method: Rendered[str] = Field("GET", pattern=r"^[A-Z]+$")
    """The HTTP method, in upper case."""
    params: Rendered[dict[str, Any] | None] = None
    """Query parameters, appended to the address; a list gives one of each."""
    headers: Rendered[TextMap | None] = None
    """Headers by name."""
    body: Rendered[str | None] = None
    """The body as text; a list or map is sent as JSON."""
    form_data: Rendered[dict[str, Any] | None] = None
    """A form, which wins over `body`. With `contentType: multipart/form-data` a URI of the storage is a file part."""
    content_type: Rendered[str | None] = None
    """The body's content type; application/json where nothing is said, for a form application/x-www-form-urlencoded."""
    options: Rendered[HttpOptions | None] = None
    """Everything about the connection: timeouts, proxy, identification, certificates, what counts as failed."""
    allow_failed: Rendered[bool] = False
    """Old form of `options.allowFailed`."""
    ssl_options: Rendered[Ssl | None] = None
    """Old form of `options.ssl`."""

    @property
    def settings(self) -> HttpOptions:
        """Return the options, or those that apply where none are given."""
        return self.options or HttpOptions()

    @property
    def allows_failed(self) -> bool:
        """Tell whether a status of 400 and above is a success."""
        return self.allow_failed or self.settings.allow_failed

    def accepts(self, code: int) -> bool:
        """Tell whether a response of this status is a success of the task."""
        allowed = self.settings.allowed_response_codes
        return code in allowed if allowed is not None else code < 400 or self.allows_failed

    @contextmanager
    def exchange(self, ctx: RunContext) -> Iterator[httpx.Response]:
        """Send the request, as often as the options say; yield the response with its body still unread.

        Raises:
            TaskError: There was no response, its status counts as failed, or reading it broke off.
        """
        url = address(self.uri, self.params or {})
        body = self._body(ctx)
        with body.files, client(ctx, self.settings, self._insecure) as (opened, sockets):
            response = self._ask(ctx, opened, sockets, url, body)
            try:
                with explained(ctx, self.method, response.url, self.settings):
                    self._check(response)
                    yield response
            finally:
                response.close()

    @property
    def _insecure(self) -> bool:
        forms = (self.settings.ssl, self.ssl_options)
        return any(form is not None and bool(form.insecure_trust_all_certificates) for form in forms)

    def _body(self, ctx: RunContext) -> Body:
        written = {name.lower(): value for name, value in (self.headers or {}).items()}
        content_type = self.content_type or written.get("content-type")
        if self.form_data is not None:
            return form_body(ctx, self.form_data, content_type)
        if self.body is not None:
            return text_body(self.body, content_type, self.settings.default_charset)
        return Body(content_type=content_type)

    def _ask(
        self, ctx: RunContext, opened: httpx.Client, sockets: Sockets, url: httpx.URL, body: Body
    ) -> httpx.Response:
        began = datetime.now(UTC)
        for attempt in itertools.count(1):
            pause = self._pause(ctx, attempt, began)
            try:
                response = self._send(ctx, opened, sockets, url, body)
                if pause is None or response.status_code not in self.settings.retried:
                    return response
                response.close()
                why = f"status {response.status_code}"
            except TaskError as error:
                if pause is None or not error.retryable:
                    raise
                why = str(error)
            ctx.log(f"Asking again in {pause:g} s, after attempt {attempt}: {why}", Level.WARN)
            if not ctx.wait(pause):
                break
        raise TaskError(f"{self.method} {shown(url)} failed: the attempt was cancelled")

    def _pause(self, ctx: RunContext, attempt: int, began: datetime) -> float | None:
        """Return how many seconds to wait should this attempt fail; None when it is the last."""
        policy, now = self.settings.policy, datetime.now(UTC)
        if policy is None:
            return None
        again = next_attempt(policy, attempt, ctx.task_run_id, began, now)
        return None if again is None else (again - now).total_seconds()

    def _send(
        self, ctx: RunContext, opened: httpx.Client, sockets: Sockets, url: httpx.URL, body: Body
    ) -> httpx.Response:
        with explained(ctx, self.method, url, self.settings):
            request = opened.build_request(
                self.method, url, content=body.content, files=body.parts, extensions={"trace": sockets.watch}
            )
            self._set_headers(request, body)
            self._log(ctx, "REQUEST", request.headers, body.content)
            began = time.monotonic()
            response = opened.send(request, auth=credentials(self.settings.credentials), stream=True)
            ctx.metric(Metric("request.duration", time.monotonic() - began, "timer"))
            self._log(ctx, "RESPONSE", response.headers, None)
            return response

    def _set_headers(self, request: httpx.Request, body: Body) -> None:
        auth = self.settings.credentials
        if auth is not None and auth.type == "BEARER":
            self._put(request, {"Authorization": f"Bearer {auth.token or ''}"})
        self._put(
            request, {name: value for name, value in (self.headers or {}).items() if name.lower() != "content-type"}
        )
        if body.content_type is not None:
            self._put(request, {"Content-Type": body.content_type})

    @staticmethod
    def _put(request: httpx.Request, headers: dict[str, str | None]) -> None:
        for name, value in checked_headers(headers):
            request.headers[name] = value

    def _log(self, ctx: RunContext, side: str, headers: httpx.Headers, content: bytes | None) -> None:
        logged = self.settings.logged
        if f"{side}_HEADERS" in logged:
            lines = (f"{name}: {'***' if name.lower() in SECRET_HEADERS else value}" for name, value in headers.items())
            ctx.log(f"{side.capitalize()} headers:\n" + "\n".join(lines), Level.DEBUG)
        if content is not None and f"{side}_BODY" in logged:
            self.log_body(ctx, side.capitalize(), content)

    def log_body(self, ctx: RunContext, side: str, content: bytes) -> None:
        """Write a body to the log, as text."""
        ctx.log(f"{side} body:\n{content.decode(errors='replace')}", Level.DEBUG)

    def _check(self, response: httpx.Response) -> None:
        if self.accepts(response.status_code):
            return
        body = b""
        for piece in response.iter_bytes(SHOWN):
            body += piece
            if len(body) >= SHOWN:
                break
        text = body[:SHOWN].decode(response.charset_encoding or "utf-8", errors="replace")
        raise TaskError(
            f"{self.method} {shown(response.url)} answered with status {response.status_code}"
            f"{': ' + text if text else ' and no body'}"
        )


def header_lists(response: httpx.Response) -> dict[str, list[str]]:
    """Return a response's headers: the names as the server wrote them, each with its values."""
    found: dict[str, list[str]] = {}
    names: dict[str, str] = {}
    encoding = response.headers.encoding
    for raw_name, value in response.headers.raw:
        name = raw_name.decode(encoding)
        found.setdefault(names.setdefault(name.lower(), name), []).append(value.decode(encoding))
    return found
