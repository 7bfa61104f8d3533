"""The request that the expression function `http()` sends, and the value that its answer becomes.

Promise: it waits less long than a task, for an expression cannot be cancelled: 10 s for a connection and 30 s for a
silent server, where `options` says nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from time import sleep
from typing import Any, cast

from pydantic import ValidationError

from tiercel.errors import ExpressionError, TaskError
from tiercel.model.plugin import text_of
from tiercel.model.states import Level
from tiercel.ports import Metric, RunContext
from tiercel.tasks.http.bodies import FORM, MULTIPART
from tiercel.tasks.http.options import HttpOptions
from tiercel.tasks.http.request import Request

CONNECT = timedelta(seconds=10)
IDLE = timedelta(seconds=30)

_NAMED = {"id": "http", "type": "io.kestra.plugin.core.http.Request"}
"""A request is a task like any other; this one stands in no flow."""


class _Expression:
    """What a request asks of the attempt that sends it: an expression logs and measures nothing."""

    task_run_id = "expression"
    cancelled = False

    def log(self, message: str, level: Level = Level.INFO) -> None:
        """Log nothing."""

    def metric(self, metric: Metric) -> None:
        """Measure nothing."""

    def on_cancel(self, stop: Callable[[], None]) -> AbstractContextManager[None]:  # noqa: ARG002 - never called
        """Cancel nothing."""
        return nullcontext()

    def wait(self, seconds: float) -> bool:
        """Sleep until the next try."""
        sleep(seconds)
        return True


def ask(
    uri: str,
    *,
    method: str,
    query: Mapping[str, object],
    body: object,
    content_type: str,
    headers: Mapping[str, object],
    options: Mapping[str, object],
    accept: str,
) -> object:
    """Send a request and return the value of the answer's body; null where it has none.

    A body that is a structure is sent as JSON, or as the form that `content_type` names.

    Raises:
        ExpressionError: An argument does not fit, there was no answer, its status is 400 or above, or it is not of
            the type that it names.
    """
    given = {
        **_NAMED,
        "uri": uri,
        "method": method.upper(),
        "params": dict(query),
        "headers": {"Accept": accept, **headers},
        **_body(body, content_type),
    }
    try:
        answer = Request.model_validate({**given, "options": _options(options)}).run(cast(RunContext, _Expression()))
    except ValidationError as error:
        raise ExpressionError(f"http(): {_first(error)}") from None
    except TaskError as error:
        raise ExpressionError(str(error)) from None
    return _value(answer, accept)


def _first(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"the argument '{'.'.join(str(part) for part in first['loc'])}' does not fit: {first['msg']}"


def _body(body: object, content_type: str) -> dict[str, object]:
    if body is None:
        return {}
    if isinstance(body, Mapping) and content_type.lower().startswith((FORM, MULTIPART)):
        return {"formData": body, "contentType": content_type}
    return {"body": text_of(body), "contentType": content_type}


def _options(given: Mapping[str, object]) -> HttpOptions:
    options = HttpOptions.model_validate(given)
    return options.model_copy(
        update={
            "connect_timeout": options.connect_timeout or CONNECT,
            "read_idle_timeout": options.read_idle_timeout or options.read_timeout or IDLE,
        }
    )


def _value(answer: Mapping[str, Any], accept: str) -> object:
    text = answer["body"]
    if text is None:
        return None
    named = {name.lower(): values[0].lower() for name, values in answer["headers"].items()}.get("content-type", "")
    if "yaml" in named:
        from tiercel.expressions.limits import Budget
        from tiercel.expressions.yamltext import from_yaml

        return from_yaml(text, Budget())
    if "json" not in named and "json" not in accept:
        return text
    try:
        return json.loads(text)
    except ValueError as error:
        if "json" not in named:
            return text
        raise ExpressionError(f"http(): the answer is no JSON: {error}") from None
