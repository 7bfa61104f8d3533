"""The frame around every page, and how a page becomes HTML: whole, or the part that a script asks for."""

from __future__ import annotations

import gzip
import hashlib
import secrets
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from jinja2 import ChainableUndefined, Environment, FileSystemLoader, StrictUndefined
from jinja2.utils import missing
from werkzeug.wrappers import Response

from tiercel import __version__
from tiercel.api import sessions
from tiercel.ui import backfilling, cronwords, formats, lists, statics
from tiercel.ui.acting import doing
from tiercel.ui.asking import API_ADDRESS
from tiercel.ui.markdown import markdown
from tiercel.ui.visit import Shown, Visit, ui

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{}'; img-src 'self' data: blob:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; worker-src 'self'"
)
"""What a page may load: nothing that does not come from here, and nothing that stands in its text.

The editor adds its styles by a script; it shows the nonce, which is another one in every answer.
"""

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}

MENU = (
    ("dashboards", "Dashboards", "/ui/dashboards", "gauge"),
    ("flows", "Flows", "/ui/flows", "flow"),
    ("executions", "Executions", "/ui/executions", "play"),
    ("logs", "Logs", "/ui/logs", "lines"),
    ("namespaces", "Namespaces", "/ui/namespaces", "folder"),
    ("blueprints", "Blueprints", "/ui/blueprints", "copy"),
    ("plugins", "Plugins", "/ui/plugins", "plug"),
    ("triggers", "Triggers", "/ui/admin/triggers", "bolt"),
    ("stats", "Stats", "/ui/admin/stats", "bars"),
    ("settings", "Settings", "/ui/settings", "gear"),
)

THEMES = ("system", "light", "dark")
SMALL = 1400
"""Bytes of a page that fit into one packet as they are."""

SAID = "tiercel_said"


class Absent(ChainableUndefined):
    """What a record of the API does not have: it prints nothing. A name that no page gives is a mistake of ours."""

    def __new__(cls, hint: str | None = None, obj: Any = missing, name: str | None = None, *more: Any) -> Any:
        """Return what stands for a missing member, or for a missing name."""
        return StrictUndefined(hint, obj, name, *more) if obj is missing else object.__new__(cls)


@cache
def environment() -> Environment:
    """Return the templates of this process; everything that they print is escaped."""
    found = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=Absent,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    found.filters.update(formats.FILTERS, markdown=markdown, cron_words=cronwords.in_words)
    found.globals.update(
        ui=ui,
        doing=doing,
        condition=lists.said,
        progress=backfilling.progress,
        static=statics.static,
        built=statics.built,
        API=API_ADDRESS,
        menu=MENU,
        version=__version__,
    )
    return found


def wanted_part(visit: Visit) -> str:
    """Return the name of the part that a script asks for; empty for the whole page."""
    if visit.request.headers.get("HX-Request") != "true" or visit.request.headers.get("HX-History-Restore-Request"):
        return ""
    return visit.request.headers.get("HX-Target", "").rpartition("#")[2].replace("-", "_")


def render(visit: Visit, shown: Shown) -> Response:
    """Return a page as HTML."""
    template = environment().get_template(f"{shown.template}.html")
    nonce = secrets.token_urlsafe(16)
    values = {
        **_common(visit),
        "nonce": nonce,
        "title": shown.title,
        "crumbs": shown.crumbs,
        "section": shown.section,
        **shown.values,
    }
    block = template.blocks.get(wanted_part(visit))
    html = template.render(values) if block is None else "".join(block(template.new_context(values)))
    response = _packed(visit, html)
    response.status_code = shown.status
    response.headers["Content-Security-Policy"] = "; ".join(filter(None, (POLICY.format(nonce), shown.allows)))
    response.headers["Vary"] = "HX-Request, HX-Target, Cookie, Accept-Encoding"
    if block is not None and shown.status == 200:
        _tagged(visit, response, html)
    if block is None and visit.request.cookies.get(SAID):
        response.delete_cookie(SAID, path="/ui")
    return response


def _tagged(visit: Visit, response: Response, html: str) -> None:
    """Let a script that asks for a part again and again be told that nothing has changed."""
    response.set_etag(hashlib.sha256(html.encode()).hexdigest()[:20], weak=True)
    if visit.request.if_none_match.contains_weak(response.get_etag()[0] or ""):
        response.status_code = 304
        response.data = b""


def _packed(visit: Visit, html: str) -> Response:
    """Return HTML, packed for who takes it so: nothing in front of a function does it."""
    body = html.encode()
    takes = "gzip" in visit.request.headers.get("Accept-Encoding", "") and len(body) > SMALL
    response = Response(
        gzip.compress(body, 5, mtime=0) if takes else body, headers=HEADERS, content_type="text/html; charset=utf-8"
    )
    if takes:
        response.headers["Content-Encoding"] = "gzip"
    return response


def _common(visit: Visit) -> dict[str, Any]:
    theme = visit.remembered("theme", "system")
    site = visit.api.site
    return {
        "visit": visit,
        "theme": theme if theme in THEMES else "system",
        "is_narrow": visit.remembered("menu") == "narrow",
        "environment": {"name": site.environment, "color": site.environment_color},
        "said": said_in(visit.request.cookies.get(SAID, "")),
        "is_closed": sessions.is_closed(site),
        "is_guarded": site.guarded,
        "is_signed_in": sessions.holds(site, visit.request.cookies.get(sessions.COOKIE)),
    }


def said_in(cookie: str) -> str:
    """Return what the page before has to say."""
    return unquote(cookie)[:300]
