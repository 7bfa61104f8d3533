"""The WSGI application: credentials, routing, parameters, the answer or the error as bytes."""

from __future__ import annotations

import base64
import binascii
import gzip
import hmac
import logging
from collections.abc import Iterable
from typing import Any

import msgspec
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.wrappers import Request, Response

from tiercel.api import catalogue, door, sessions
from tiercel.api.calls import Answer, Call, Page, Stream
from tiercel.api.failures import (
    ForbiddenError,
    NoRouteError,
    NotAllowedError,
    RequestError,
    TooLargeError,
    UnauthorizedError,
    failure_of,
)
from tiercel.api.filters import is_filter, read_filter, refuse_empty
from tiercel.api.parameters import read_page, read_parameters
from tiercel.api.routing import Route, segments_of
from tiercel.api.site import Site

API = "/api/v1"
JSON = "application/json"
PACKED = 20_000
"""Bytes from which on an answer of JSON is packed."""

REALM = 'Basic realm="Tiercel"'

_log = logging.getLogger("tiercel.api")
_encode = msgspec.json.Encoder(enc_hook=str).encode


class Application:
    """Answers requests to one installation."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._routes = catalogue.all_routes()

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        """Answer a request, as WSGI asks for it."""
        request = Request(environ)
        request.max_content_length = self.site.largest_body
        try:
            response = self._answer(request)
        except Exception as error:  # noqa: BLE001 - every request is answered
            response = self._failed(request, error)
        finally:
            request.close()  # what was uploaded
        _pack(request, response)
        return response(environ, start)

    def _answer(self, request: Request) -> Response:
        path = raw_path(request)
        if path != API and not path.startswith(f"{API}/"):
            if path in door.GUARDED:
                authorize(self.site, request)
            return _response(door.answer(self.site, request, path))
        if request.method == "OPTIONS":
            authorize(self.site, request)
            return _response(Answer(None, 204, {"Allow": ", ".join(self._methods(path))}))
        route, variables = self._route(request, path)
        if not route.is_open:
            authorize(self.site, request)
        elif request.method == "HEAD":
            raise NotAllowedError("HEAD is not answered here: it would start the flow", self._methods(path))
        return _response(route.handler(self._call(route, request, variables)))

    def _methods(self, path: str) -> list[str]:
        return self._routes.methods(segments_of(path.removeprefix(API)))

    def _route(self, request: Request, path: str) -> tuple[Route, dict[str, str]]:
        return self._routes.find(
            "GET" if request.method == "HEAD" else request.method, segments_of(path.removeprefix(API))
        )

    def result(self, request: Request) -> object | Answer | Stream:
        """Return what a route answers, before it is bytes: for the pages, which have asked who it is.

        Raises:
            TiercelError: What the route raises.
        """
        route, variables = self._route(request, raw_path(request))
        return route.handler(self._call(route, request, variables))

    def _call(self, route: Route, request: Request, variables: dict[str, str]) -> Call:
        given = {name: request.args.getlist(name) for name in request.args}
        filters = None
        if route.filtered:
            own = {parameter.name for parameter in route.declared}
            flat = {name: given.pop(name) for name in list(given) if name not in own and is_filter(name)}
            if request.method not in sessions.SAFE:
                refuse_empty(flat)
            filters = read_filter(flat, self.site.parts.lanes.now())
        if route.any_query:
            given = {name: given[name] for name in given if name in {parameter.name for parameter in route.declared}}
        values = read_parameters(route.declared, given)
        page = read_page(values) if route.paged else Page()
        return Call(self.site, request, variables, values, page, filters)

    def _failed(self, request: Request, error: Exception) -> Response:
        if isinstance(error, RequestEntityTooLarge):
            error = too_large(request)
        elif isinstance(error, HTTPException):
            error = _translated(error)
        failure = failure_of(error)
        if failure.status >= 500:
            _log.exception("%s %s failed (%s)", request.method, request.path, failure.trace, exc_info=error)
        wants_problem = "application/problem+json" in request.headers.get("Accept", "")
        response = Response(
            _encode(failure.body(request.path)),
            failure.status,
            content_type="application/problem+json" if wants_problem else JSON,
        )
        response.headers.update(failure.headers)
        if failure.status == 401:
            response.headers["WWW-Authenticate"] = REALM
        if failure.status == 503:
            response.headers["Retry-After"] = "1"
        return response


def raw_path(request: Request) -> str:
    """Return the path as it was sent: what WSGI gives is decoded, so an encoded slash would be lost."""
    raw = request.environ.get("REQUEST_URI") or request.environ.get("RAW_URI") or ""
    if raw.startswith("/"):
        return str(raw).partition("?")[0]
    return request.path


def authorize(site: Site, request: Request) -> None:
    """Refuse a request without the credentials that are asked for; compared in constant time.

    Raises:
        UnauthorizedError: It shows none, or wrong ones.
        ForbiddenError: It is a write, and a page of another site has caused it.
    """
    kind, _, given = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer" and site.token and hmac.compare_digest(given.strip().encode(), site.token.encode()):
        return
    by_session = not kind and sessions.holds(site, request.cookies.get(sessions.COOKIE))
    if request.method not in sessions.SAFE and sessions.is_foreign(site, request, surely_ours=by_session):
        raise ForbiddenError("a page of another site has caused this write; send it from this one, or with a token")
    if by_session or not sessions.is_closed(site):
        return
    if kind.lower() == "basic" and site.credentials is not None:
        try:
            shown = base64.b64decode(given.strip(), validate=True)
        except (binascii.Error, ValueError):
            shown = b""
        if hmac.compare_digest(shown, ":".join(site.credentials).encode()):
            return
    raise UnauthorizedError("credentials are asked for: HTTP Basic, or a token as Bearer")


def too_large(request: Request) -> TooLargeError:
    """Return what is said of a body, or of a form, that has more than the route lets it have."""
    most, given = request.max_content_length, request.content_length
    if given is not None and most is not None and given <= most:
        return TooLargeError(
            f"the form has over {request.max_form_memory_size} bytes of texts, or over {request.max_form_parts} parts; "
            "send large values as files"
        )
    return TooLargeError(f"the body is over the limit of {most} bytes")


def _translated(error: HTTPException) -> RequestError:
    found = NoRouteError(error.description or error.name)
    found.status, found.title = error.code or 400, error.name
    return found


def _pack(request: Request, response: Response) -> None:
    """Pack a large answer of JSON for who takes it so: nothing in front of a function does it."""
    if response.is_streamed or response.mimetype != JSON or "Content-Encoding" in response.headers:
        return
    body = response.get_data()
    if len(body) < PACKED:
        return
    response.headers.add("Vary", "Accept-Encoding")
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        response.set_data(gzip.compress(body, 1, mtime=0))
        response.headers["Content-Encoding"] = "gzip"


def _response(given: object) -> Response:
    if isinstance(given, Response):
        return given
    if isinstance(given, Stream):
        return Response(given.pieces, content_type=given.content_type, headers=dict(given.headers))
    answer = given if isinstance(given, Answer) else Answer(given)
    body = answer.body
    if body is None:
        return Response(b"", answer.status, headers=dict(answer.headers))
    if isinstance(body, bytes | str):
        kind = answer.content_type or "text/plain; charset=utf-8"
        return Response(body, answer.status, headers=dict(answer.headers), content_type=kind)
    return Response(_encode(body), answer.status, headers=dict(answer.headers), content_type=JSON)
