"""Errors as clients read them: one JSON body that serves Kestra's older form and RFC 9457 (api.md, 1.5)."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tiercel.errors import (
    ConflictError,
    ExpressionError,
    FlowError,
    InputError,
    NotFoundError,
    StoredFlowError,
    TaskError,
    TiercelError,
    TransientError,
)
from tiercel.inputs import InvalidInputsError
from tiercel.namespaces.keyvalues import ExpiredError


class RequestError(TiercelError):
    """A request that cannot be done as it stands; each subclass has its code."""

    status = 400
    title = "Bad Request"
    headers: Mapping[str, str] = {}
    """What stands in the answer's head besides."""


class BadRequestError(RequestError):
    """A parameter or a filter is missing or unknown, or a bulk action names things that cannot be changed."""

    def __init__(self, message: str, invalids: Sequence[dict[str, Any]] = ()) -> None:
        super().__init__(message)
        self.invalids = list(invalids)
        """Of a bulk action: what cannot be changed, `{message, invalidValue, path}` each."""


class UnauthorizedError(RequestError):
    """No credentials, or wrong ones."""

    status, title = 401, "Unauthorized"


class ForbiddenError(RequestError):
    """A write that a page of another site has caused."""

    status, title = 403, "Forbidden"


class NoRouteError(RequestError):
    """There is nothing at the address, or nothing for the method."""

    status, title = 404, "Not Found"


class NotAllowedError(RequestError):
    """There is something at the address, but not for the method; `Allow` says for which (RFC 9110, 15.5.6)."""

    status, title = 405, "Method Not Allowed"

    def __init__(self, message: str, methods: Iterable[str]) -> None:
        super().__init__(message)
        self.headers = {"Allow": ", ".join(sorted(methods))}


class GoneError(RequestError):
    """It was there, and its time is over."""

    status, title = 410, "Gone"


class TooLargeError(RequestError):
    """The body is over the limit."""

    status, title = 413, "Content Too Large"


class UnprocessableError(RequestError):
    """What was sent cannot be read, or breaks a rule."""

    status, title = 422, "Unprocessable Entity"


@dataclass(frozen=True)
class Failure:
    """An error, ready to be sent."""

    status: int
    title: str
    message: str
    errors: tuple[tuple[str, str], ...] = ()
    """What is wrong, each with its path."""
    invalids: tuple[dict[str, Any], ...] = ()
    trace: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self, path: str) -> dict[str, Any]:
        """Return the JSON body for a request of that path."""
        found: dict[str, Any] = {
            "message": self.message,
            "_links": {"self": {"href": path, "templated": False}},
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.message,
            "instance": path,
        }
        if self.errors:
            found["_embedded"] = {"errors": [{"message": text, "path": where} for where, text in self.errors]}
            found["errors"] = [{"detail": text, "pointer": where} for where, text in self.errors]
        if self.invalids:
            found["invalids"] = list(self.invalids)
        if self.trace:
            found["traceId"] = self.trace
        return found


_CODES: tuple[tuple[type[TiercelError], int, str], ...] = (
    (ExpiredError, 410, "Gone"),
    (NotFoundError, 404, "Not Found"),
    (ConflictError, 409, "Conflict"),
    (StoredFlowError, 423, "Locked"),
    (InputError, 422, "Invalid entity"),
    (FlowError, 422, "Invalid entity"),
    (ExpressionError, 422, "Invalid entity"),
    (TaskError, 422, "Invalid entity"),
    (TransientError, 503, "Service Unavailable"),
)


def failure_of(error: Exception) -> Failure:
    """Return an error as clients read it; one that is ours tells nothing but a number to look for in the log."""
    if isinstance(error, RequestError):
        invalids = tuple(getattr(error, "invalids", ()))
        return Failure(error.status, error.title, str(error), invalids=invalids, headers=error.headers)
    for kind, status, title in _CODES:
        if isinstance(error, kind):
            return Failure(status, title, _text(error), _problems(error))
    return Failure(
        500, "Internal Server Error", "an error of the server's own; its log has it", trace=secrets.token_hex(8)
    )


def _text(error: TiercelError) -> str:
    return f"Invalid entity: {error}" if isinstance(error, FlowError | InputError) else str(error)


def _problems(error: TiercelError) -> tuple[tuple[str, str], ...]:
    if isinstance(error, FlowError):
        return tuple((problem.path, problem.message) for problem in error.problems)
    return tuple(error.violations) if isinstance(error, InvalidInputsError) else ()
