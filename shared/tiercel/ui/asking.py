"""The pages' only source: the routes of the REST API, called in this process.

Promise: a page can do nothing that the API cannot; what it shows is what a client would read. Who asks was found out
before: the routes' own question for credentials is passed by.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from typing import Any, BinaryIO
from urllib.parse import quote, unquote, urlencode

import msgspec
from werkzeug.datastructures import FileStorage, ImmutableMultiDict
from werkzeug.wrappers import Request

from tiercel.api.app import API, Application
from tiercel.api.calls import Answer, Stream
from tiercel.api.routing import TENANT
from tiercel.errors import NotFoundError, TiercelError

Query = Mapping[str, object] | Iterable[tuple[str, object]]
Given = bytes | str | list[Any] | dict[str, Any]

Form = Sequence[tuple[str, str]]
Files = Sequence[tuple[str, FileStorage]]

FORM = "multipart/form-data"
JSON, YAML, TEXT = "application/json", "application/x-yaml", "text/plain"
API_ADDRESS = f"{API}/{TENANT}"


def address(pattern: str, *names: object) -> str:
    """Return an address with each `{}` of a pattern replaced by a name, percent-encoded."""
    return pattern.format(*(quote(str(name), safe="") for name in names))


def with_query(path: str, query: Query = ()) -> str:
    """Return an address with its query; what is None or empty is left out, a list is a parameter for each value."""
    pairs = query.items() if isinstance(query, Mapping) else query
    each = [(name, one) for name, value in pairs for one in (value if isinstance(value, list) else [value])]
    shown = [(name, _text(value)) for name, value in each if value not in (None, "")]
    return f"{path}?{urlencode(shown)}" if shown else path


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


class Asking:
    """The REST API as pages ask it."""

    def __init__(self, application: Application) -> None:
        self.site = application.site
        self._application = application

    def get(self, pattern: str, *names: object, query: Query = ()) -> Any:
        """Return what a GET gives, as plain values.

        Args:
            pattern: The address below the API's, with `{}` for each name.
            names: What stands there; encoded here.
            query: The parameters.

        Raises:
            TiercelError: What the route raises.
        """
        return self.send("GET", with_query(address(pattern, *names), query))

    def find(self, pattern: str, *names: object, query: Query = (), default: Any = None) -> Any:
        """Return what a GET gives; the default where there is nothing of the kind."""
        try:
            return self.get(pattern, *names, query=query)
        except TiercelError as error:
            if isinstance(error, NotFoundError) or getattr(error, "status", 0) == 404:
                return default
            raise

    def post(self, pattern: str, *names: object, query: Query = (), body: Given = b"", kind: str = "") -> Any:
        """Return what a POST gives, as plain values. Raises as `get`."""
        return self.send("POST", with_query(address(pattern, *names), query), body, kind)

    def send(
        self, method: str, path: str, body: Given = b"", kind: str = "", headers: Mapping[str, str] | None = None
    ) -> Any:
        """Return what a request to an address below the API's gives, as plain values. Raises as `get`."""
        if isinstance(body, list | dict):
            body, kind = msgspec.json.encode(body), JSON
        content = body.encode() if isinstance(body, str) else body
        return _plain(self._result(method, path, BytesIO(content), len(content), kind, headers or {}))

    def pass_on(self, method: str, path: str, request: Request) -> Any:
        """Return what an address below the API's gives to the body of a request that was not read yet."""
        length = request.content_length or 0
        return _plain(self._result(method, path, request.environ["wsgi.input"], length, request.content_type or "", {}))

    def send_form(self, path: str, form: Form, files: Files | None = None) -> Any:
        """Return what a POST of a form gives: its fields and files as they were read already."""
        request = self._request("POST", path, BytesIO(), 0, FORM, {})
        request.form = ImmutableMultiDict(form)
        request.files = ImmutableMultiDict(files or [])
        return _plain(self._application.result(request))

    def _result(
        self, method: str, path: str, body: BinaryIO, length: int, kind: str, headers: Mapping[str, str]
    ) -> object:
        request = self._request(method, path, body, length, kind, headers)
        try:
            return self._application.result(request)
        finally:
            request.close()

    def _request(
        self, method: str, path: str, body: BinaryIO, length: int, kind: str, headers: Mapping[str, str]
    ) -> Request:
        place, _, query = path.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "REQUEST_URI": f"{API_ADDRESS}{place}",
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(f"{API_ADDRESS}{place}"),
            "QUERY_STRING": query,
            "CONTENT_TYPE": kind,
            "CONTENT_LENGTH": str(length),
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.url_scheme": "http",
            "wsgi.input": body,
            **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()},
        }
        request = Request(environ)
        request.max_content_length = self.site.largest_body
        return request


def _plain(given: object) -> Any:
    """Return an answer as the values that a client would read."""
    if isinstance(given, Stream):
        return b"".join(given.pieces)
    if not isinstance(given, Answer):
        return msgspec.to_builtins(given, str_keys=True, enc_hook=str)
    if isinstance(given.body, bytes | str) and given.content_type == JSON:
        return msgspec.json.decode(given.body)
    return given.body
