"""Calls to Google's services: tried again while a service is busy, and refused in words."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from tiercel.errors import TiercelError, TransientError

T = TypeVar("T")

TIMEOUT = 10.0
"""Seconds for one call."""

TRIES = 4
"""How often a call is made that the service did not answer."""


def tried(ask: Callable[[], T], what: str, tries: int = TRIES) -> T:
    """Return what a call answers.

    Args:
        ask: Makes the call; it may be made again. It catches the refusals that mean something to its caller.
        what: Whom it asks, for the errors.
        tries: How often it may be made.

    Raises:
        TransientError: The service is busy, or does not answer.
        TiercelError: It refuses.
    """
    from google.api_core.exceptions import GoogleAPICallError

    passing = _passing()
    for number in range(tries):
        try:
            return ask()
        except passing as trouble:
            if number == tries - 1:
                raise TransientError(f"{what} did not answer: {type(trouble).__name__}") from trouble
            time.sleep(random.uniform(0.5, 1.0) * 0.05 * 4**number)  # noqa: S311 - not a secret
        except GoogleAPICallError as refusal:
            raise TiercelError(f"{what} refuses: {refusal.message}") from refusal
    raise AssertionError("unreachable")


def _passing() -> tuple[type[Exception], ...]:
    """Return the errors that pass: whoever asks again may be answered."""
    import requests
    from google.api_core import exceptions
    from google.auth.exceptions import TransportError

    return (
        exceptions.Aborted,
        exceptions.BadGateway,
        exceptions.Cancelled,
        exceptions.GatewayTimeout,
        exceptions.InternalServerError,
        exceptions.RetryError,
        exceptions.ServiceUnavailable,
        exceptions.TooManyRequests,
        requests.ConnectionError,
        requests.Timeout,
        TransportError,
    )
