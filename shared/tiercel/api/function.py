"""The HTTP door as the function `api` serves it: the application of `tiercel server`, over Google's services.

Everything is loaded with the first request.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tiercel.api.site import Site
    from tiercel.cloud.runtime import Cloud

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]
Mount = Callable[["Site"], Wsgi]

MARGIN = 30.0
"""Seconds of a request's time that are left when it stops waiting for an execution."""

LARGEST_BODY = 32 * 1024 * 1024
"""Bytes of a request's body (Cloud Run: Quotas and limits, HTTP/1 requests)."""

_log = logging.getLogger("tiercel.api")
_lock = threading.Lock()
_doors: list[Wsgi] = []


def serve(_request: object, mount: Mount | None = None) -> Wsgi:
    """Return what answers a request, as Flask takes it: it runs it on the request's own environment.

    Args:
        _request: The request.
        mount: What puts the application together; the API alone by default.

    Raises:
        SettingsError: A setting is missing: the log says which, and the function answers 500.
    """
    with _lock:
        if not _doors:
            from tiercel.cloud import process

            _doors.append(door(process.opened(), mount))
        return _doors[0]


def door(cloud: Cloud, mount: Mount | None = None) -> Wsgi:
    """Return the application over an installation; what it logs says which request it belongs to."""
    from werkzeug.datastructures import EnvironHeaders

    from tiercel.adapters.gcp import logs
    from tiercel.api.app import Application

    application = (mount or Application)(site_of(cloud))
    cloud.store.outbox.tidies = True  # an instance may stand idle after a request, and then nothing tidies up

    def answer(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        with logs.request(dict(EnvironHeaders(environ))):
            return application(environ, start)

    return answer


def site_of(cloud: Cloud) -> Site:
    """Return an installation behind its door, as its settings say.

    Without credentials nobody is let in, webhooks and `/health` apart: an address on the internet is everybody's.

    Raises:
        SettingsError: A user without a password, or the other way round.
    """
    import secrets

    from tiercel.api.openstreams import OpenStreams
    from tiercel.api.site import Site
    from tiercel.cloud.settings import SettingsError

    settings = cloud.settings
    if bool(settings.user) != bool(settings.password):
        raise SettingsError("TIERCEL_USER and TIERCEL_PASSWORD go together; one of them is not set")
    token = settings.token
    if not (settings.user or token or settings.is_open):
        _log.error(
            "the API answers nobody: set TIERCEL_USER and TIERCEL_PASSWORD, or TIERCEL_TOKEN; "
            "or TIERCEL_API_OPEN=true, where IAM lets nobody else in"
        )
        token = secrets.token_urlsafe()
    return Site(
        cloud.parts,
        url=settings.url or "http://localhost:8080",
        credentials=(settings.user, settings.password) if settings.user else None,
        token=token,
        guarded=not settings.is_emulated,
        environment=settings.environment,
        environment_color=settings.environment_color,
        longest_wait=max(1.0, settings.timeout - MARGIN),
        largest_body=LARGEST_BODY,
        streams=OpenStreams(max(1, settings.threads // 2)),
    )
