"""What is answered outside `/api/v1`: whether the server is well, its version, where the documentation is."""

from __future__ import annotations

from html import escape

from werkzeug.wrappers import Request

from tiercel import __version__
from tiercel.api.calls import Answer
from tiercel.api.editions import EDITION
from tiercel.api.failures import NoRouteError, NotAllowedError
from tiercel.api.site import Site

DOCUMENT = "/api/v1/openapi.json"

PLACES = frozenset(("", "/", "/ping", "/health", "/version", "/api", "/api/"))
"""Addresses at which there is something."""

READS = ("GET", "HEAD", "OPTIONS")

GUARDED = frozenset(("/api", "/api/"))
"""Addresses for which credentials are asked for."""

PAGES = "/ui/"


def answer(_site: Site, request: Request, path: str) -> object:
    """Answer a request outside of the API.

    Raises:
        NoRouteError: There is nothing at this address.
        NotAllowedError: There is, but it is only read.
    """
    if path not in PLACES:
        raise NoRouteError(f"there is nothing at {path}; the API is at /api/v1")
    if request.method not in READS:
        raise NotAllowedError(f"{request.method} is not answered at {path}; it is read, by GET", READS)
    if request.method == "OPTIONS":
        return Answer(status=204, headers={"Allow": ", ".join(READS)})
    if path == "/ping":
        return Answer("pong")
    if path == "/health":
        return {"status": "UP"}
    if path == "/version":
        return {"version": __version__, "type": EDITION}
    if path in ("", "/"):
        return Answer(status=307, headers={"Location": PAGES})
    return Answer(documentation(), content_type="text/html; charset=utf-8")


def documentation() -> str:
    """Return a page that lists what the API answers, from its OpenAPI document."""
    from tiercel.api.openapi import document

    rows = [
        f"<tr><td>{method.upper()}</td><td><code>/api/v1{escape(path)}</code></td><td>{escape(each['summary'])}</td></tr>"
        for path, operations in document()["paths"].items()
        for method, each in operations.items()
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Tiercel: API</title></head><body>'
        f"<h1>Tiercel {__version__}: API</h1>"
        f'<p>The whole of it for programs: <a href="{DOCUMENT}">{DOCUMENT}</a> (OpenAPI 3.1).</p>'
        f"<table><thead><tr><th>Method</th><th>Address</th><th>What it does</th></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></body></html>"
    )
