"""Sessions of browsers: a signed cookie instead of credentials in every request, and which writes are a page's own.

Promise: nothing is stored, so every instance knows a session; another password ends all of them. A write that a page of
another site has caused is refused, whatever cookie or credentials the browser adds to it.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tiercel.api.site import Site

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

COOKIE = "tiercel_session"
LASTS = 12 * 3600
"""Seconds for which a session holds."""

SAFE = frozenset(("GET", "HEAD", "OPTIONS"))
"""Methods that change nothing."""


def is_closed(site: Site) -> bool:
    """Tell whether credentials are asked for."""
    return site.credentials is not None or bool(site.token)


def is_known(site: Site, user: str, password: str) -> bool:
    """Tell whether somebody may come in: by user and password, or with the token as the password."""
    shown = f"{user}:{password}".encode()
    by_name = site.credentials is not None and hmac.compare_digest(shown, ":".join(site.credentials).encode())
    by_token = bool(site.token) and hmac.compare_digest(password.encode(), site.token.encode())
    return by_name or by_token


def issue(site: Site, now: float | None = None) -> str:
    """Return the value of a new session's cookie."""
    until = f"{int((time.time() if now is None else now) + LASTS)}"
    return f"{until}.{_signature(site, until)}"


def holds(site: Site, cookie: str | None, now: float | None = None) -> bool:
    """Tell whether a cookie is that of a session that goes on."""
    until, _, signature = (cookie or "").partition(".")
    if not until.isdecimal() or len(until) > 12:
        return False
    if not hmac.compare_digest(signature.encode(), _signature(site, until).encode()):
        return False
    return int(until) > (time.time() if now is None else now)


def _signature(site: Site, until: str) -> str:
    secret = "\n".join((*(site.credentials or ("", "")), site.token))
    key = hashlib.sha256(f"tiercel session\n{secret}".encode()).digest()
    return hmac.new(key, until.encode(), "sha256").hexdigest()


def is_foreign(site: Site, request: Request, *, surely_ours: bool = False) -> bool:
    """Tell whether a page of another site has caused a request.

    Browsers say so themselves (`Sec-Fetch-Site`), or name the page's origin; clients that are no browsers say nothing.

    Args:
        site: The installation.
        request: The request.
        surely_ours: Whether one that says nothing counts as foreign: for those that ride on a cookie.
    """
    fetched = request.headers.get("Sec-Fetch-Site")
    if fetched is not None:
        return fetched not in ("same-origin", "none")
    origin = request.headers.get("Origin")
    if origin is None:
        return surely_ours
    return urlsplit(origin).netloc not in (request.headers.get("Host"), urlsplit(site.url).netloc)
