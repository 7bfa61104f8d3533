"""What is answered outside `/api/v1`: whether the server is well, its version, where the documentation is."""

from __future__ import annotations

from werkzeug.wrappers import Request

from tiercel import __version__
from tiercel.api.calls import Answer
from tiercel.api.failures import NoRouteError
from tiercel.api.site import Site


def answer(_site: Site, _request: Request, path: str) -> object:
    """Answer a request outside of the API.

    Raises:
        NoRouteError: There is nothing at this address.
    """
    if path == "/ping":
        return Answer("pong")
    if path == "/health":
        return {"status": "UP"}
    if path == "/version":
        return {"version": __version__, "type": "OSS"}
    raise NoRouteError(f"there is nothing at {path}; the API is at /api/v1")
