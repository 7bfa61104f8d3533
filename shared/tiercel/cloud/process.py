"""One function's process: what its `main.py` calls. Everything heavy is loaded with the first request."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tiercel.cloud.runtime import Cloud

WELL, FORBIDDEN, WRONG = 204, 403, 500

_log = logging.getLogger("tiercel")
_lock = threading.Lock()
_cloud: list[Cloud] = []


class Request(Protocol):
    """What a function needs of an HTTP request (Flask's has it)."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers."""

    @property
    def path(self) -> str:
        """The path of its address."""

    def get_data(self) -> bytes:
        """Return the body."""


Verb = Callable[["Cloud", Mapping[str, str], bytes], int]


def answer(request: Request, verb: Verb) -> tuple[str, int]:
    """Answer a request of a push subscription, of Cloud Tasks or of Cloud Scheduler.

    A request for `/health` does nothing but load what the first one would load: for whoever starts instances ahead.

    Args:
        request: The request.
        verb: What the function does with it.

    Returns:
        An empty text, and the code: 2xx acknowledges, everything else has it come again.
    """
    cloud = opened()
    if request.path == "/health":
        return "", WELL
    from tiercel.adapters.gcp import logs
    from tiercel.cloud import tokens

    with logs.request(request.headers):
        if not tokens.is_ours(request.headers, cloud.settings.account):
            _log.warning("a request is refused: it does not show a token of %s", cloud.settings.account)
            return "", FORBIDDEN
        return "", verb(cloud, request.headers, request.get_data())


def opened() -> Cloud:
    """Return the engine of this process, put together with the first request.

    Raises:
        SettingsError: A setting is missing: the log says which, and the function answers 500.
    """
    with _lock:
        if not _cloud:
            from tiercel.adapters.gcp import logs
            from tiercel.cloud.runtime import connect
            from tiercel.cloud.settings import read_settings

            settings = read_settings(os.environ)
            logs.set_up(settings.project)
            _cloud.append(connect(settings, os.environ))
        return _cloud[0]
