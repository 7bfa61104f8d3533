"""The pages' WSGI application: who asks, which page it is, and every error as a page inside the frame."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, unquote

from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.wrappers import Request, Response

from tiercel.api import sessions
from tiercel.api.app import Application, raw_path
from tiercel.api.failures import (
    Failure,
    ForbiddenError,
    NoRouteError,
    NotAllowedError,
    TooLargeError,
    failure_of,
)
from tiercel.api.routing import TENANT
from tiercel.ui import acting, frame, signin, statics, table
from tiercel.ui.asking import Asking, with_query
from tiercel.ui.visit import Moved, Shown, Visit

METHODS = ("GET", "HEAD", "POST")
"""What pages answer."""

_log = logging.getLogger("tiercel.ui")


class Pages:
    """Answers requests below `/ui/`."""

    def __init__(self, api: Application) -> None:
        self.api = Asking(api)
        self._clock = api.site.parts.lanes.now

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        """Answer a request, as WSGI asks for it."""
        request = Request(environ)
        request.max_content_length = self.api.site.largest_body
        where = _below(raw_path(request))
        visit = Visit(request, self.api, {}, self._clock(), where)
        try:
            response = self._answer(visit)
        except Exception as error:  # noqa: BLE001 - every request is answered
            response = self._failed(visit, error)
        finally:
            request.close()
        return response(environ, start)

    def _answer(self, visit: Visit) -> Response:
        request, where = visit.request, visit.where
        if raw_path(request) in ("", "/", "/ui"):
            return Response(status=307, headers={"Location": "/ui/"})
        if where.startswith("static/"):
            return self._static(visit)
        if where in ("login", "logout"):
            return self._door(visit)
        if not signin.is_inside(self.api.site, request):
            back = with_query(signin.LOGIN, {"next": visit.here()} if request.method == "GET" else {})
            return Response(status=303, headers={"Location": back, "Cache-Control": "no-store"})
        if request.method not in ("GET", "HEAD", "POST"):
            raise NotAllowedError(
                f"{request.method} is not answered by pages; they take GET and POST", ("GET", "HEAD", "POST")
            )
        return self._finished(visit, self._page(visit))

    def _static(self, visit: Visit) -> Response:
        parts = visit.where.split("/")
        found = statics.answer(visit.request, unquote(parts[-1]), parts[1]) if len(parts) == 3 else None
        return found or Response("there is no such file", 404, content_type="text/plain; charset=utf-8")

    def _door(self, visit: Visit) -> Response:
        if visit.request.method != "POST":
            return frame.render(visit, signin.show(visit))
        if sessions.is_foreign(self.api.site, visit.request, surely_ours=True):
            raise ForbiddenError("a page of another site has caused this; sign in on this one")
        return self._finished(visit, signin.leave(visit) if visit.where == "logout" else signin.enter(visit))

    def _page(self, visit: Visit) -> Shown | Moved | Response:
        segments = [unquote(segment) for segment in visit.where.split("/")] if visit.where else []
        if segments and segments[0] == "act" and len(segments) > 2:
            return self._act(visit, segments[1])
        found = table.find(segments)
        if found is None:
            raise NoRouteError(f"there is no page at /ui/{'/'.join(segments)}")
        page, variables = found
        shown: Shown | Moved | Response = table.loaded(page)(
            Visit(visit.request, visit.api, variables, visit.now, visit.where)
        )
        return shown

    def _act(self, visit: Visit, method: str) -> Moved:
        if visit.request.method != "POST":
            raise NotAllowedError("forms are sent by POST", ("POST",))
        return acting.act(Visit(visit.request, visit.api, {"method": method}, visit.now, visit.where))

    def _finished(self, visit: Visit, found: Shown | Moved | Response) -> Response:
        if isinstance(found, Response):
            return found
        if isinstance(found, Shown):
            return frame.render(visit, found)
        response = Response(status=303, headers={"Location": found.address, "Cache-Control": "no-store"})
        if found.said:
            response.set_cookie(frame.SAID, quote(found.said), 30, path="/ui", httponly=True, samesite="Lax")
        return response

    def _failed(self, visit: Visit, error: Exception) -> Response:
        failure = _failure(error, self.api.site.largest_body)
        if failure.status >= 500:
            request = visit.request
            _log.exception("%s %s failed (%s)", request.method, request.path, failure.trace, exc_info=error)
        values = {"failure": failure, "back": signin.safe_next(visit.given("_back"))}
        return frame.render(visit, Shown("failed", failure.title, values, status=failure.status))


def _failure(error: Exception, largest: int) -> Failure:
    if isinstance(error, RequestEntityTooLarge):
        error = TooLargeError(f"the form is over the limit of {largest} bytes")
    elif isinstance(error, HTTPException):
        return Failure(error.code or 400, error.name, error.description or error.name)
    return failure_of(error)


def _below(path: str) -> str:
    """Return the address below `/ui/`, without the tenant."""
    where = path.removeprefix("/ui").strip("/")
    first, _, rest = where.partition("/")
    return rest if first == TENANT else where
