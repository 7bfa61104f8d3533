"""The whole HTTP door: the REST API, and beside it the pages, which are loaded with the first request for one.

Promise: who asks the API, or a webhook, never pays for the pages.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tiercel.api.site import Site
    from tiercel.ui.door import Pages


class Application:
    """Answers requests to one installation, with pages at `/ui/`."""

    def __init__(self, site: Site) -> None:
        from tiercel.api.app import Application as Api  # a function loads nothing before its first request

        self.site = site
        self._api = Api(site)
        self._pages: Pages | None = None

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        """Answer a request, as WSGI asks for it."""
        path = environ.get("PATH_INFO", "")
        if path in ("", "/", "/ui") or path.startswith("/ui/"):
            return self._opened()(environ, start)
        return self._api(environ, start)

    def _opened(self) -> Pages:
        if self._pages is None:
            from tiercel.ui.door import Pages

            self._pages = Pages(self._api)
        return self._pages
