"""The way in: who has to show credentials gets a page for them, and a session."""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

from tiercel.api import sessions
from tiercel.api.app import authorize
from tiercel.api.failures import UnauthorizedError
from tiercel.api.site import Site
from tiercel.ui.visit import Shown, Visit

LOGIN = "/ui/login"


def is_inside(site: Site, request: Request) -> bool:
    """Tell whether somebody may see the pages.

    Raises:
        ForbiddenError: It is a write, and a page of another site has caused it.
    """
    try:
        authorize(site, request)
    except UnauthorizedError:
        return False
    return True


def show(visit: Visit, *, failed: bool = False) -> Shown:
    """Return the page that asks for credentials."""
    by_name = visit.api.site.credentials is not None
    values = {"next": safe_next(visit.given("next")), "failed": failed, "by_name": by_name}
    return Shown("login", "Sign in", values, status=401 if failed else 200)


def enter(visit: Visit) -> Shown | Response:
    """Open a session for who shows the right credentials."""
    form, site = visit.request.form, visit.api.site
    if not sessions.is_known(site, form.get("user", ""), form.get("password", "")):
        return show(visit, failed=True)
    response = Response(status=303, headers={"Location": safe_next(form.get("next", "")), "Cache-Control": "no-store"})
    secure = site.url.startswith("https:")
    response.set_cookie(
        sessions.COOKIE, sessions.issue(site), sessions.LASTS, path="/", httponly=True, samesite="Lax", secure=secure
    )
    return response


def leave(_visit: Visit) -> Response:
    """End the session of this browser."""
    response = Response(status=303, headers={"Location": LOGIN, "Cache-Control": "no-store"})
    response.delete_cookie(sessions.COOKIE, path="/")
    return response


def safe_next(address: str) -> str:
    """Return where to go after something was done: a page of ours, or the first one."""
    ours = address.startswith("/ui/") and not any(sign in address for sign in ("\\", "\r", "\n"))
    return address if ours and "//" not in address.partition("?")[0] else "/ui/"
